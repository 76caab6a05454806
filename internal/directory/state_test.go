package directory_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/internal/directory"
)

// Whatever is done through Update, three directories agree: the one that did it, one that watched, and one that is opened afterwards.
func TestAllDirectoriesAgree(t *testing.T) {
	t.Parallel()
	writer, watcher := open(t, config(t)), open(t, config(t))
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		id := found(t, writer, fmt.Sprintf("acme%d", n))
		s, _ := writer.Account(id)
		for range rapid.IntRange(1, 25).Draw(rt, "changes") {
			list := rapid.SliceOfN(rapid.Custom(func(rt *rapid.T) pratique.Change { return anyChange(rt, s) }), 1, 4).Draw(rt, "list")
			if next, err := writer.Update(t.Context(), id, making(list...)); err == nil {
				s = next
			}
		}
		want := dump(t, s)
		if diff := cmp.Diff(want, dump(t, waitFor(t, watcher, id, s.Generation))); diff != "" {
			rt.Fatalf("the one that watches differs: %s", diff)
		}
		fresh, err := directory.Open(t.Context(), config(t))
		if err != nil {
			rt.Fatal(err)
		}
		defer fresh.Close()
		loaded, _ := fresh.Account(id)
		if diff := cmp.Diff(want, dump(t, loaded)); diff != "" {
			rt.Fatalf("the one that loads differs: %s", diff)
		}
	})
}

// anyChange draws from few names, so that changes meet: many are refused, which is part of the test.
func anyChange(rt *rapid.T, s *pratique.Snapshot) pratique.Change {
	name := func(of string) string {
		return of + rapid.StringOfN(rapid.RuneFrom([]rune("abA")), 1, 1, -1).Draw(rt, of)
	}
	text := rapid.SampledFrom([]string{"", "one", "two"}).Draw(rt, "text")
	unique := pratique.At(time.Time{}).NewID(pratique.KindSession)
	var put pratique.Put
	switch rapid.IntRange(0, 9).Draw(rt, "what") {
	case 0, 1:
		put = manifest(pratique.KindUser, name("u"), `{"description":"`+text+`"}`)
		if u, ok := s.Users.Name(name("u")); ok && rapid.Bool().Draw(rt, "rename") {
			put.Metadata.ID = u.ID
		}
		return put
	case 2:
		return manifest(pratique.KindGroup, name("g"), `{"description":"`+text+`","members":["`+name("u")+`"]}`)
	case 3:
		return manifest(pratique.KindPolicy, name("p"),
			`{"document":{"Version":"1","Statement":[{"Effect":"Allow","Action":["cs:*","ram:`+text+`*"],"Resource":"*"}]}}`)
	case 4, 5:
		scope := rapid.SampledFrom([]string{`{"account":true}`, `{"enterpriseProject":"default"}`}).Draw(rt, "scope")
		return manifest(pratique.KindGrant, name("grant"), `{"user":"`+name("u")+`","policy":"`+name("p")+`","scope":`+scope+`}`)
	case 6:
		u, ok := s.Users.Name(name("u"))
		if !ok {
			return pratique.OpenBootstrap{Session: pratique.Session{Hash: unique, Expires: time.Unix(1<<32, 0).UTC()}}
		}
		return pratique.OpenSession{Session: pratique.Session{
			Type: pratique.SessionLogin, Principal: pratique.Ref{Kind: pratique.KindUser, ID: u.ID},
			Hash: unique, Expires: time.Unix(1<<32, 0).UTC(),
		}}
	case 7:
		return pratique.AddAccessKey{ID: "k" + unique, User: name("u"), Sealed: []byte(text)}
	case 8:
		u, ok := s.Users.Name(name("u"))
		if !ok {
			return pratique.SetPassword{User: pratique.RootID, Hash: text}
		}
		return pratique.SetPassword{User: u.ID, Hash: text}
	default:
		kind := rapid.SampledFrom([]pratique.Kind{pratique.KindUser, pratique.KindGroup, pratique.KindPolicy, pratique.KindGrant}).Draw(rt, "kind")
		short := map[pratique.Kind]string{pratique.KindUser: "u", pratique.KindGroup: "g", pratique.KindPolicy: "p", pratique.KindGrant: "grant"}
		return pratique.Delete{Kind: kind, Name: name(short[kind]), Cascade: rapid.Bool().Draw(rt, "cascade")}
	}
}
