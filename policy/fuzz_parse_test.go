package policy

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
)

// attacks are texts that have broken readers of policies: duplicate and differently-cased members, a second Statement, what follows the end.
func attacks() []string {
	deny := `"Effect":"Deny","Action":"cs:*","Resource":"*"`
	return []string{
		ram(deny),
		ram(deny + `,"Effect":"Allow"`),
		ram(deny + `,"effect":"Allow"`),
		`{"Version":"1","Statement":[{` + deny + `}],"Statement":[{"Effect":"Allow"}]}`,
		`{"Version":"1","Statement":[{` + deny + `}],"STATEMENT":[]}`,
		"{\"Version\":\"1\",\"Statement\":[{" + deny + "}],\"\u017ftatement\":[]}",
		`{"Version":"1","Statement":[{` + deny + `}],"\u017ftatement":[]}`,
		ram(deny) + ram(deny),
		ram(deny) + "\x00",
		"\ufeff" + ram(deny),
		ram(deny + `,"Condition":{"StringEquals":{"a":"` + "\xff" + `"}}`),
		ram(deny + `,"Condition":{"StringEquals":{"a":"\ud800","A":["\u0000\ud83d\ude00"]}}`),
		strings.Repeat("[", 10000),
		strings.Repeat(`{"a":`, 100),
		`{"Version":"1.1","Statement":[{"Effect":"allow","Action":["cce:*:get","a:b:${x}"],"Resource":["obs:*:*:bucket:${g:UserName, 'x''y'}/${*}"],"Condition":{"ForAnyValue:StringMatchIfExists":{"g:K":["a*${k}"]},"Null":{"g:K":["false"]}}}]}`,
		`{"Version":"1.0","Statement":[{"Effect":"Allow","Action":["*","identity:assume role","::Get"]}],"Depends":[{"catalog":"BASE","display_name":"Tenant Guest"}]}`,
		`{"Version":"1.1","Statement":[{"Effect":"Allow","Action":["iam:tokens:assume"],"Resource":{"uri":["/iam/agencies/x"]}}]}`,
		ram(`"Effect":"Allow","Action":["sts:AssumeRole"],"Principal":{"RAM":["acs:ram::1:root"],"Service":"x.aliyuncs.com"},"Condition":{"DateLessThan":{"acs:CurrentTime":"2012-11-11T23:59Z"},"IpAddress":{"acs:SourceIp":["::ffff:10.0.0.0/104"]}}`),
		ram(`"NotAction":["ram:*"],"NotResource":["acs:**"],"Effect":"Deny","Condition":{"NumericEquals":{"a":"-0.0"}}`),
		"{\n\t\"Version\" : \"1\" ,\r\n \"Statement\":[ ]}",
		`{"Version":1e400,"Statement":null}`,
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range attacks() {
		for kind := range uint8(4) {
			f.Add([]byte(text), kind)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte, kind uint8) {
		p := Parser{Kind: Kind(kind % 4)}
		doc, err := p.Parse(data)
		if err != nil {
			checkRefusal(t, data, doc, err)
			return
		}
		if !json.Valid(data) || !jsontext.Value(bytes.Clone(data)).IsValid() {
			t.Fatalf("accepted, and is not strict JSON: %q", data)
		}
		checkCanonical(t, p, doc)
		checkPositions(t, data, doc)
		for _, warning := range Lint(doc) {
			checkPlace(t, data, warning.Pos)
		}
		formatted := Parser{Kind: p.Kind, Limits: func(d Dialect) Limits {
			l := DefaultLimits(d)
			l.Characters, l.SessionCharacters, l.TrustCharacters, l.Bytes = NoLimit, NoLimit, NoLimit, NoLimit
			return l
		}}
		again, err := formatted.Parse(doc.Format())
		if err != nil || !bytes.Equal(again.Canonical(), doc.Canonical()) {
			t.Fatalf("formatted form says something else: %v\n%s", err, doc.Format())
		}
	})
}

// checkRefusal checks what every refusal promises: no document, a reason and a class for each problem, and places in the text in rising order.
func checkRefusal(t *testing.T, data []byte, doc *Document, err error) {
	t.Helper()
	refused, ok := errors.AsType[*Error](err)
	if !ok || doc != nil || len(refused.Problems) == 0 || len(refused.Problems) > maxProblems {
		t.Fatalf("document %v, error %v", doc, err)
	}
	last := int32(0)
	for _, p := range refused.Problems {
		if p.Severity != Fatal || p.Class == "" || p.Message == "" || p.Pos.Offset < last {
			t.Fatalf("problem %+v", p)
		}
		last = p.Pos.Offset
		checkPlace(t, data, p.Pos)
	}
}

// checkPlace counts line and column afresh.
func checkPlace(t *testing.T, data []byte, pos Position) {
	t.Helper()
	if int(pos.Offset) > len(data) {
		t.Fatalf("%+v lies behind the text", pos)
	}
	before := data[:pos.Offset]
	line := 1 + bytes.Count(before, []byte("\n"))
	column := len(before) - bytes.LastIndexByte(before, '\n')
	if int(pos.Line) != line || int(pos.Column) != column {
		t.Fatalf("%+v is at %d:%d", pos, line, column)
	}
}

// checkPositions checks that every element stands where its position says.
func checkPositions(t *testing.T, data []byte, doc *Document) {
	t.Helper()
	check := func(pos Position, want string) {
		t.Helper()
		checkPlace(t, data, pos)
		v, err := jsontext.NewDecoder(bytes.NewReader(data[pos.Offset:])).ReadToken()
		if err != nil || v.String() != want {
			t.Fatalf("%+v should hold %q, holds %q (%v)", pos, want, v.String(), err)
		}
	}
	for _, s := range doc.Statements {
		check(s.Pos, "{")
		for _, list := range [][]Value{s.Actions, s.NotActions, s.Resources, s.NotResources, s.URIs} {
			for _, v := range list {
				check(v.Pos, v.Text)
			}
		}
		for _, p := range s.Principals {
			check(p.Pos, p.ID)
		}
		for _, c := range s.Conditions {
			check(c.Pos, c.Key)
			for _, v := range c.Values {
				check(v.Pos, v.Text)
			}
		}
	}
	for _, d := range doc.Depends {
		check(d.Pos, "{")
	}
}

func FuzzTemplate(f *testing.F) {
	for _, text := range []string{"a*?**", "${k}", "${k, 'x''}y'}z", "${*}${?}${$}", "${", "$$"} {
		f.Add(text, true, true)
	}
	f.Fuzz(func(t *testing.T, text string, variables, wildcards bool) {
		parts, err := parseTemplate(text, variables, wildcards)
		if err != nil {
			if !variables {
				t.Fatalf("%q without variables: %v", text, err)
			}
			return
		}
		for i, p := range parts {
			set := 0
			for _, is := range []bool{p.lit != "", p.wild != 0, p.key != ""} {
				if is {
					set++
				}
			}
			if set != 1 || p.hasDef && p.key == "" || i > 0 && p.lit != "" && parts[i-1].lit != "" {
				t.Fatalf("%q: part %d of %+v", text, i, parts)
			}
		}
	})
}
