package api

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/internal/access"
	"github.com/pratique-iam/pratique/internal/audit"
	"github.com/pratique-iam/pratique/internal/authn"
	"github.com/pratique-iam/pratique/policy"
)

const (
	stsAudience    = "sts.aliyuncs.com" // of tokens that were made for RAM's own exchange (RRSA)
	serviceAccount = "system:serviceaccount:"
	maxWorkToken   = 16 << 10
	maxReviews     = 32 // at a time: strangers can make us ask clusters
	reviewWithin   = 5 * time.Second
)

type exchangeIn struct {
	Body apiv1.ExchangeToken `body:""`
}

// exchange gives the session of a role for the projected token of a service account (RAM: AssumeRoleWithOIDC). The cluster itself verifies the
// token; then the trust policy of the role alone decides. Whoever asks is a stranger until then, and every no looks the same to them.
func (a *API) exchange(ctx context.Context, v Visit, in exchangeIn) (created[apiv1.Token], error) {
	var none created[apiv1.Token]
	if err := a.closed(); err != nil {
		return none, err
	}
	if err := pratique.CheckRoleSessionName(in.Body.SessionName); err != nil {
		return none, err
	}
	s, right, err := a.Authn.Exchange(in.Body.Account, v.Source)
	if err != nil {
		return none, unauthenticated(err)
	}
	w, role, err := a.vouched(ctx, v, s, in.Body)
	if refusal, ok := errors.AsType[*authn.Refusal](err); ok {
		a.notExchanged(ctx, v, s, refusal.Reason)
		return none, unauthenticated(err)
	}
	right()
	if err != nil {
		return none, err
	}
	out, err := a.lend(ctx, v, s, w, role, in.Body)
	return created[apiv1.Token]{out}, err
}

// workload is a service account that its cluster has vouched for.
type workload struct {
	cluster *pratique.Cluster
	name    string             // "system:serviceaccount:<namespace>:<name>"
	names   []policy.Principal // that a trust policy knows its cluster by
	context []policy.Attribute
}

// vouched has the token verified and asks the trust policy. The error is a Refusal, or wraps pratique.ErrUnavailable when the server has too much
// to do, which says nothing about anything that was asked for.
func (a *API) vouched(ctx context.Context, v Visit, s *pratique.Snapshot, b apiv1.ExchangeToken) (w workload, role *pratique.Role, err error) {
	defer a.reviews.Add(-1)
	if a.reviews.Add(1) > maxReviews {
		return w, nil, &pratique.Error{Kind: pratique.ErrUnavailable, Message: "too many tokens are being verified", Hint: "try again in a moment"}
	}
	claims, ok := readClaims(b.Token)
	wanted := []string{strings.TrimRight(a.External, "/"), stsAudience}
	switch {
	case !ok:
		return w, nil, authn.RefuseExchange("the text is not the token of a service account")
	case !overlap(claims.Audience, wanted):
		return w, nil, authn.RefuseExchange("the token is for another audience")
	}
	cl, ok := s.Clusters.Find(b.Cluster)
	if !ok || a.Clusters == nil {
		return w, nil, authn.RefuseExchange("the cluster does not exist")
	}
	name, audiences, err := a.review(ctx, s, cl, b.Token, wanted)
	if err != nil {
		return w, nil, authn.RefuseExchange("cluster " + cl.Name + ": " + err.Error())
	}
	if name != claims.Subject || !isServiceAccount(name) {
		return w, nil, authn.RefuseExchange("the token is not that of a service account of cluster " + cl.Name)
	}
	w = workload{cluster: cl, name: name, names: providers(s, cl), context: append(
		access.TrustContext(s, pratique.Principal{}, a.Now(), v.Source),
		policy.Attribute{Key: "oidc:iss", Values: []string{claims.Issuer}},
		policy.Attribute{Key: "oidc:aud", Values: audiences},
		policy.Attribute{Key: "oidc:sub", Values: []string{name}})}
	role, ok = s.Roles.Find(b.Role)
	if ok {
		w.names = append(w.names, servicesOf(s, cl, name, role)...)
	}
	if !ok || !role.Trusts(w.names, w.context) {
		return w, nil, authn.RefuseExchange(fmt.Sprintf("no trust policy lets %s of cluster %s assume the role", name, cl.Name))
	}
	return w, role, nil
}

