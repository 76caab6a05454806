package proxy_test

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/internal/authn"
	"github.com/pratique-iam/pratique/internal/oidc"
	"github.com/pratique-iam/pratique/internal/rbacsync"
	"github.com/pratique-iam/pratique/policy"
)

const robot = `
kind: Role
metadata: {name: robot}
spec: {trust: {Version: "1", Statement: [{Effect: Allow, Action: "sts:AssumeRole", Principal: {RAM: ["acs:ram::1000000000000001:root"]}}]}}
---
kind: NamespacePermission
metadata: {name: robot-view}
spec: {role: robot, clusterRole: view, clusters: ["*"], namespaces: [dev]}`

// assume opens a session of the role robot for alice, narrowed by a statement unless that is empty, and returns its bearer secret, the token
// for the cluster ack that was made with it, and its id.
func (w *world) assume(statement string) (secret, token, session string) {
	w.tb.Helper()
	if _, ok := w.snapshot.Roles.Name("robot"); !ok {
		w.apply(robot)
	}
	role, _ := w.snapshot.Roles.Name("robot")
	alice := w.principal("alice")
	_, alice.Session = w.token("alice")
	r := authn.RoleSession{Role: role.ID, Name: "test"}
	if statement != "" {
		r.Policy = jsontext.Value(`{"Version":"1","Statement":[` + statement + `]}`)
	}
	secret, s, err := w.authn.NewRoleSession(w.snapshot, alice, r)
	if err != nil {
		w.tb.Fatal(err)
	}
	plan := w.change(pratique.AssumeRole{Session: s, Names: []policy.Principal{{Type: "RAM", ID: "acs:ram::" + accountID + ":root"}}})
	session = plan.Writes[len(plan.Writes)-1].ID
	token, _, err = w.issuer.Sign(context.Background(), oidc.Claims{
		Subject: role.ID, Name: role.Name, Cluster: w.cluster("ack").ID, Account: accountID, Session: session,
	})
	if err != nil {
		w.tb.Fatal(err)
	}
	return secret, token, session
}

// The name under which a role comes must be the one that its bindings name, whatever it shows.
func TestARoleComesUnderTheNameOfItsBindings(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	w := newWorld(t, b.access())
	secret, token, session := w.assume("")
	bindings := rbacsync.Desired(w.snapshot, w.cluster("ack"))
	if len(bindings) != 1 || bindings[0].Subject.Kind != "User" {
		t.Fatalf("bindings: %+v", bindings)
	}
	for name, shown := range map[string]string{"the session": secret, "the token of the cluster": token} {
		if got := (as{w, shown}).get("/clusters/ack/api/v1/namespaces/dev/pods"); got.code != http.StatusOK {
			t.Fatalf("%s: %d %s", name, got.code, got.body)
		}
		h := b.last(t).Header
		if h.Get("Impersonate-User") != bindings[0].Subject.Name || h.Get("Impersonate-Extra-Pratique.dev%2fsession") != session ||
			h.Get("Impersonate-Extra-Pratique.dev%2fname") != "robot" || len(h["Impersonate-Group"]) != 1 {
			t.Errorf("with %s it comes as %v", name, h)
		}
	}
}

func TestASessionPolicyNarrowsAtTheProxy(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newBackend(t).access())
	secret, token, _ := w.assume(`{"Effect":"Allow","Action":["k8s:Get"],"Resource":["*"]}`)
	for _, shown := range []string{secret, token} {
		if got := (as{w, shown}).get("/clusters/ack/api/v1/namespaces/dev/pods/web"); got.code != http.StatusOK {
			t.Errorf("%d %s", got.code, got.body)
		}
		as{w, shown}.get("/clusters/ack/api/v1/namespaces/dev/pods").refused(t, http.StatusForbidden, "Forbidden", "the policy of the session must allow it as well")
	}
}

