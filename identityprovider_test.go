package pratique_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pratique-iam/pratique"
)

const corp = people + `
---
kind: Group
metadata: {name: operators}
---
kind: IdentityProvider
metadata: {name: corp}
spec:
  issuer: https://login.example.com
  clientID: pratique
  create: true
  groups: [{claim: readers, group: viewers}, {claim: ops, group: operators}]
`

// through is what comes of somebody whom corp vouches for as s-1.
func through(t *testing.T, s *pratique.Snapshot, name string, groups ...string) pratique.SignInThrough {
	t.Helper()
	p, ok := s.IdentityProviders.Name("corp")
	if !ok {
		t.Fatal("there is no corp")
	}
	const subject = "s-1"
	user := "usr-new"
	if u, linked := s.Linked("corp", subject); linked {
		user = u.ID
	}
	return pratique.SignInThrough{
		Provider: p.ID, Subject: subject, Name: name, Groups: groups, User: user, Session: pratique.Session{Hash: subject + time.Now().String(), Expires: noon},
	}
}

func groupsOf(s *pratique.Snapshot, name string) string {
	u, _ := s.Users.Name(name)
	var out []string
	for g := range s.GroupsOf(u.ID) {
		out = append(out, g.Name)
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

func TestWhoIsInAMappedGroupBecomesAUserAtTheFirstSignIn(t *testing.T) {
	t.Parallel()
	s, _ := apply(t, newAccount(t), corp)
	in := through(t, s, "carol", "readers", "others")
	s = must(t, s, in)
	carol, ok := s.Users.Name("carol")
	if !ok || carol.Identity == nil || *carol.Identity != (pratique.Identity{Provider: "corp", Subject: "s-1"}) || carol.Origin != "identityprovider/corp" {
		t.Fatalf("carol is %+v", carol)
	}
	if got := groupsOf(s, "carol"); got != "viewers" {
		t.Errorf("carol is in %q", got)
	}
	session, ok := s.SessionByHash(in.Session.Hash)
	p, _ := s.IdentityProviders.Name("corp")
	if !ok || session.Principal.ID != carol.ID || session.Provider != p.ID {
		t.Errorf("the session is %+v", session)
	}
}

func TestMembershipFollowsTheClaimAndOnlyInMappedGroups(t *testing.T) {
	t.Parallel()
	s, _ := apply(t, newAccount(t), corp+"---\nkind: Group\nmetadata: {name: choir}\n")
	s = must(t, s, through(t, s, "carol", "readers", "ops"))
	s, _ = apply(t, s, "kind: Group\nmetadata: {name: choir}\nspec: {members: [carol]}\n")
	if got := groupsOf(s, "carol"); got != "choir operators viewers" {
		t.Fatalf("carol is in %q", got)
	}
	s = must(t, s, through(t, s, "somebody else now", "ops"))
	if got := groupsOf(s, "carol"); got != "choir operators" {
		t.Errorf("after the provider took readers away carol is in %q", got)
	}
	viewers, _ := s.Groups.Name("viewers")
	alice, _ := s.Users.Name("alice")
	if !s.Member(alice.ID, viewers.ID) {
		t.Error("alice, whom the provider does not know, has left the group")
	}
}

func TestWhoIsInNoMappedGroupIsRefusedAndLeaves(t *testing.T) {
	t.Parallel()
	s, _ := apply(t, newAccount(t), corp)
	refuse(t, s, pratique.ErrDenied, "in no group", through(t, s, "carol", "choir"))
	s = must(t, s, through(t, s, "carol", "readers"))
	last := through(t, s, "carol")
	s = must(t, s, last)
	if got := groupsOf(s, "carol"); got != "" {
		t.Errorf("carol is in %q", got)
	}
	if _, open := s.SessionByHash(last.Session.Hash); open {
		t.Error("somebody in no mapped group got a session")
	}
}

func TestANameThatIsTakenIsNobodysByHavingItElsewhere(t *testing.T) {
	t.Parallel()
	s, _ := apply(t, newAccount(t), corp)
	refuse(t, s, pratique.ErrDenied, "set spec.identity of alice to provider corp, subject s-1", through(t, s, "Alice", "ops"))
	for _, name := range []string{"", "root", "system-x", "x y", "é", strings.Repeat("x", 65)} {
		refuse(t, s, pratique.ErrDenied, "the claim preferred_username", through(t, s, name, "ops"))
	}
	s, _ = apply(t, s, "kind: User\nmetadata: {name: alice}\nspec: {identity: {provider: corp, subject: s-1}}\n")
	s = must(t, s, through(t, s, "another name", "ops"))
	if got := groupsOf(s, "alice"); got != "operators" {
		t.Errorf("alice is in %q", got)
	}
}

func TestWhoIsDisabledOrNotKnownIsRefused(t *testing.T) {
	t.Parallel()
	s, _ := apply(t, newAccount(t), strings.Replace(corp, "create: true", "create: false", 1))
	refuse(t, s, pratique.ErrDenied, "nobody here is linked", through(t, s, "carol", "ops"))
	s, _ = apply(t, s, "kind: User\nmetadata: {name: alice}\nspec: {disabled: true, identity: {provider: corp, subject: s-1}}\n")
	refuse(t, s, pratique.ErrDenied, "disabled", through(t, s, "alice", "ops"))
}

func TestALinkedUserHasNoPasswordHere(t *testing.T) {
	t.Parallel()
	s, _ := apply(t, newAccount(t), corp)
	alice, _ := s.Users.Name("alice")
	s = confirmed(t, must(t, s, pratique.SetPassword{User: alice.ID, Hash: "x"}), alice.ID)
	s = must(t, s, pratique.OpenSession{Session: pratique.Session{
		Type: pratique.SessionLogin, Principal: pratique.Ref{Kind: pratique.KindUser, ID: alice.ID}, Hash: "old", MFA: true, Expires: noon,
	}})
	s, _ = apply(t, s, "kind: User\nmetadata: {name: alice}\nspec: {identity: {provider: corp, subject: s-1}}\n")
	if _, has := s.Passwords.ID(alice.ID); has || s.MFAs.Len() != 0 {
		t.Error("the password or the second factor is still there")
	}
	if _, open := s.SessionByHash("old"); open {
		t.Error("a session from before the link is still there")
	}
	refuse(t, s, pratique.ErrConflict, "signs in through", pratique.SetPassword{User: alice.ID, Hash: "x"})
	refuse(t, s, pratique.ErrConflict, "signs in through", pratique.EnrollMFA{User: alice.ID})
	refuse(t, s, pratique.ErrConflict, "linked to that subject", puts(t, "kind: User\nmetadata: {name: bob}\nspec: {identity: {provider: CORP, subject: s-1}}\n")...)
}

func needsOf(plan *pratique.Plan) string {
	var out []string
	for _, n := range plan.Needs {
		out = append(out, strings.TrimRight(n.Operation+" "+n.Vars["name"]+" "+n.Vars["user"], " "))
	}
	return strings.Join(out, ", ")
}

func TestMappingAGroupNeedsTheRightToChangeItsMembers(t *testing.T) {
	t.Parallel()
	s, plan := apply(t, newAccount(t), corp)
	for _, want := range []string{
		"identityProvider.create corp", "group.addUser viewers *", "group.removeUser viewers *", "group.addUser operators *", "group.removeUser operators *", "user.create *",
	} {
		if got := needsOf(plan); !strings.Contains(got, want) {
			t.Errorf("creating needs %s, and not %s", got, want)
		}
	}
	doc := "kind: IdentityProvider\nmetadata: {name: corp}\nspec: {issuer: 'https://login.example.com', clientID: pratique, displayName: Corp"
	_, plan = apply(t, s, doc+"}\n")
	if got := needsOf(plan); strings.Count(got, "group.addUser") != 2 || !strings.HasPrefix(got, "identityProvider.update corp") {
		t.Errorf("taking the mapping away needs %s", got)
	}
	again, plan := apply(t, s, corp[strings.Index(corp, "kind: IdentityProvider"):])
	if got := needsOf(plan); got != "identityProvider.get corp" || again.IdentityProviders.Len() != 1 {
		t.Errorf("changing nothing needs %s", got)
	}
}

func TestVouchingForLinkedUsersNeedsTheRightToSetTheirPasswords(t *testing.T) {
	t.Parallel()
	link := "kind: User\nmetadata: {name: alice}\nspec: {identity: {provider: corp, subject: s-1}}\n"
	s, plan := apply(t, newAccount(t), link)
	if got := needsOf(plan); got != "user.create alice, password.set alice" || len(plan.Warnings) == 0 {
		t.Errorf("linking needs %s and warns of %v", got, plan.Warnings)
	}
	doc := "kind: IdentityProvider\nmetadata: {name: Corp}\nspec: {issuer: 'https://evil.example.com', clientID: pratique}\n"
	s, plan = apply(t, s, doc)
	if got := needsOf(plan); got != "identityProvider.create Corp, password.set alice" {
		t.Errorf("a provider that somebody waits for needs %s", got)
	}
	_, plan = apply(t, s, strings.Replace(doc, "clientID: pratique", "clientID: other", 1))
	if got := needsOf(plan); got != "identityProvider.update Corp, password.set alice" {
		t.Errorf("another client needs %s", got)
	}
	refuse(t, s, pratique.ErrConflict, "cannot change", puts(t, strings.Replace(doc, "evil", "good", 1))...)
}

func TestAProviderThatIsGoneVouchesForNobody(t *testing.T) {
	t.Parallel()
	s, _ := apply(t, newAccount(t), corp)
	s = must(t, s, through(t, s, "carol", "ops"))
	refuse(t, s, pratique.ErrConflict, "1 users sign in", pratique.Delete{Kind: pratique.KindIdentityProvider, Name: "corp"})
	s = must(t, s, pratique.Delete{Kind: pratique.KindIdentityProvider, Name: "corp", Cascade: true})
	carol, _ := s.Users.Name("carol")
	if _, ok := s.Vouched(carol); ok {
		t.Error("carol is vouched for")
	}
	refuse(t, s, pratique.ErrDenied, "no longer there", pratique.SignInThrough{Provider: "idp-x"})
}

func TestAGroupThatGoesIsMappedNoMore(t *testing.T) {
	t.Parallel()
	s, _ := apply(t, newAccount(t), corp)
	refuse(t, s, pratique.ErrConflict, "identity provider corp", pratique.Delete{Kind: pratique.KindGroup, Name: "operators"})
	s = must(t, s, pratique.Delete{Kind: pratique.KindGroup, Name: "operators", Cascade: true}, pratique.Delete{Kind: pratique.KindGroup, Name: "viewers", Cascade: true})
	p, _ := s.IdentityProviders.Name("corp")
	if len(p.Groups) != 0 || p.Create {
		t.Errorf("the provider maps %v and creates: %v", p.Groups, p.Create)
	}
}

func TestProvidersAreExportedWithoutSecretsAndCanBeAppliedToAnEmptyAccount(t *testing.T) {
	t.Parallel()
	s, _ := apply(t, newAccount(t), corp)
	s = must(t, s, through(t, s, "carol", "ops"))
	p, _ := s.IdentityProviders.Name("corp")
	m, err := s.Manifest(p, false)
	if err != nil {
		t.Fatal(err)
	}
	m.Sealed = []byte("sealed")
	s = must(t, s, pratique.Put{Manifest: m})
	if p, _ = s.IdentityProviders.Name("corp"); string(p.Sealed) != "sealed" {
		t.Error("the secret is not kept")
	}
	m.Sealed = nil
	_, plan, err := s.With(pratique.At(noon), pratique.Put{Manifest: m})
	if err != nil || len(plan.Writes) != 0 {
		t.Errorf("a manifest without a secret changes %v, %v", plan.Writes, err)
	}
	all, err := s.Export()
	if err != nil {
		t.Fatal(err)
	}
	var changes []pratique.Change
	for _, m := range all {
		if strings.Contains(string(m.Spec), "ealed") {
			t.Errorf("the export holds %s", m.Spec)
		}
		changes = append(changes, pratique.Put{Manifest: m})
	}
	copied := must(t, newAccount(t), changes...)
	carol, _ := copied.Users.Name("carol")
	if _, ok := copied.Vouched(carol); !ok {
		t.Error("nobody vouches for carol in the copy")
	}
}

func TestStoredProvidersAndLinksAreFoundAgain(t *testing.T) {
	t.Parallel()
	s, first := apply(t, newAccount(t), corp)
	next, plan, err := s.With(pratique.At(noon), through(t, s, "carol", "ops"))
	if err != nil {
		t.Fatal(err)
	}
	loaded := pratique.NewSnapshot(s.Rules(), s.Account)
	for _, w := range append(first.Writes, plan.Writes...) {
		data, err := pratique.Encode(w.Object)
		if err != nil {
			t.Fatal(err)
		}
		if w.Object, err = pratique.Decode(w.Kind, data); err != nil {
			t.Fatal(err)
		}
		if err := loaded.Load(w); err != nil {
			t.Fatal(err)
		}
	}
	u, ok := loaded.Linked("CORP", "s-1")
	want, _ := next.Users.Name("carol")
	if !ok || cmp.Diff(want, u) != "" {
		t.Errorf("found %+v", u)
	}
	gone, err := loaded.Stored(9, "", []pratique.Write{{Kind: pratique.KindUser, ID: u.ID}})
	if err != nil {
		t.Fatal(err)
	}
	if _, still := gone.Linked("corp", "s-1"); still {
		t.Error("the link outlives the user")
	}
}

func TestProvidersThatCannotBeRightAreRefused(t *testing.T) {
	t.Parallel()
	s, _ := apply(t, newAccount(t), people)
	for spec, sentence := range map[string]string{
		`{clientID: x}`: "not an address",
		`{issuer: "http://login.example.com", clientID: x}`:                                       "must begin with https",
		`{issuer: "https://login.example.com/?a=b", clientID: x}`:                                 "more than a host and a path",
		`{issuer: "https://u:p@login.example.com", clientID: x}`:                                  "more than a host and a path",
		`{issuer: "https://login.example.com#", clientID: x}`:                                     "more than a host and a path",
		`{issuer: "https://a b.example.com", clientID: x}`:                                        "not an address",
		`{issuer: "https://login.example.com"}`:                                                   "clientID",
		`{issuer: "https://login.example.com", clientID: x, ca: junk}`:                            "PEM",
		`{issuer: "https://login.example.com", clientID: x, scopes: [profile]}`:                   "lack openid",
		`{issuer: "https://login.example.com", clientID: x, create: true}`:                        "maps no group",
		`{issuer: "https://login.example.com", clientID: x, clientSecret: plain}`:                 "not sealed",
		`{issuer: "https://login.example.com", clientID: x, usernameClaim: "a b"}`:                "usernameClaim",
		`{issuer: "https://login.example.com", clientID: x, displayName: "a\u202eb"}`:             "displayName",
		`{issuer: "https://login.example.com", clientID: x, groups: [{claim: a}]}`:                "needs a claim and a group",
		`{issuer: "https://login.example.com", clientID: x, groups: [{claim: a, group: nobody}]}`: "does not exist",
	} {
		err := pratique.ErrInvalid
		if strings.Contains(spec, "nobody") {
			err = pratique.ErrNotFound
		}
		refuse(t, s, err, sentence, puts(t, "kind: IdentityProvider\nmetadata: {name: corp}\nspec: "+spec+"\n")...)
	}
	apply(t, s, "kind: IdentityProvider\nmetadata: {name: local}\nspec: {issuer: 'http://127.0.0.1:5556/dex', clientID: x}\n")
}
