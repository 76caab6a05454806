package pratique_test

import (
	"errors"
	"testing"
	"time"

	"github.com/pratique-iam/pratique"
)

// confirmed gives somebody a factor that counts.
func confirmed(t *testing.T, s *pratique.Snapshot, id string) *pratique.Snapshot {
	t.Helper()
	s = must(t, s, pratique.EnrollMFA{User: id, Sealed: []byte("x")})
	m, _ := s.MFAs.ID(id)
	return must(t, s, pratique.ConfirmMFA{User: id, Enrolled: m.Generation, Step: 10, Recovery: []string{"aa", "bb"}})
}

func must(t *testing.T, s *pratique.Snapshot, changes ...pratique.Change) *pratique.Snapshot {
	t.Helper()
	next, _, err := s.With(pratique.At(time.Now()), changes...)
	if err != nil {
		t.Fatal(err)
	}
	return next
}

func TestASessionNeedsTheFactorThatItsHolderHas(t *testing.T) {
	t.Parallel()
	s := confirmed(t, must(t, newAccount(t), puts(t, "kind: User\nmetadata: {name: alice}")[0]), pratique.RootID)
	alice, _ := s.Users.Name("alice")
	open := func(id string, mfa bool) pratique.Change {
		return pratique.OpenSession{Session: pratique.Session{
			Type: pratique.SessionLogin, Principal: pratique.Ref{Kind: pratique.KindUser, ID: id}, Hash: id, Expires: time.Now(), MFA: mfa,
		}}
	}
	must(t, s, open(alice.ID, false))
	must(t, s, open(pratique.RootID, true))
	if _, _, err := s.With(pratique.At(time.Now()), open(pratique.RootID, false)); !errors.Is(err, pratique.ErrDenied) {
		t.Errorf("a session of root without its factor: %v", err)
	}
}

func TestAFactorGoesWithItsUser(t *testing.T) {
	t.Parallel()
	s := must(t, newAccount(t), puts(t, "kind: User\nmetadata: {name: alice}")[0])
	alice, _ := s.Users.Name("alice")
	s = must(t, confirmed(t, s, alice.ID), pratique.Delete{Kind: pratique.KindUser, Name: "alice"})
	if s.MFAs.Len() != 0 {
		t.Error("the factor of a user who was deleted is still there")
	}
}

func TestAOneTimeSecretIsTheWayBackInForARootThatLostItsFactor(t *testing.T) {
	t.Parallel()
	s := confirmed(t, newAccount(t), pratique.RootID)
	s = must(t, s, pratique.OpenBootstrap{Session: pratique.Session{Hash: "b", Expires: time.Now().Add(time.Hour)}})
	secret, _ := s.SessionByHash("b")
	s = must(t, s, pratique.OpenSession{Redeem: secret.ID, Session: pratique.Session{
		Type: pratique.SessionLogin, Principal: pratique.Ref{Kind: pratique.KindUser, ID: pratique.RootID}, Hash: "s",
	}})
	if _, has := s.SecondFactor(pratique.RootID); has {
		t.Error("root came in with the one-time secret and would be asked for the factor again")
	}
}

func TestAConfirmedFactorIsNotReplaced(t *testing.T) {
	t.Parallel()
	s := must(t, newAccount(t), pratique.EnrollMFA{User: pratique.RootID, Sealed: []byte("first")})
	first, _ := s.MFAs.ID(pratique.RootID)
	s = must(t, s, pratique.EnrollMFA{User: pratique.RootID, Sealed: []byte("second")})
	now := pratique.At(time.Now())
	if _, _, err := s.With(now, pratique.ConfirmMFA{User: pratique.RootID, Enrolled: first.Generation}); !errors.Is(err, pratique.ErrConflict) {
		t.Errorf("a code of the factor that was replaced confirms the new one: %v", err)
	}
	if _, _, err := s.With(now, pratique.UseMFA{User: pratique.RootID, Step: 99}); !errors.Is(err, pratique.ErrNotFound) {
		t.Errorf("a factor that nobody has confirmed is used: %v", err)
	}
	second, _ := s.MFAs.ID(pratique.RootID)
	s = must(t, s, pratique.ConfirmMFA{User: pratique.RootID, Enrolled: second.Generation})
	if _, _, err := s.With(now, pratique.EnrollMFA{User: pratique.RootID}); !errors.Is(err, pratique.ErrConflict) {
		t.Errorf("a factor that counts is replaced without being removed: %v", err)
	}
}
