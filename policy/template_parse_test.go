package policy

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTemplatesAreTakenApart(t *testing.T) {
	t.Parallel()
	lit := func(s string) part { return part{lit: s} }
	for _, c := range []struct {
		text                 string
		variables, wildcards bool
		want                 []part
	}{
		{"", true, true, nil},
		{"a*?**b", true, true, []part{lit("a"), {wild: '*'}, {wild: '?'}, {wild: '*'}, lit("b")}},
		{"a*?", true, false, []part{lit("a*?")}},
		{"home/${g:UserName}/*", true, true, []part{lit("home/"), {key: "g:UserName"}, lit("/"), {wild: '*'}}},
		{"${g:UserName}", false, true, []part{lit("${g:UserName}")}},
		{"${ g:UserName , 'it''s } a, b' }x", true, true, []part{{key: "g:UserName", def: "it's } a, b", hasDef: true}, lit("x")}},
		{"${k, ''}", true, true, []part{{key: "k", hasDef: true}}},
		{"a${*}b${?}${$}{c}$", true, true, []part{lit("a*b?${c}$")}},
		{"$x$$", true, true, []part{lit("$x$$")}},
		{"${$}{x}", true, true, []part{lit("${x}")}},
		{"${k, '*'}", true, true, []part{{key: "k", def: "*", hasDef: true}}},
		{"é${k}", true, false, []part{lit("é"), {key: "k"}}},
	} {
		got, err := parseTemplate(c.text, c.variables, c.wildcards)
		if err != nil {
			t.Errorf("%q: %v", c.text, err)
		}
		if diff := cmp.Diff(c.want, got, cmp.AllowUnexported(part{})); diff != "" {
			t.Errorf("%q:\n%s", c.text, diff)
		}
	}
}

func TestMalformedVariablesAreRefused(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"${", "${}", "${ }", "${k", "${k,", "${k,}", "${k, x}", "${k, 'x}", "${k, 'x'", "${k, 'x' y}", "${k, 'x''}", "${a b}", "${${k}}", "${k*}", "${,'x'}", "${'k'}",
	} {
		if parts, err := parseTemplate(text, true, true); err == nil {
			t.Errorf("%q is taken for %+v", text, parts)
		}
		if _, err := parseTemplate(text, false, true); err != nil {
			t.Errorf("%q is only text where there are no variables: %v", text, err)
		}
	}
}
