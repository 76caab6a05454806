package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pratique-iam/pratique"
)

// names lists what a file holds, with the places.
func names(t *testing.T, text string) []string {
	t.Helper()
	docs, err := parseManifests("f", []byte(text))
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	var out []string
	for _, d := range docs {
		out = append(out, strings.TrimPrefix(d.place, "f: ")+": "+string(d.manifest.Kind)+" "+d.manifest.Metadata.Name)
	}
	return out
}

func TestFilesHoldSeveralManifests(t *testing.T) {
	t.Parallel()
	const user = "apiVersion: pratique.dev/v1\nkind: User\nmetadata: {name: %}\n"
	one, two := strings.ReplaceAll(user, "%", "a"), strings.ReplaceAll(user, "%", "b")
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"one":                  {one, []string{"document 1 (line 1): User a"}},
		"two":                  {one + "---\n" + two, []string{"document 1 (line 1): User a", "document 2 (line 5): User b"}},
		"empty ones":           {"---\n---\n# nothing\n---\n" + one + "---\n", []string{"document 1 (line 5): User a"}},
		"windows and a mark":   {"\ufeff" + strings.ReplaceAll(one+"---\n"+two, "\n", "\r\n"), []string{"document 1 (line 1): User a", "document 2 (line 5): User b"}},
		"end marker":           {one + "...\n---\n" + two, []string{"document 1 (line 1): User a", "document 2 (line 6): User b"}},
		"comment after marker": {"--- # first\n" + one, []string{"document 1 (line 2): User a"}},
		"content after marker": {"--- {apiVersion: pratique.dev/v1, kind: User, metadata: {name: a}}\n", []string{"document 1 (line 1): User a"}},
		"no newline at the end": {
			strings.TrimSuffix(one, "\n"), []string{"document 1 (line 1): User a"},
		},
		"marker inside a text": {
			"apiVersion: pratique.dev/v1\nkind: User\nmetadata: {name: a}\nspec:\n  description: |\n    --- not a marker\n",
			[]string{"document 1 (line 1): User a"},
		},
		"JSON after JSON": {
			`{"apiVersion":"pratique.dev/v1","kind":"User","metadata":{"name":"a"}}` + "\n" + `{"apiVersion":"pratique.dev/v1","kind":"User","metadata":{"name":"\ud83d\ude00"}}`,
			[]string{"document 1 (line 1): User a", "document 2 (line 1): User 😀"},
		},
		"list": {
			"kind: List\napiVersion: pratique.dev/v1\nitems:\n- {apiVersion: pratique.dev/v1, kind: User, metadata: {name: a}}\n- {apiVersion: pratique.dev/v1, kind: Group, metadata: {name: g}}\n",
			[]string{"document 1 (line 1) item 1: User a", "document 1 (line 1) item 2: Group g"},
		},
	} {
		if diff := cmp.Diff(c.want, names(t, c.text)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestManifestsAreReadStrictly(t *testing.T) {
	t.Parallel()
	const head = "apiVersion: pratique.dev/v1\nkind: User\n"
	for name, c := range map[string]struct{ text, want string }{
		"key twice":            {head + "metadata: {name: a}\nkind: Group\n", `line 4: key "kind" stands twice`},
		"key twice, deep":      {head + "metadata:\n  name: a\n  name: b\n", `line 5: key "name" stands twice`},
		"unknown member":       {head + "metadata: {nome: a}\n", "unknown member metadata.nome"},
		"other case":           {head + "Metadata: {name: a}\n", "unknown member Metadata"},
		"JSON key twice":       {`{"kind":"User","kind":"Group"}`, "line 1: duplicate"},
		"boolean for a name":   {head + "metadata: {name: yes}\n", "metadata.name: a JSON true does not fit here"},
		"not an object":        {"just text\n", "document"},
		"line of a later one":  {head + "metadata: {name: a}\n---\n\n" + head + "metadata: {name: a\n", "document 2: line 8"},
		"unknown list member":  {"kind: List\nitms: []\n", "unknown member itms"},
		"list in a list, deep": {"kind: List\nitems:\n- {kind: User, metadata: {nam: a}}\n", "item 1: unknown member metadata.nam"},
	} {
		_, err := parseManifests("f", []byte(c.text))
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "f: document ") {
			t.Errorf("%s: error %v, want one with %q", name, err, c.want)
		}
	}
}

// TestPrintedManifestsReadAgain: what get and export print is what apply reads, whatever the values look like.
func TestPrintedManifestsReadAgain(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"alice", "1234", "true", "null", "1e3", "0x10", "~", "a: b", "- x", "# y", "'q'", `"d"`, "ünï", "a\u202eb", "  ", "2026-11-21", "=", "|", "---"} {
		m := pratique.Manifest{
			APIVersion: pratique.APIVersion, Kind: pratique.KindUser, Metadata: pratique.Metadata{Name: name},
			Spec: []byte(`{"description":"a\nb\n---\nc","big":12345678901234567890}`),
		}
		for _, write := range []func(any) ([]byte, error){toJSON, toYAML} {
			for _, value := range []any{m, listOf([]pratique.Manifest{m})} {
				text, err := write(value)
				if err != nil {
					t.Fatal(err)
				}
				docs, err := parseManifests("f", text)
				if err != nil || len(docs) != 1 {
					t.Errorf("%q: %d manifests, %v, from\n%s", name, len(docs), err, text)
					continue
				}
				if got := docs[0].manifest; got.Metadata.Name != name || got.Kind != m.Kind || !strings.Contains(string(got.Spec), `a\nb\n---\nc`) {
					t.Errorf("%q came back as %+v from\n%s", name, got, text)
				}
			}
		}
	}
}

func TestPartsKeepWhatIsNamedBeforeWhatNamesIt(t *testing.T) {
	t.Parallel()
	var list changeList
	var steps []pratique.Step
	add := func(k pratique.Kind, name string, v pratique.Verb) {
		list.put(pratique.Manifest{Kind: k, Metadata: pratique.Metadata{Name: name}})
		steps = append(steps, pratique.Step{Verb: v, Kind: k, Name: name})
	}
	add(pratique.KindGrant, "grant", pratique.Create)
	add(pratique.KindGroup, "group", pratique.Update)
	for i := range 240 {
		v := pratique.Create
		if i%10 == 0 {
			v = pratique.Unchanged
		}
		add(pratique.KindUser, strings.Repeat("u", i+1), v)
	}
	parts := split(list, steps)
	total := 0
	for _, p := range parts {
		total += len(p.manifests)
		if len(p.manifests) > partSize {
			t.Errorf("a part holds %d manifests", len(p.manifests))
		}
	}
	if total != 218 {
		t.Errorf("%d manifests in all parts, want the 218 that change", total)
	}
	last := parts[len(parts)-1].manifests
	if n := len(last); last[n-1].Kind != pratique.KindGrant || last[n-2].Kind != pratique.KindGroup {
		t.Errorf("the last part ends with %v, %v", last[n-2].Kind, last[n-1].Kind)
	}
	if parts := split(changeList{manifests: list.manifests[:122]}, steps[:122]); len(parts) != 1 {
		t.Errorf("%d parts for %d changes, want one transaction", len(parts), countSteps(steps[:122]).changed())
	}
}
