package authn

import (
	"testing"
	"time"

	"github.com/pratique-iam/pratique"
)

// admitted signs somebody in through corp.
func (w *world) admitted(subject, name string) string {
	w.t.Helper()
	s, _ := w.AccountNamed("acme")
	p, _ := s.IdentityProviders.Name("corp")
	secret, session, err := w.NewProviderSession(s, time.Hour, "", "")
	if err != nil {
		w.t.Fatal(err)
	}
	user := "usr-" + subject
	if u, linked := s.Linked("corp", subject); linked {
		user = u.ID
	}
	w.change("acme", pratique.SignInThrough{Provider: p.ID, Subject: subject, Name: name, User: user, Groups: []string{"ops"}, Session: session})
	return secret
}

func TestASessionThroughAProviderLastsAsLongAsTheProviderAndTheLink(t *testing.T) {
	t.Parallel()
	provider := `{"issuer":"https://login.example.com","clientID":"x","create":true,"groups":[{"claim":"ops","group":"ops"}]}`
	for name, end := range map[string]func(*world){
		"the provider goes": func(w *world) {
			w.change("acme", pratique.Delete{Kind: pratique.KindIdentityProvider, Name: "corp", Cascade: true})
		},
		"another provider takes its name": func(w *world) {
			w.change("acme", pratique.Delete{Kind: pratique.KindIdentityProvider, Name: "corp", Cascade: true})
			w.put("acme", pratique.KindIdentityProvider, "corp", provider)
		},
		"the link goes":    func(w *world) { w.user("acme", "carol", `{}`) },
		"the link changes": func(w *world) { w.user("acme", "carol", `{"identity":{"provider":"corp","subject":"other"}}`) },
		"the user is disabled": func(w *world) {
			w.user("acme", "carol", `{"disabled":true,"identity":{"provider":"corp","subject":"s-1"}}`)
		},
		"it runs out": func(w *world) { w.pass(time.Hour) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.put("acme", pratique.KindGroup, "ops", `{}`)
			w.put("acme", pratique.KindIdentityProvider, "corp", provider)
			secret := w.admitted("s-1", "carol")
			who, _, err := w.Bearer(secret)
			if err != nil || who.Name != "carol" {
				t.Fatalf("%v, %v", who, err)
			}
			end(w)
			if _, _, err := w.Bearer(secret); err == nil {
				t.Error("the session holds")
			}
		})
	}
}

func (w *world) put(account string, kind pratique.Kind, name, spec string) {
	w.t.Helper()
	w.change(account, pratique.Put{Manifest: pratique.Manifest{
		APIVersion: pratique.APIVersion, Kind: kind, Metadata: pratique.Metadata{Name: name}, Spec: []byte(spec),
	}})
}
