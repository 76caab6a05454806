package webhook

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/internal/kube"
	"github.com/pratique-iam/pratique/internal/strictjson"
)

// Issuer verifies the tokens that we give out for clusters. VerifyClusterToken fails for a token that is not ours, has run out, or is for
// another cluster; its errors may be shown to whoever holds the token. Audience is what a token for the cluster names.
type Issuer interface {
	VerifyClusterToken(token string, cluster *pratique.Cluster) (Claims, error)
	Audience(cluster *pratique.Cluster) string
}

// Claims is what a token says, after it has been verified.
type Claims struct {
	UserID   string // id of a user or role
	UserName string // for people
	Groups   []string
	Session  string // id of the session or access key that it was made with
	Expires  time.Time
}

const (
	tokenReviewVersion = "authentication.k8s.io/v1"
	tokenReviewKind    = "TokenReview"
	maxToken           = 8 << 10
	maxAudiences       = 64
)

type tokenReview struct {
	APIVersion string    `json:"apiVersion"`
	Kind       string    `json:"kind"`
	Spec       tokenSpec `json:"spec,omitzero"`
}

type tokenSpec struct {
	Token     string   `json:"token"`
	Audiences []string `json:"audiences"`
}

type tokenAnswer struct {
	APIVersion string      `json:"apiVersion"`
	Kind       string      `json:"kind"`
	Status     tokenStatus `json:"status"`
}

type tokenStatus struct {
	Authenticated bool      `json:"authenticated"`
	User          *userInfo `json:"user,omitempty"`
	Audiences     []string  `json:"audiences,omitempty"`
	Error         string    `json:"error,omitempty"`
}

type userInfo struct {
	Username string              `json:"username"`
	UID      string              `json:"uid"`
	Groups   []string            `json:"groups,omitempty"`
	Extra    map[string][]string `json:"extra,omitempty"`
}

// authenticate answers a TokenReview. What is wrong with a token is an answer; only what is no review is an error.
func (w *Webhook) authenticate(rw http.ResponseWriter, r *http.Request, v *visit) {
	var review tokenReview
	// Members that are not known are accepted, because a newer kube-apiserver may send them. None that is known could be missed: names
	// must be exact, and a name that stands twice is refused.
	if err := json.Unmarshal(v.in, &review); err != nil {
		refuse(rw, http.StatusBadRequest, "the body is not a "+tokenReviewKind) // the error could quote the token
		return
	}
	if review.APIVersion != tokenReviewVersion || review.Kind != tokenReviewKind {
		refuse(rw, http.StatusBadRequest, fmt.Sprintf("a %s of %s is expected, and this is a %q of %q; set --authentication-token-webhook-version=v1",
			tokenReviewKind, tokenReviewVersion, clip(review.Kind, 64), clip(review.APIVersion, 64)))
		return
	}
	status := w.statusOf(r.Context(), v, review.Spec)
	if !status.Authenticated {
		w.Log.InfoContext(r.Context(), "token refused", "cluster", v.cluster.ID, "reason", status.Error)
	}
	body, err := strictjson.Marshal(tokenAnswer{APIVersion: tokenReviewVersion, Kind: tokenReviewKind, Status: status})
	if err != nil {
		body = []byte(`{"apiVersion":"authentication.k8s.io/v1","kind":"TokenReview","status":{"authenticated":false}}`)
	}
	answer(rw, http.StatusOK, body)
}

// statusOf is the answer to a review.
func (w *Webhook) statusOf(ctx context.Context, v *visit, spec tokenSpec) (status tokenStatus) {
	defer func() {
		if cause := recover(); cause != nil {
			w.Log.ErrorContext(ctx, "panic", "stack", string(debug.Stack())) // without the cause: it could hold the token
			status = tokenStatus{Error: "something went wrong inside Pratique; its log has the details"}
		}
	}()
	user, audience, err := w.identify(v, spec)
	if err != nil {
		return tokenStatus{Error: err.Error()}
	}
	return tokenStatus{Authenticated: true, User: user, Audiences: []string{audience}}
}

// identify verifies a token. The audience that it returns is the one that both the kube-apiserver and the token name: an answer without one
// would be taken as good for every audience of the kube-apiserver (security rules §1.5).
func (w *Webhook) identify(v *visit, spec tokenSpec) (*userInfo, string, error) {
	if w.Issuer == nil {
		return nil, "", errors.New("this server does not review tokens")
	}
	if !v.fresh.Usable {
		return nil, "", errors.New("policy is too old: the last proof that it is complete is " + age(v.fresh) + " old")
	}
	audience := w.Issuer.Audience(v.cluster)
	switch {
	case spec.Token == "" || len(spec.Token) > maxToken:
		return nil, "", errors.New("the token is empty or too long")
	case len(spec.Audiences) > maxAudiences:
		return nil, "", errors.New("the review names too many audiences")
	case audience == "" || !slices.Contains(spec.Audiences, audience):
		return nil, "", fmt.Errorf("the review does not ask for the audience %q; set --api-audiences of the kube-apiserver", audience)
	}
	c, err := w.Issuer.VerifyClusterToken(spec.Token, v.cluster)
	if err != nil {
		return nil, "", err
	}
	if err := w.alive(v, c); err != nil {
		return nil, "", err
	}
	user := &userInfo{Username: kube.UserName(c.UserID), UID: c.UserID, Extra: map[string][]string{}}
	for _, g := range c.Groups {
		user.Groups = append(user.Groups, kube.Prefix+strings.TrimPrefix(g, kube.Prefix)) // nobody is in system:masters by our word
	}
	if c.UserName != "" {
		user.Extra[kube.ExtraName] = []string{c.UserName}
	}
	if c.Session != "" {
		user.Extra[kube.ExtraSession] = []string{c.Session}
	}
	return user, audience, nil
}

// alive asks again what was asked when the token was made: the user, the session, the time. A token says what was true then.
func (w *Webhook) alive(v *visit, c Claims) error {
	id, _, err := kube.IdentityOf(kube.UserName(c.UserID), nil)
	if err != nil {
		return err
	}
	who := id.Principal(v.snapshot)
	if !w.Now().Before(c.Expires) {
		return errors.New("the token has expired")
	}
	if ended := w.Callers.Ended(v.snapshot, who, c.Session); ended != "" {
		return errors.New(ended)
	}
	u, ok := v.snapshot.Users.ID(who.ID)
	if who.ID != pratique.RootID && who.Kind == pratique.KindUser && (!ok || u.Disabled) {
		return errors.New("the user does not exist or is disabled")
	}
	return nil
}
