package authn

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/pratique-iam/pratique"
)

func TestCodesAreThoseOfRFC6238(t *testing.T) {
	t.Parallel()
	seed := []byte("12345678901234567890")
	for at, want := range map[int64]string{ // appendix B; the last six of its eight digits
		59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037", 20000000000: "353130",
	} {
		if got := CodeAt(seed, time.Unix(at, 0)); got != want {
			t.Errorf("at %d the code is %s, want %s", at, got, want)
		}
	}
}

// factor gives alice of acme a confirmed factor and its seed and recovery codes.
func (w *world) factor() (seed []byte, codes []string) {
	w.t.Helper()
	id := w.id("acme", "alice")
	seed = NewSeed()
	sealed, err := w.seal.Seal(seed, FactorPath("account-acme", id))
	if err != nil {
		w.t.Fatal(err)
	}
	w.change("acme", pratique.EnrollMFA{User: id, Sealed: sealed})
	snap, _ := w.AccountNamed("acme")
	m, _ := snap.MFAs.ID(id)
	codes, hashes := NewRecoveryCodes()
	w.change("acme", pratique.ConfirmMFA{User: id, Enrolled: m.Generation, Step: stepOf(w.now()) - 5, Recovery: hashes})
	return seed, codes
}

// alice signs alice of acme in with a code.
func (w *world) alice(code string) (Proof, error) {
	return w.SignIn(w.t.Context(), Attempt{Account: "acme", User: "alice", Secret: goodPassword, Code: code})
}

func TestNobodyLearnsOfAFactorBeforeThePasswordWasRight(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	seed, _ := w.factor()
	_, err := w.SignIn(t.Context(), Attempt{Account: "acme", User: "alice", Secret: "wrong", Code: CodeAt(seed, w.now())})
	refused(t, err, "the password is wrong", wrong)
	proof, err := w.alice("")
	if err != nil || !proof.NeedCode || proof.Use != nil || proof.Who.MFA {
		t.Errorf("the right password without a code gives %+v, %v", proof, err)
	}
	proof, err = w.SignIn(t.Context(), Attempt{Account: "acme", User: "bob", Secret: goodPassword})
	if err != nil || proof.NeedCode || proof.Who.MFA {
		t.Errorf("bob has no factor and gets %+v, %v", proof, err)
	}
}

func TestACodeWorksOnceAndNextToItsTimeOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	seed, _ := w.factor()
	for _, off := range []time.Duration{-2, 2} {
		_, err := w.alice(CodeAt(seed, w.now().Add(off*totpPeriod)))
		refused(t, err, "the code of the second factor is wrong", codeWrong)
	}
	early := CodeAt(seed, w.now().Add(-totpPeriod))
	code := CodeAt(seed, w.now())
	proof, err := w.alice(code[:3] + " " + code[3:])
	if err != nil || !proof.Who.MFA || proof.Use == nil {
		t.Fatalf("the right code gives %+v, %v (%s)", proof, err, reason(err))
	}
	w.change("acme", *proof.Use)
	for _, again := range []string{code, early} {
		_, err = w.alice(again)
		refused(t, err, "the code of the second factor was used before", codeWrong)
	}
	snap, _ := w.AccountNamed("acme")
	if _, _, err := snap.With(pratique.At(w.now()), *proof.Use); !errors.Is(err, pratique.ErrDenied) {
		t.Errorf("another replica, which took the code at the same time, gets %v", err)
	}
	w.pass(totpPeriod)
	if _, err := w.alice(CodeAt(seed, w.now())); err != nil {
		t.Errorf("the next code: %v", err)
	}
}

const codeWrong = "the code is wrong, or was used before; wait for the next code and check the clock of your telephone, or use a recovery code"

func TestARecoveryCodeWorksOnceHoweverItIsTyped(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, codes := w.factor()
	if len(codes) != recoveryCodes {
		t.Fatalf("there are %d codes", len(codes))
	}
	proof, err := w.alice(" " + codes[3][:9] + codes[3][10:] + " ")
	if err != nil {
		t.Fatalf("%v (%s)", err, reason(err))
	}
	w.change("acme", *proof.Use)
	_, err = w.alice(codes[3])
	refused(t, err, "the recovery code is wrong, or was used before", codeWrong)
	if _, err := w.alice(codes[4]); err != nil {
		t.Errorf("the others: %v", err)
	}
}

func TestWrongCodesCountAsWrongPasswordsAndThePasswordAloneDoesNotPutThemBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	seed, _ := w.factor()
	right := CodeAt(seed, w.now())
	for i := range userBurst {
		if _, err := w.alice(""); err != nil {
			t.Fatalf("attempt %d without a code: %v", i, err)
		}
		bad := fmt.Sprintf("%06d", i)
		if bad == right {
			bad = "999999"
		}
		if _, err := w.alice(bad); errors.Is(err, pratique.ErrUnavailable) || err == nil {
			t.Fatalf("wrong code %d: %v", i, err)
		}
	}
	_, err := w.alice(right)
	if !errors.Is(err, pratique.ErrUnavailable) {
		t.Errorf("after %d wrong codes the right one gives %v", userBurst, err)
	}
}

func TestATicketStandsForAPasswordForFiveMinutes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	seed, _ := w.factor()
	proof, err := w.alice("")
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := w.seal.Seal(proof.Ticket, TicketPath)
	if err != nil {
		t.Fatal(err)
	}
	with := func(code string) (Proof, error) {
		return w.SignIn(t.Context(), Attempt{Ticket: sealed, Code: code})
	}
	if proof, err = with(CodeAt(seed, w.now())); err != nil || proof.Who.Name != "alice" || !proof.Who.MFA {
		t.Fatalf("with the ticket: %+v, %v", proof, err)
	}
	_, err = with("000000")
	refused(t, err, "the code of the second factor is wrong", codeWrong)
	_, err = with("")
	refused(t, err, "a ticket came without a code", codeWrong)
	const late = "the sign-in took too long; begin again with your password"
	_, err = w.SignIn(t.Context(), Attempt{Ticket: proof.Ticket, Code: CodeAt(seed, w.now())})
	if err == nil {
		t.Error("a ticket that nobody sealed is taken")
	}
	w.setPassword("acme", "alice")
	_, err = with(CodeAt(seed, w.now()))
	refused(t, err, "the password was changed since", late)
	w.pass(ticketLife)
	_, err = with(CodeAt(seed, w.now()))
	refused(t, err, "the ticket has expired", late)
}
