package console

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pratique-iam/pratique/catalog"
	"github.com/pratique-iam/pratique/policy"
)

// formOf is the form that a browser would send for a document.
func formOf(v visual) url.Values {
	form := url.Values{"language": {v.Version}, "statements": {fmt.Sprint(len(v.Statements))}}
	for i, s := range v.Statements {
		set := func(name, value string) { form.Set(fmt.Sprintf("s%d.%s", i, name), value) }
		set("effect", s.Effect)
		// Browsers send the lines of a text area with CRLF.
		set("actions", strings.ReplaceAll(s.Actions, "\n", "\r\n"))
		set("resources", strings.ReplaceAll(s.Resources, "\n", "\r\n"))
		if s.Except {
			set("except", "on")
		}
		switch {
		case s.Not:
			set("resourceForm", "not")
		case s.URIs:
			set("resourceForm", "uri")
		}
		set("conditions", fmt.Sprint(len(s.Conditions)))
		for j, c := range s.Conditions {
			set(fmt.Sprintf("c%d.operator", j), c.Operator)
			set(fmt.Sprintf("c%d.key", j), c.Key)
			set(fmt.Sprintf("c%d.values", j), strings.ReplaceAll(c.Values, "\n", "\r\n"))
		}
	}
	return form
}

func throughTheForm(d *policy.Document) []byte {
	v := visualForm(formOf(visualOf(d)))
	v.Depends = d.Depends
	return v.document().Canonical()
}

func TestTheVisualEditorLosesNothingOfSystemPolicies(t *testing.T) {
	t.Parallel()
	rows, err := catalog.Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range rows.Policies {
		if diff := cmp.Diff(string(p.Document.Canonical()), string(throughTheForm(p.Document))); diff != "" {
			t.Errorf("%s (-document +form):\n%s", p.Name, diff)
		}
	}
}

func TestTheVisualEditorLosesNothingOfPublishedPolicies(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../../shared/corpora/*/*.json")
	if err != nil || len(files) == 0 {
		t.Skip("the corpora of published policies are not beside this repository")
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		d, err := policy.Parse(data)
		if err != nil {
			continue // the corpora hold documents that are refused; policy's own tests count them
		}
		if diff := cmp.Diff(string(d.Canonical()), string(throughTheForm(d))); diff != "" {
			t.Errorf("%s (-document +form):\n%s", filepath.Base(name), diff)
		}
	}
}

func TestTickedActionsAreInTheListAndOthersOfTheOfferAreNot(t *testing.T) {
	t.Parallel()
	row := visualStatement{Actions: "cce:cluster:get\ncce:node:list\nevs:*:*"}
	row.pick([]string{"cce:cluster:get", "cce:node:list", "cce:node:get"}, []string{"cce:node:list", "cce:node:get"})
	if diff := cmp.Diff("cce:node:list\nevs:*:*\ncce:node:get", row.Actions); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestButtonsOfTheEditorAddAndRemove(t *testing.T) {
	t.Parallel()
	v := visual{Version: "1.1"}
	for _, do := range []string{"add-statement", "add-statement", "add-condition 1", "remove-statement 0", "remove-condition 0 7", "remove-statement 9", "nonsense"} {
		v.edit(do)
	}
	if len(v.Statements) != 1 || v.Statements[0].N != 0 || len(v.Statements[0].Conditions) != 1 {
		t.Errorf("got %+v", v)
	}
}
