package authn

import (
	"errors"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pratique-iam/pratique"
)

func TestBearerSecretTellsWhoShowsIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	secret, id := w.open(pratique.SessionLogin, w.signIn("acme", "alice"), time.Hour)
	p, s, err := w.Bearer(secret)
	if err != nil {
		t.Fatal(err)
	}
	want := pratique.Principal{
		Account: "account-acme", Type: pratique.PrincipalUser, ID: w.id("acme", "alice"), Name: "alice", Session: id, Since: w.now(),
	}
	if diff := cmp.Diff(want, p); diff != "" {
		t.Error(diff)
	}
	if s.ID != id || s.Type != pratique.SessionLogin {
		t.Errorf("the session is %s %s", s.Type, s.ID)
	}
}

func TestRootShowsASessionAndAToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.shows(w.login("root"))
	if !p.Root() {
		t.Errorf("the session is of %v", p)
	}
	token, _ := w.open(pratique.SessionToken, p, time.Hour)
	if p := w.shows(token); !p.Root() {
		t.Errorf("the token is of %v", p)
	}
}

func TestSessionEndsWhenItsTimeIsUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.clock = time.Now().UTC()
		w.Now = time.Now
		secret := w.login("alice") // one hour
		time.Sleep(time.Hour - time.Nanosecond)
		w.shows(secret)
		time.Sleep(time.Nanosecond)
		w.ended(secret, "the session has expired") // nothing has cleared it away
	})
}

func TestNothingHoldsWithoutAnExpiry(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	secret, s, err := w.NewSession(pratique.SessionLogin, w.signIn("acme", "alice"), time.Hour, "", "", false)
	if err != nil {
		t.Fatal(err)
	}
	s.Expires = time.Time{}
	w.change("acme", pratique.OpenSession{Session: s})
	w.ended(secret, "the session has expired")
}

func TestEndedSessionIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	secret := w.login("alice")
	p := w.shows(secret)
	w.change("acme", pratique.EndSession{ID: p.Session})
	w.ended(secret, "there is no such session")
}

func TestDisablingAUserEndsAllTheirCredentialsAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	session := w.login("alice")
	token, _ := w.open(pratique.SessionToken, w.shows(session), time.Hour)
	key := w.key("acme", "alice")
	w.user("acme", "alice", `{"disabled":true}`)
	w.ended(session, "there is no such session")
	w.ended(token, "there is no such session")
	_, err := w.Signed(w.sign(key, "GET", "/v1/x"))
	refused(t, err, "the user is disabled", badSignature)
	_, err = w.Password(t.Context(), Attempt{Account: "acme", User: "alice", Secret: goodPassword})
	refused(t, err, "the user is disabled", wrong)
}

// The change that disables a user ends the sessions as well; alive does not rely on it.
func TestSessionThatOutlivedItsUserIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	secret := w.login("alice")
	token, _ := w.open(pratique.SessionToken, w.shows(secret), time.Hour)
	snap, _ := w.AccountNamed("acme")
	id := w.id("acme", "alice")
	u, _ := snap.Users.ID(id)
	for why, stored := range map[string]pratique.Write{
		"the user is disabled":                {Kind: pratique.KindUser, ID: id, Object: &pratique.User{Meta: u.Meta, UserSpec: pratique.UserSpec{Disabled: true}}},
		"the user does not exist":             {Kind: pratique.KindUser, ID: id},
		"the user has no console access":      {Kind: pratique.KindUser, ID: id, Object: &pratique.User{Meta: u.Meta, UserSpec: pratique.UserSpec{Access: []pratique.Access{pratique.Programmatic}}}},
		"the user has no programmatic access": {Kind: pratique.KindUser, ID: id, Object: &pratique.User{Meta: u.Meta, UserSpec: pratique.UserSpec{Access: []pratique.Access{pratique.Console}}}},
	} {
		next, err := snap.Stored(snap.Generation+1, "", []pratique.Write{stored})
		if err != nil {
			t.Fatal(err)
		}
		w.accounts["account-acme"] = next
		shown := secret
		if strings.Contains(why, "programmatic") {
			shown = token
		}
		w.ended(shown, why)
	}
}

