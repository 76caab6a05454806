package authn

import (
	"errors"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/policy"
)

// role gives acme a role called deployer that trusts the whole account, for up to two hours.
func (w *world) role() string {
	w.t.Helper()
	w.change("acme", pratique.Put{Manifest: pratique.Manifest{
		APIVersion: pratique.APIVersion, Kind: pratique.KindRole, Metadata: pratique.Metadata{Name: "deployer"},
		Spec: jsontext.Value(`{"maxSession":"2h","trust":{"Version":"1","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"RAM":["acs:ram::account-acme:root"]}}]}}`),
	}})
	r, _ := w.accounts["account-acme"].Roles.Name("deployer")
	return r.ID
}

func (w *world) assume(who pratique.Principal, r RoleSession) string {
	w.t.Helper()
	r.Name = "test"
	secret, s, err := w.NewRoleSession(w.accounts["account-acme"], who, r)
	if err != nil {
		w.t.Fatalf("assume: %v (%s)", err, reason(err))
	}
	w.change("acme", pratique.AssumeRole{Session: s, Names: []policy.Principal{{Type: "RAM", ID: "acs:ram::account-acme:root"}}})
	return secret
}

func TestARoleSessionTellsWhichRoleItIs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.role()
	p := w.shows(w.assume(w.shows(w.login("alice")), RoleSession{Role: id}))
	if p.Type != pratique.PrincipalRole || p.ID != id || p.Name != "deployer" || p.Session == "" {
		t.Errorf("principal: %+v", p)
	}
}

func TestARoleSessionExpires(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.role()
	secret := w.assume(w.shows(w.login("alice")), RoleSession{Role: id, Life: 15 * time.Minute})
	w.pass(15*time.Minute - 1)
	w.shows(secret)
	w.pass(1)
	w.ended(secret, "the session has expired")
}

func TestARoleSessionHasTheLengthsThatTheRoleAllows(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id, alice := w.role(), w.shows(w.login("alice"))
	for life, ok := range map[time.Duration]bool{
		-1: false, 14 * time.Minute: false, 0: true, 15 * time.Minute: true, 2 * time.Hour: true, 2*time.Hour + 1: false,
	} {
		_, _, err := w.NewRoleSession(w.accounts["account-acme"], alice, RoleSession{Role: id, Life: life})
		if (err == nil) != ok || err != nil && !errors.Is(err, pratique.ErrInvalid) {
			t.Errorf("%s: %v", life, err)
		}
	}
}

func TestNobodyAndTheRootAssumeNoRole(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.role()
	for name, who := range map[string]pratique.Principal{
		"nobody": {}, "the root": w.shows(w.login("root")), "without a session": w.signIn("acme", "alice"),
	} {
		if _, _, err := w.NewRoleSession(w.accounts["account-acme"], who, RoleSession{Role: id}); !errors.Is(err, pratique.ErrDenied) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestARoleMakesNoOtherCredential(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.shows(w.assume(w.shows(w.login("alice")), RoleSession{Role: w.role()}))
	for _, kind := range []pratique.SessionType{pratique.SessionLogin, pratique.SessionToken, pratique.SessionRole, pratique.SessionBootstrap, pratique.SessionCluster} {
		if _, _, err := w.NewSession(kind, p, time.Minute, "", "", false); err == nil {
			t.Errorf("a role has made a %s", kind)
		}
	}
}

func TestRolesAreAssumedWithOneAnotherAFewTimesOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id, p := w.role(), w.shows(w.login("alice"))
	for range maxParents {
		p = w.shows(w.assume(p, RoleSession{Role: id}))
	}
	if _, _, err := w.NewRoleSession(w.accounts["account-acme"], p, RoleSession{Role: id}); !errors.Is(err, pratique.ErrDenied) {
		t.Errorf("one more: %v", err)
	}
}
