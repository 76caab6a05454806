package policy

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// checkCanonical checks the promise of Canonical on an accepted document.
func checkCanonical(t *testing.T, p Parser, doc *Document) {
	t.Helper()
	canonical := doc.Canonical()
	again, err := p.Parse(canonical)
	if err != nil {
		t.Fatalf("canonical form is refused: %v\n%s", err, canonical)
	}
	if diff := cmp.Diff(doc, again, cmpopts.IgnoreTypes(Position{}), cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("canonical form says something else (-document +canonical):\n%s", diff)
	}
	if twice := again.Canonical(); !bytes.Equal(canonical, twice) {
		t.Fatalf("canonical form is not stable:\n%s\n%s", canonical, twice)
	}
}

func TestCanonicalHasOneSpellingPerMeaning(t *testing.T) {
	t.Parallel()
	const want = `{"Version":"1","Statement":[{"Effect":"Allow","Action":["cs:Get*","cs:List*"],"Resource":"*","Condition":{"StringLike":{"acs:UserAgent":"a*"}}}]}`
	for _, text := range []string{
		want,
		`{"Statement":[{"Resource":["*"],"Action":["cs:Get*","cs:List*"],"Condition":{"StringLike":{"acs:UserAgent":["a*"]}},"Effect":"Allow"}],"Version":"1"}`,
		"{\n \"Version\": \"1\",\n \"Statement\": [{\"Effect\":\"\\u0041llow\",\"Action\":[\"cs:Get*\",\"cs:List*\"],\"Resource\":\"*\",\"Condition\":{\"StringLike\":{\"acs:UserAgent\":\"a*\"}}}]}\n",
	} {
		if got := string(mustParse(t, Parser{}, text).Canonical()); got != want {
			t.Errorf("canonical form of %s:\n%s", text, got)
		}
	}
}

func TestCanonicalCapitalisesHuaweiEffects(t *testing.T) {
	t.Parallel()
	got := string(mustParse(t, Parser{}, `{"Version":"1.1","Statement":[{"Effect":"dEnY","Action":["cce:node:delete"]}]}`).Canonical())
	if want := `{"Version":"1.1","Statement":[{"Effect":"Deny","Action":["cce:node:delete"]}]}`; got != want {
		t.Errorf("got %s", got)
	}
}

func TestCanonicalKeepsEveryMember(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind Kind
		text string
	}{
		{Identity, `{"Version":"1","Statement":[{"Effect":"Deny","NotAction":"cs:*","NotResource":"acs:cs:*:*:cluster/a"}]}`},
		{Identity, `{"Version":"1.1","Statement":[{"Effect":"Allow","Action":["iam:agencies:assume"],"Resource":{"uri":["/iam/agencies/x"]}}]}`},
		{Trust, `{"Version":"1","Statement":[{"Effect":"Allow","Principal":{"RAM":"acs:ram::1:root","Service":["a.aliyuncs.com","b.aliyuncs.com"]},"Action":"sts:AssumeRole"}]}`},
		{System, `{"Version":"1.0","Statement":[{"Effect":"Allow","Action":["*"]},{"Effect":"Deny","Action":["identity:*"]}],"Depends":[{"catalog":"BASE","display_name":"Tenant Guest"}]}`},
	} {
		if got := string(mustParse(t, Parser{Kind: c.kind}, c.text).Canonical()); got != c.text {
			t.Errorf("canonical form of\n%s is\n%s", c.text, got)
		}
	}
}

func TestDocumentAtTheCharacterLimitStaysWithinItInCanonicalForm(t *testing.T) {
	t.Parallel()
	head, tail := `{"Version":"1","Statement":[{"Effect":"Allow","Resource":"*","Action":"cs:Get`, `"}]}`
	text := head + strings.Repeat("x", 6144-len(head)-len(tail)) + tail
	checkCanonical(t, Parser{}, mustParse(t, Parser{}, text))
}

func TestFormatIsTheSameDocumentIndented(t *testing.T) {
	t.Parallel()
	doc := mustParse(t, Parser{}, `{"Version":"1.1","Statement":[{"Effect":"Deny","Action":["cce:node:delete"]}]}`)
	const want = `{
  "Version": "1.1",
  "Statement": [
    {
      "Effect": "Deny",
      "Action": [
        "cce:node:delete"
      ]
    }
  ]
}
`
	if diff := cmp.Diff(want, string(doc.Format())); diff != "" {
		t.Error(diff)
	}
}

func mustParse(t *testing.T, p Parser, text string) *Document {
	t.Helper()
	doc, err := p.Parse([]byte(text))
	if err != nil {
		t.Fatalf("%s\nis refused: %v", text, err)
	}
	return doc
}