func TestWithTheSessionOfARoleItsTokensAndStreamsEnd(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(w *world, session string){
		"ended": func(w *world, session string) { w.change(pratique.EndSession{ID: session}) },
		"the lender ended": func(w *world, session string) {
			s, _ := w.snapshot.Sessions.ID(session)
			w.change(pratique.EndSession{ID: s.Parent})
		},
		"the role deleted": func(w *world, _ string) {
			w.change(pratique.Delete{Kind: pratique.KindNamespacePermission, Name: "robot-view"}, pratique.Delete{Kind: pratique.KindRole, Name: "robot"})
		},
		"the user disabled": func(w *world, _ string) { w.apply("kind: User\nmetadata: {name: alice}\nspec: {disabled: true}") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBackend(t)
			w := newWorld(t, b.access())
			_, token, session := w.assume("")
			lines := as{w, token}.watch("/clusters/ack/api/v1/namespaces/dev/pods?watch=true")
			end(w, session)
			if line, err := lines.ReadString('\n'); err == nil {
				t.Errorf("the stream goes on: %q", line)
			}
			within(t, "the cluster's side ends", signal(b.ended))
			as{w, token}.get("/clusters/ack/api/v1/namespaces/dev/pods").refused(t, http.StatusUnauthorized, "Unauthorized", "ended")
		})
	}
}

func TestWhoseRoleSessionHasEndedIsToldToAssumeTheRoleAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newBackend(t).access())
	_, token, session := w.assume("")
	w.change(pratique.EndSession{ID: session})
	as{w, token}.get("/clusters/ack/version").refused(t, http.StatusUnauthorized, "Unauthorized", "the session has ended; assume the role again: pratique assume-role robot")
}

// follower says of one subject whether its bindings count still.
type follower struct {
	mu      sync.Mutex
	subject string
	settled time.Time // zero: not yet
}

func (f *follower) Unsettled(_ string, subjects []string, moment time.Time) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Contains(subjects, f.subject) && (f.settled.IsZero() || moment.Before(f.settled))
}

func (f *follower) lost(subject string, settled time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.subject, f.settled = subject, settled
}

// Between the end of a permission and the end of its binding kube-apiserver still lets streams be opened.
func TestAStreamThatWasOpenedBeforeTheBindingWasGoneEnds(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		subject func(w *world) string
		settled time.Duration // after the stream was opened
		ends    bool
	}{
		"the binding may be there": {func(w *world) string { return w.user("alice") }, 0, true},
		"it went after the stream": {func(w *world) string { return w.user("alice") }, time.Hour, true},
		"it went before":           {func(w *world) string { return w.user("alice") }, -time.Hour, false},
		"that of somebody else":    {func(*world) string { return "pratique:usr-x" }, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, f := newBackend(t), &follower{}
			w := newWorld(t, b.access())
			w.Bindings = f
			lines := w.as("alice").watch(pods + "?watch=true")
			var settled time.Time
			if c.settled != 0 {
				settled = time.Now().Add(c.settled)
			}
			f.lost(c.subject(w), settled)
			if c.ends {
				if line, err := lines.ReadString('\n'); err == nil {
					t.Errorf("the stream goes on: %q", line)
				}
				within(t, "the cluster's side ends", signal(b.ended))
				return
			}
			for range 3 {
				time.Sleep(2 * w.Recheck) // nothing tells that a look has found nothing
				b.say(t, "still here")
				if _, err := lines.ReadString('\n'); err != nil {
					t.Fatalf("the stream has ended: %v", err)
				}
			}
		})
	}
}

func TestNoStreamIsOpenedWhileItsBindingMayBeOneTooMany(t *testing.T) {
	t.Parallel()
	b, f := newBackend(t), &follower{}
	w := newWorld(t, b.access())
	w.Bindings = f
	alice := w.as("alice")
	f.lost(w.user("alice"), time.Time{})
	got := alice.get(pods + "?watch=true")
	got.refused(t, http.StatusServiceUnavailable, "ServiceUnavailable", `cluster "prod" does not know yet; try again in a moment`)
	if got.header.Get("Retry-After") != "1" || len(b.requests()) > 0 {
		t.Errorf("the answer has %v", got.header)
	}
	if got := alice.get(pods); got.code != http.StatusOK {
		t.Errorf("what is no stream is answered %d %s", got.code, got.body)
	}
	f.lost(w.user("alice"), time.Now())
	alice.watch(pods + "?watch=true")
}