// lend opens the session.
func (a *API) lend(ctx context.Context, v Visit, s *pratique.Snapshot, w workload, role *pratique.Role, b apiv1.ExchangeToken) (apiv1.Token, error) {
	if err := a.lends(s.Account.ID + "/" + w.cluster.ID + "/" + w.name); err != nil {
		return apiv1.Token{}, err
	}
	label := w.name + " of cluster " + w.cluster.Name
	secret, session, err := a.Authn.NewRoleSession(s, pratique.Principal{}, authn.RoleSession{
		Role: role.ID, Name: b.SessionName, Life: time.Duration(b.Duration), Policy: b.Policy, Source: v.Source, Label: label, Cluster: w.cluster.ID,
	})
	if err != nil {
		return apiv1.Token{}, err
	}
	result, err := a.Gate.Apply(ctx, access.Intent{
		Who:   pratique.Principal{Account: s.Account.ID, Type: pratique.PrincipalRole, ID: role.ID, Name: role.Name},
		Event: audit.RoleAssumed, Source: v.Source, Request: v.Request,
		Detail:  fmt.Sprintf("by %s, as session %s", label, session.RoleSession),
		Changes: []pratique.Change{pratique.AssumeRole{Session: session, Names: w.names, Context: w.context, Federated: true}},
	})
	if err != nil {
		return apiv1.Token{}, err
	}
	return roleToken(result.Snapshot, role, session, secret), nil
}

// review asks the cluster whose token it is. The audiences are those that the cluster confirms and we asked for: an answer without any would mean
// that the token is good for the kube-apiserver, and one that every pod shows there is no leave to assume roles (security rules §2.D).
func (a *API) review(ctx context.Context, s *pratique.Snapshot, cl *pratique.Cluster, token string, wanted []string) (user string, audiences []string, err error) {
	conn, err := a.Clusters.Connect(s, cl)
	if err != nil {
		return "", nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, reviewWithin)
	defer cancel()
	got, err := conn.Client.AuthenticationV1().TokenReviews().Create(ctx, &authenticationv1.TokenReview{
		Spec: authenticationv1.TokenReviewSpec{Token: token, Audiences: wanted},
	}, metav1.CreateOptions{})
	if err != nil {
		return "", nil, errors.New("it could not be asked about the token") // the cause may quote what was sent
	}
	for _, audience := range got.Status.Audiences {
		if slices.Contains(wanted, audience) {
			audiences = append(audiences, audience)
		}
	}
	if !got.Status.Authenticated || len(audiences) == 0 {
		return "", nil, errors.New("it does not vouch for the token")
	}
	return got.Status.User.Username, audiences, nil
}

// providers are the names that a trust policy may know a cluster by: its id, and its name unless that looks like an id. A cluster that was named
// like the id of another would be trusted in its place.
func providers(s *pratique.Snapshot, cl *pratique.Cluster) []policy.Principal {
	name := func(of string) policy.Principal {
		return policy.Principal{Type: "Federated", ID: "acs:ram::" + s.Account.ID + ":oidc-provider/" + of}
	}
	out := []policy.Principal{name(cl.ID)}
	if !strings.HasPrefix(pratique.Fold(cl.Name), "c-") || len(cl.Name) != len(cl.ID) {
		out = append(out, name(cl.Name))
	}
	return out
}

// isServiceAccount reports whether a user name of Kubernetes is that of a service account.
func isServiceAccount(user string) bool {
	rest, ok := strings.CutPrefix(user, serviceAccount)
	namespace, name, two := strings.Cut(rest, ":")
	return ok && two && namespace != "" && name != "" && !strings.Contains(name, ":")
}

// workClaims is what a token says of itself. It proves nothing before the cluster has vouched for it.
type workClaims struct {
	Issuer   string   `json:"iss"`
	Subject  string   `json:"sub"`
	Audience audience `json:"aud"`
}

// audience is a string or an array of strings (RFC 7519, section 4.1.3).
type audience []string

// UnmarshalJSON reads either form.
func (a *audience) UnmarshalJSON(data []byte) error {
	if jsontext.Value(data).Kind() == jsontext.KindString {
		*a = []string{""}
		return json.Unmarshal(data, &(*a)[0])
	}
	return json.Unmarshal(data, (*[]string)(a))
}

// readClaims reads a signed token. What is no such thing, or is another's, is not worth asking a cluster about.
func readClaims(token string) (c workClaims, ok bool) {
	parts := strings.Split(token, ".")
	if len(token) > maxWorkToken || len(parts) != 3 {
		return c, false
	}
	body, err := base64.RawURLEncoding.Strict().DecodeString(parts[1])
	if err != nil || json.Unmarshal(body, &c) != nil {
		return c, false
	}
	return c, isServiceAccount(c.Subject) && c.Issuer != ""
}

func overlap(a, b []string) bool {
	return slices.ContainsFunc(a, func(s string) bool { return slices.Contains(b, s) })
}

// notExchanged records a refusal. Nothing that the stranger typed stands in it.
func (a *API) notExchanged(ctx context.Context, v Visit, s *pratique.Snapshot, reason string) {
	missed, write := a.failures.Take(s.Account.ID, a.Now())
	if !write {
		return
	}
	r := access.NewRecord(audit.RoleRefused, pratique.Principal{}, a.Now())
	r.Account, r.Source, r.Request, r.Missed, r.Detail = s.Account.ID, v.Source, v.Request, missed, reason
	if err := a.Gate.Record(ctx, s.Account.ID, r); err != nil {
		a.Log.ErrorContext(ctx, "a refused exchange could not be recorded", "account", s.Account.ID, "error", err.Error())
	}
}
