package pratique_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/pratique-iam/pratique"
)

func policyManifest(actions string) string {
	return fmt.Sprintf(`
kind: Policy
metadata: {name: ops}
spec:
  document: {"Version": "1.1", "Statement": [{"Effect": "Allow", "Action": [%s]}]}`, actions)
}

func TestANewDocumentIsANewVersionInForce(t *testing.T) {
	t.Parallel()
	s, _ := apply(t, newAccount(t), policyManifest(`"cce:cluster:get"`))
	s, _ = apply(t, s, policyManifest(`"cce:cluster:list"`))
	p, _ := s.Policies.Name("ops")
	if p.Default != "v2" || len(p.Versions) != 2 {
		t.Errorf("in force is %s of %d versions, want v2 of 2", p.Default, len(p.Versions))
	}
}

func TestTheSixthVersionMakesRoomAndNumbersGoOn(t *testing.T) {
	t.Parallel()
	s := newAccount(t)
	var plan *pratique.Plan
	for _, action := range []string{"get", "list", "create", "delete", "update", "upgrade"} {
		s, plan = apply(t, s, policyManifest(`"cce:cluster:`+action+`"`))
	}
	p, _ := s.Policies.Name("ops")
	if p.Default != "v6" || len(p.Versions) != 5 || p.Versions[0].ID != "v2" {
		t.Errorf("in force is %s, the oldest of %d is %s", p.Default, len(p.Versions), p.Versions[0].ID)
	}
	if len(plan.Warnings) == 0 || !strings.Contains(plan.Warnings[0], "v1 made room") {
		t.Errorf("nobody was told: %q", plan.Warnings)
	}
	s, _ = apply(t, s, "kind: Policy\nmetadata: {name: ops}\nspec: {defaultVersion: v3}")
	p, _ = s.Policies.Name("ops")
	doc, err := p.Document()
	if err != nil {
		t.Fatal(err)
	}
	if got := doc.Statements[0].Actions[0].Text; got != "cce:cluster:create" {
		t.Errorf("after going back to v3 the policy allows %s", got)
	}
	refuse(t, s, pratique.ErrNotFound, "version v1", puts(t, "kind: Policy\nmetadata: {name: ops}\nspec: {defaultVersion: v1}")...)
}

func TestBadDocumentsAreRefusedWithTheirPlace(t *testing.T) {
	t.Parallel()
	s := newAccount(t)
	for document, sentence := range map[string]string{
		`{"Version":"1.1","Statement":[{"Effect":"Deny","Action":["cce:node:delete"],"Effect":"Allow"}]}`:                                 "Effect",
		`{"Version":"1.1","Statement":[{"Effect":"Allow","Action":["cce:cluster:destroy"]}]}`:                                             "cce:cluster:de",
		`{"Version":"1.1","Statement":[{"Effect":"Allow","Actions":["cce:cluster:get"]}]}`:                                                "Action",
		`"{\n  \"Version\": \"1.1\",\n  \"Statement\": [{\"Effect\":\"Deny\",\"Effect\":\"Allow\",\"Action\":[\"cce:node:delete\"]}]\n}"`: "3:34: error",
		`{"Version":"1.1","Statement":[]}`: ":",
		`{"Version":"1.1","Statement":[{"Effect":"Allow","Action":["iam:users:listUsers","cce:cluster:get"]}]}`: "global",
	} {
		m := pratique.Manifest{APIVersion: pratique.APIVersion, Kind: pratique.KindPolicy, Metadata: pratique.Metadata{Name: "p"}}
		m.Spec = []byte(`{"document":` + document + `}`)
		_, _, err := s.With(pratique.At(noon), pratique.Put{Manifest: m})
		if !errors.Is(err, pratique.ErrInvalid) || !strings.Contains(err.Error(), sentence) {
			t.Errorf("%s\n got %v, want a sentence with %q", document, err, sentence)
		}
	}
}

func TestASystemPolicyIsNobodysToChange(t *testing.T) {
	t.Parallel()
	refuse(t, newAccount(t), pratique.ErrConflict, "is a policy of the system", puts(t, strings.Replace(policyManifest(`"cce:cluster:get"`), "ops", "cce fullaccess", 1))...)
}
