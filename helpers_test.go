package pratique_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/catalog"
	"github.com/pratique-iam/pratique/internal/strictjson"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func newAccount(t *testing.T) *pratique.Snapshot {
	t.Helper()
	c, err := catalog.Load()
	if err != nil {
		t.Fatal(err)
	}
	rules := pratique.NewRules(c, "local-1", "eu-1")
	account := pratique.Account{Meta: pratique.Meta{ID: "1000000000000001", Name: "acme"}}
	s, _, err := pratique.Found(rules, account, pratique.At(noon), pratique.Session{Hash: "h", Expires: noon.Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// puts reads manifests as people write them.
func puts(t *testing.T, text string) []pratique.Change {
	t.Helper()
	var out []pratique.Change
	for doc := range strings.SplitSeq(text, "\n---\n") {
		if strings.TrimSpace(doc) == "" {
			continue
		}
		data, err := yaml.YAMLToJSONStrict([]byte("apiVersion: pratique.dev/v1\n" + doc))
		if err != nil {
			t.Fatal(err)
		}
		var m pratique.Manifest
		if err := strictjson.Unmarshal(data, &m); err != nil {
			t.Fatal(err)
		}
		out = append(out, pratique.Put{Manifest: m})
	}
	return out
}

func apply(t *testing.T, s *pratique.Snapshot, text string) (*pratique.Snapshot, *pratique.Plan) {
	t.Helper()
	next, plan, err := s.With(pratique.At(noon), puts(t, text)...)
	if err != nil {
		t.Fatalf("apply: %v", err)
	}
	return next, plan
}

func refuse(t *testing.T, s *pratique.Snapshot, kind error, sentence string, changes ...pratique.Change) {
	t.Helper()
	_, _, err := s.With(pratique.At(noon), changes...)
	if !errors.Is(err, kind) || !strings.Contains(err.Error(), sentence) {
		t.Errorf("got %v, want %v saying %q", err, kind, sentence)
	}
}

// people is a small directory that most tests start from.
const people = `
kind: User
metadata: {name: alice}
---
kind: User
metadata: {name: bob}
---
kind: Group
metadata: {name: viewers}
spec: {members: [alice]}
---
kind: Policy
metadata: {name: deny-node-deletion}
spec:
  document: {"Version": "1.1", "Statement": [{"Effect": "Deny", "Action": ["cce:node:delete"]}]}
---
kind: Grant
metadata: {name: viewers-read}
spec: {group: viewers, policy: CCE ReadOnlyAccess, scope: {project: local-1}}
`