func TestUserMadeAnewUnderTheSameNameInheritsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	secret := w.login("alice")
	w.change("acme", pratique.Delete{Kind: pratique.KindUser, Name: "alice", Cascade: true})
	w.user("acme", "alice", `{}`)
	w.ended(secret, "there is no such session")
	_, err := w.Password(t.Context(), Attempt{Account: "acme", User: "alice", Secret: goodPassword})
	refused(t, err, "the user has no password", wrong)
}

func TestSecretOfOneAccountOpensNoOther(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	secret := w.login("alice")
	w.ended(strings.Replace(secret, "account-acme", "account-globex", 1), "there is no such session")
	w.ended(strings.Replace(secret, "account-acme", "account-initech", 1), "there is no such session")
}

func TestTextsThatAreNoSecretAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	secret := w.login("alice")
	for _, text := range []string{"", "prt_", "x", secret + "A", secret[:len(secret)-1], " " + secret, secret + "\n", strings.ToUpper(secret), strings.Repeat("prt_a_", 1e5)} {
		w.ended(text, "the text is not a bearer secret")
	}
}

func TestBearerSecretHasOneSpelling(t *testing.T) {
	t.Parallel()
	random := strings.Repeat("A", randomChars)
	if _, err := ParseToken("prt_account-1_" + random); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		"prt__" + random, "prt_Account_" + random, "prt_a/b_" + random, "prt_a_b_" + random, "prt_ä_" + random, "prt_" + strings.Repeat("a", maxAccountID+1) + "_" + random,
		"prx_a_" + random, "PRT_a_" + random, "prt-a_" + random, "prt_a-" + random,
		"prt_a_" + random[1:] + "B", // bits beyond the 256
		"prt_a_" + random[1:] + "=", "prt_a_" + random[1:] + "+", "prt_a_" + random[1:] + "\n", "prt_a_\r\n" + random[2:],
	} {
		if got, err := ParseToken(text); err == nil {
			t.Errorf("%q was read as %+v", text, got)
		}
	}
}

func TestBootstrapSecretIsNoBearerToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	secret, _ := w.bootstrap("acme")
	w.ended(secret, "a bootstrap secret was shown as a bearer token")
	w.ended("prt_"+strings.TrimPrefix(secret, "prb_"), "there is no such session")
}

// A bootstrap session that was stored with the hash of a bearer secret is still no bearer session.
func TestTypeOfTheStoredSessionDecides(t *testing.T) {
	t.Parallel()
	for kind, why := range map[pratique.SessionType]string{
		pratique.SessionBootstrap: "a bootstrap secret was shown as a bearer token", pratique.SessionCluster: "the credential of a cluster was shown as a bearer token",
		"": "the type of the session is not known", "other": "the type of the session is not known",
	} {
		w := newWorld(t)
		secret := newToken(pratique.SessionLogin, "account-acme")
		w.store("acme", &pratique.Session{
			Meta: pratique.Meta{ID: "ses-x", Name: "ses-x"}, Type: kind, Hash: Hash(secret),
			Principal: pratique.Ref{Kind: pratique.KindUser, ID: pratique.RootID}, Expires: w.now().Add(time.Hour),
		})
		w.ended(secret, why)
	}
}

func TestCredentialsOfRolesAreNotAccepted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, ref := range []pratique.Ref{{Kind: pratique.KindRole, ID: "rol-x"}, {Kind: pratique.KindRole, ID: pratique.RootID}, {ID: pratique.RootID}, {}} {
		secret := newToken(pratique.SessionToken, "account-acme")
		w.store("acme", &pratique.Session{
			Meta: pratique.Meta{ID: "ses-x", Name: "ses-x"}, Type: pratique.SessionToken, Hash: Hash(secret), Principal: ref, Expires: w.now().Add(time.Hour),
		})
		w.ended(secret, "credentials of this kind of principal are not accepted")
	}
}

func TestSecretIsNowhereInTheSession(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	secret, s, err := w.NewSession(pratique.SessionLogin, w.signIn("acme", "alice"), time.Hour, "laptop", "192.0.2.1", true)
	if err != nil {
		t.Fatal(err)
	}
	stored, err := pratique.Encode(&s)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(stored), secret[len(secret)-randomChars:]) {
		t.Errorf("the session holds its secret: %s", stored)
	}
	if s.Hash != Hash(secret) || s.Label != "laptop" || s.Source != "192.0.2.1" || !s.MFA || !s.Expires.Equal(w.now().Add(time.Hour)) {
		t.Errorf("the session is %+v", s)
	}
}

func TestLifetimesAreBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.signIn("acme", "root")
	for kind, longest := range map[pratique.SessionType]time.Duration{
		pratique.SessionLogin: pratique.DefaultLimits().MaxSession, pratique.SessionToken: MaxTokenLife, pratique.SessionBootstrap: MaxBootstrapLife,
	} {
		if _, _, err := w.NewSession(kind, p, longest, "", "", false); err != nil {
			t.Errorf("%s of %s: %v", kind, longest, err)
		}
		for _, life := range []time.Duration{0, -time.Second, longest + time.Nanosecond, 1<<63 - 1} {
			if _, _, err := w.NewSession(kind, p, life, "", "", false); !errors.Is(err, pratique.ErrInvalid) {
				t.Errorf("%s of %s: %v; want ErrInvalid", kind, life, err)
			}
		}
	}
}

func TestNobodyGetsASession(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	alice := w.signIn("acme", "alice")
	liar, disabled := alice, alice
	liar.Type = pratique.PrincipalRoot
	disabled.ID = w.id("acme", "bob")
	w.user("acme", "bob", `{"disabled":true}`)
	for name, p := range map[string]pratique.Principal{
		"nobody": {}, "a stranger": {Account: "account-acme", Type: pratique.PrincipalUser, ID: "usr-x"}, "of no account": {Account: "account-initech", Type: pratique.PrincipalRoot, ID: pratique.RootID},
		"a user who says root": liar, "a disabled user": disabled, "a role": {Account: "account-acme", Type: pratique.PrincipalRole, ID: "rol-x"},
	} {
		for _, kind := range []pratique.SessionType{pratique.SessionLogin, pratique.SessionToken, pratique.SessionCluster, "other"} {
			if _, _, err := w.NewSession(kind, p, time.Minute, "", "", false); err == nil {
				t.Errorf("%s got a %s", name, kind)
			}
		}
	}
	if _, _, err := w.NewSession(pratique.SessionBootstrap, alice, time.Minute, "", "", false); !errors.Is(err, pratique.ErrInvalid) {
		t.Errorf("alice got a bootstrap secret: %v", err)
	}
}

func TestTokenCannotBecomeALoginSession(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, _, err := w.NewSession(pratique.SessionLogin, w.shows(w.login("alice")), time.Hour, "", "", false)
	refused(t, err, "a bearer token or an access key cannot open a login session",
		"no session or token can be made: a bearer token or an access key cannot open a login session")
}

func TestTokenOutlivesTheLoginInWhichItWasMade(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	session := w.shows(w.login("alice"))
	token, _ := w.open(pratique.SessionToken, session, 48*time.Hour)
	w.change("acme", pratique.EndSession{ID: session.Session})
	w.pass(47 * time.Hour)
	w.shows(token)
}

func TestTokenMadeWithATokenEndsNoLaterAndWithIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first, firstID := w.open(pratique.SessionToken, w.shows(w.login("alice")), time.Hour)
	second, secondID := w.open(pratique.SessionToken, w.shows(first), 300*24*time.Hour)
	third, _ := w.open(pratique.SessionToken, w.shows(second), 300*24*time.Hour)
	snap, _ := w.AccountNamed("acme")
	a, _ := snap.Sessions.ID(firstID)
	b, _ := snap.Sessions.ID(secondID)
	if !b.Expires.Equal(a.Expires) {
		t.Errorf("the second token ends %v, the first %v", b.Expires, a.Expires)
	}
	w.shows(third)
	w.change("acme", pratique.EndSession{ID: firstID})
	w.ended(first, "there is no such session")
	w.ended(second, "the credential that made the token has ended")
	w.ended(third, "the credential that made the token has ended")
}

func TestTokenMadeWithAnAccessKeyEndsWithIt(t *testing.T) {
	t.Parallel()
	for why, change := range map[string]pratique.SetAccessKey{
		"the access key that made the token is disabled": {Disabled: true}, "the credential that made the token has ended": {Delete: true},
	} {
		w := newWorld(t)
		key := w.key("acme", "alice")
		p, err := w.Signed(w.sign(key, "POST", "/v1/tokens"))
		if err != nil {
			t.Fatal(err)
		}
		token, _ := w.open(pratique.SessionToken, p, time.Hour)
		w.shows(token)
		change.ID = key.id
		w.change("acme", change)
		w.ended(token, why)
	}
}

func TestChainOfTokensIsBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token, _ := w.open(pratique.SessionToken, w.shows(w.login("alice")), time.Hour)
	for range 2 * maxParents {
		secret, s, err := w.NewSession(pratique.SessionToken, w.shows(token), time.Minute, "", "", false)
		if err != nil {
			if !errors.Is(err, pratique.ErrDenied) {
				t.Errorf("error %v", err)
			}
			return
		}
		w.change("acme", pratique.OpenSession{Session: s})
		token = secret
	}
	t.Errorf("%d tokens were made with one another", 2*maxParents)
}

func TestTokenCarriesMFAOnlyIfItsMakerDid(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.shows(w.login("alice"))
	_, s, err := w.NewSession(pratique.SessionToken, p, time.Hour, "", "", true)
	if err != nil || s.MFA {
		t.Errorf("a token has MFA = %v (%v), and its maker had none", s.MFA, err)
	}
	p.MFA = true
	if _, s, err = w.NewSession(pratique.SessionToken, p, time.Hour, "", "", true); err != nil || !s.MFA {
		t.Errorf("a token has MFA = %v (%v), and its maker had it", s.MFA, err)
	}
}

func TestConsoleUserIsToldWhyThereIsNoToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.user("acme", "alice", `{"access":["console"]}`)
	_, _, err := w.NewSession(pratique.SessionToken, w.shows(w.login("alice")), time.Hour, "", "", false)
	refused(t, err, "the user has no programmatic access", "no session or token can be made: the user has no programmatic access")
}

func TestEndedSessionMakesNoToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.shows(w.login("alice"))
	w.change("acme", pratique.EndSession{ID: p.Session})
	if _, _, err := w.NewSession(pratique.SessionToken, p, time.Hour, "", "", false); !errors.Is(err, pratique.ErrDenied) {
		t.Errorf("error %v; want ErrDenied", err)
	}
}

const noSecret = "wrong account, user or bootstrap secret; a bootstrap secret works once and not for long; the operator of the server can make a new one"

func TestBootstrapSecretLetsRootInOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	secret, id := w.bootstrap("acme")
	for _, attempt := range []Attempt{{Account: "acme", User: "root", Secret: secret}, {User: "ROOT", Secret: secret}} {
		p, got, err := w.Bootstrap(attempt)
		if err != nil || got != id || !p.Root() || p.Account != "account-acme" {
			t.Fatalf("Bootstrap = %v, %s, %v", p, got, err)
		}
	}
	p, _, _ := w.Bootstrap(Attempt{User: "root", Secret: secret})
	session, s, err := w.NewSession(pratique.SessionLogin, p, time.Hour, "", "", false)
	if err != nil {
		t.Fatal(err)
	}
	w.change("acme", pratique.OpenSession{Session: s, Redeem: id})
	w.shows(session)
	_, _, err = w.Bootstrap(Attempt{User: "root", Secret: secret})
	refused(t, err, "there is no such secret, or it was used", noSecret)
}

func TestBootstrapSecretIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	secret, _ := w.bootstrap("acme")
	for _, c := range []struct {
		attempt Attempt
		why     string
	}{
		{Attempt{Account: "globex", User: "root", Secret: secret}, "the secret is that of another account"},
		{Attempt{Account: "acme", User: "alice", Secret: secret}, "the user is not root"},
		{Attempt{Account: "acme", User: "", Secret: secret}, "the user is not root"},
		{Attempt{User: "root", Secret: strings.Replace(secret, "acme", "initech", 1)}, "the account does not exist"},
		{Attempt{User: "root", Secret: strings.Replace(secret, "acme", "globex", 1)}, "there is no such secret, or it was used"},
		{Attempt{User: "root", Secret: w.login("root")}, "the text is not a bootstrap secret"},
		{Attempt{User: "root", Secret: ""}, "the text is not a bootstrap secret"},
		{Attempt{User: "root", Secret: goodPassword}, "the text is not a bootstrap secret"},
	} {
		_, _, err := w.Bootstrap(c.attempt)
		refused(t, err, c.why, noSecret)
	}
	w.pass(time.Hour)
	_, _, err := w.Bootstrap(Attempt{User: "root", Secret: secret})
	refused(t, err, "the secret has expired", noSecret)
}

func TestBootstrapSecretCanBeMadeBeforeItsAccount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := pratique.Principal{Account: "account-new", Type: pratique.PrincipalRoot, ID: pratique.RootID}
	secret, s, err := w.NewSession(pratique.SessionBootstrap, p, time.Hour, "", "", false)
	if err != nil {
		t.Fatal(err)
	}
	snap, _, err := pratique.Found(w.rules, pratique.Account{Meta: pratique.Meta{ID: "account-new", Name: "new"}}, pratique.At(w.now()), s)
	if err != nil {
		t.Fatal(err)
	}
	w.accounts["account-new"] = snap
	if _, _, err := w.Bootstrap(Attempt{Account: "new", User: "root", Secret: secret}); err != nil {
		t.Errorf("%v (%s)", err, reason(err))
	}
}

func TestSecretsAreLongRandomAndEasyToScanFor(t *testing.T) {
	t.Parallel()
	shape := regexp.MustCompile(`^pr[tb]_[a-z0-9-]+_[A-Za-z0-9_-]{43}$`)
	seen := map[string]bool{}
	for range 1000 {
		for _, kind := range []pratique.SessionType{pratique.SessionLogin, pratique.SessionToken, pratique.SessionBootstrap} {
			secret := newToken(kind, "account-f3k7")
			got, err := ParseToken(secret)
			want := Token{Account: "account-f3k7", Bootstrap: kind == pratique.SessionBootstrap}
			if err != nil || got != want || !shape.MatchString(secret) || seen[secret] {
				t.Fatalf("%s: %v, %v", secret, got, err)
			}
			seen[secret] = true
		}
	}
	if got := Hash("prt_x"); got != "0eaaa9f9e4112a3c5c2cc3ef32e293981e3915c1bfd564838d2ea05c07d6f44b" {
		t.Errorf("Hash gives %s; want SHA-256 in hex", got)
	}
}

func TestBearerIsSafeBesideChanges(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	secret := w.login("alice")
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 200 {
				if _, _, err := w.Bearer(secret); err != nil {
					t.Errorf("bearer: %v", err)
				}
			}
		})
	}
	for range 50 {
		w.login("bob")
	}
	wg.Wait()
}

func FuzzTokenIsReadInItsOneSpelling(f *testing.F) {
	f.Add(newToken(pratique.SessionToken, "account-f3k7"))
	f.Add(newToken(pratique.SessionBootstrap, "a"))
	f.Add("prt_a_" + strings.Repeat("_", randomChars))
	f.Fuzz(func(t *testing.T, text string) {
		got, err := ParseToken(text)
		if err != nil {
			return
		}
		prefix := tokenPrefix
		if got.Bootstrap {
			prefix = bootstrapPrefix
		}
		random := text[len(text)-randomChars:]
		if prefix+got.Account+"_"+random != text || !validAccountID(got.Account) || strings.ContainsAny(text, " \r\n") {
			t.Errorf("%q was read as %+v", text, got)
		}
	})
}

func (w *world) bootstrap(account string) (secret, id string) {
	w.t.Helper()
	return w.open(pratique.SessionBootstrap, pratique.Principal{Account: "account-" + account, Type: pratique.PrincipalRoot, ID: pratique.RootID}, time.Hour)
}

// store puts a session in as it may lie in the store, without the rules of a change.
func (w *world) store(account string, s *pratique.Session) {
	w.t.Helper()
	snap, _ := w.AccountNamed(account)
	next, err := snap.Stored(snap.Generation+1, "", []pratique.Write{{Kind: pratique.KindSession, ID: s.ID, Object: s}})
	if err != nil {
		w.t.Fatal(err)
	}
	w.accounts[next.Account.ID] = next
}
