package kube_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/pratique-iam/pratique/internal/kube"
)

// genuine is a review as kube-apiserver 1.36 writes it.
const genuine = `{"kind":"SubjectAccessReview","apiVersion":"authorization.k8s.io/v1","metadata":{"creationTimestamp":null},"spec":{` +
	`"resourceAttributes":{"namespace":"dev","verb":"list","group":"apps","version":"v1","resource":"deployments","subresource":"scale","name":"web",` +
	`"fieldSelector":{"requirements":[{"key":"metadata.name","operator":"In","values":["web"]}]},` +
	`"labelSelector":{"requirements":[{"key":"team","operator":"NotIn","values":["a","b"]},{"key":"x","operator":"Exists"}]}},` +
	`"user":"pratique:usr-a2b3c4d5e6f7g2h3","groups":["pratique:grp-k4x2m6p7q3r5s4t2","system:authenticated"],` +
	`"extra":{"authentication.kubernetes.io/credential-id":["JTI=5f2c1c8e"],"pratique.dev/name":["al\u0131ce \"A\" ☃"],` +
	`"pratique.dev/session":["ses-k4x2m6p7q3r5s4t2"]},"uid":"usr-a2b3c4d5e6f7g2h3"},"status":{"allowed":false}}` + "\n"

func decode(t *testing.T, body string) *kube.Review {
	t.Helper()
	var r kube.Review
	if err := kube.Decode(body, &r); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	return &r
}

// spec puts a review around the members of a spec.
func spec(members string) string {
	return `{"apiVersion":"authorization.k8s.io/v1","kind":"SubjectAccessReview","spec":{` + members + `}}`
}

const pods = `"resourceAttributes":{"verb":"get","resource":"pods"}`

var exported = cmpopts.IgnoreUnexported(kube.Review{})

func TestAReviewOfKubeApiserverIsRead(t *testing.T) {
	t.Parallel()
	want := &kube.Review{
		User: "pratique:usr-a2b3c4d5e6f7g2h3", UID: "usr-a2b3c4d5e6f7g2h3",
		Groups: []string{"pratique:grp-k4x2m6p7q3r5s4t2", "system:authenticated"},
		Extra: []kube.Extra{
			{Key: "authentication.kubernetes.io/credential-id", Values: []string{"JTI=5f2c1c8e"}},
			{Key: "pratique.dev/name", Values: []string{`alıce "A" ☃`}},
			{Key: "pratique.dev/session", Values: []string{"ses-k4x2m6p7q3r5s4t2"}},
		},
		IsResource: true, Namespace: "dev", Verb: "list", Group: "apps", Version: "v1", Resource: "deployments", Subresource: "scale", Name: "web",
		Fields: []kube.Requirement{{Key: "metadata.name", Operator: kube.In, Values: []string{"web"}}},
		Labels: []kube.Requirement{{Key: "team", Operator: kube.NotIn, Values: []string{"a", "b"}}, {Key: "x", Operator: kube.Exists}},
	}
	if diff := cmp.Diff(want, decode(t, genuine), exported); diff != "" {
		t.Error(diff)
	}
}

func TestTheUsualBeginningSparesNoCheck(t *testing.T) {
	t.Parallel()
	if diff := cmp.Diff(decode(t, genuine), decode(t, " "+genuine), exported); diff != "" {
		t.Error(diff)
	}
	const usual = `{"kind":"SubjectAccessReview","apiVersion":"authorization.k8s.io/v1",`
	for rest, says := range map[string]string{
		``:              "a string is expected",
		`}`:             "a string is expected",
		`,"spec":{}}`:   "a string is expected",
		`"kind":"Pod"}`: `"kind" stands twice`,
		`"apiVersion":"authorization.k8s.io/v1","spec":{` + pods + `}}`: `"apiVersion" stands twice`,
		`"Kind":"Pod","spec":{` + pods + `}}`:                           `must be written "kind"`,
		`"spec":{` + pods + `},"spec":{}}`:                              `"spec" stands twice`,
		`"spec":{` + pods + `}}}`:                                       "the end is expected",
	} {
		var r kube.Review
		if err := kube.Decode(usual+rest, &r); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: error %v, want %s", rest, err, says)
		}
	}
}

func TestAStringEndsWhereItsQuotationMarkStands(t *testing.T) {
	t.Parallel()
	for _, special := range []string{"", `\"`, `\\`, `\u2603`, "☃", "\x7f", "\x1f", "\x00", "\xff", "~", "<"} {
		for before := range 20 {
			for after := range 10 {
				text := `"` + strings.Repeat("a", before) + special + strings.Repeat("z", after) + `"`
				var want string
				wrong := json.Unmarshal([]byte(text), &want)
				var r kube.Review
				err := kube.Decode(spec(pods+`,"uid":`+text), &r)
				if (err == nil) != (wrong == nil) || r.UID != want {
					t.Fatalf("%q: got %q (%v), want %q (%v)", text, r.UID, err, want, wrong)
				}
			}
		}
	}
}

func TestWhatIsNoReviewIsRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ body, says string }{
		"nothing":                       {"", "invalid JSON at byte 0"},
		"half":                          {genuine[:len(genuine)/2], "invalid JSON"},
		"something behind it":           {strings.TrimSpace(genuine) + "{}", "the end is expected"},
		"the older version":             {strings.Replace(genuine, "k8s.io/v1", "k8s.io/v1beta1", 1), "subjectAccessReviewVersion: v1"},
		"no version":                    {`{"kind":"SubjectAccessReview","spec":{` + pods + `}}`, "is expected"},
		"another kind":                  {strings.Replace(genuine, "SubjectAccessReview", "TokenReview", 1), `"TokenReview"`},
		"the user twice":                {spec(pods + `,"user":"a","user":"b"`), `"user" stands twice`},
		"the spec twice":                {`{"spec":{},"spec":{}}`, `"spec" stands twice`},
		"the verb twice":                {spec(`"resourceAttributes":{"verb":"get","verb":"list"}`), `"verb" stands twice`},
		"the user twice, by an escape":  {spec(pods + `,"user":"a","us\u0065r":"b"`), `"user" stands twice`},
		"an extra twice":                {spec(pods + `,"extra":{"a":["1"],"a":["2"]}`), `"a" stands twice`},
		"the user in capitals":          {spec(pods + `,"User":"a"`), `must be written "user"`},
		"the spec in capitals":          {`{"Spec":{}}`, `must be written "spec"`},
		"the verb by a long s":          {spec(`"re\u017fourceAttributes":{}`), `must be written "resourceAttributes"`},
		"a number for a name":           {spec(`"user":1`), "a string is expected"},
		"a text for groups":             {spec(`"groups":"a"`), "[ is expected"},
		"bad UTF-8":                     {spec("\"user\":\"\xff\""), "UTF-8"},
		"half a surrogate":              {spec(`"user":"\ud800"`), "UTF-8"},
		"a raw line end in a text":      {spec("\"user\":\"a\nb\""), "UTF-8"},
		"an escape that does not exist": {spec(`"user":"\x"`), "UTF-8"},
		"a value that is none":          {spec(`"foo":nul`), "a value is expected"},
		"a comma too many":              {spec(pods + `,`), "a string is expected"},
		"deep nesting":                  {spec(`"foo":` + strings.Repeat("[", 40)), "deep"},
	} {
		var r kube.Review
		if err := kube.Decode(c.body, &r); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: got error %v, want one with %q", name, err, c.says)
		}
	}
}

func TestWhatCannotBeAllowedIsRefusedInAnAnswer(t *testing.T) {
	t.Parallel()
	many := func(n int, format string) string {
		var b strings.Builder
		for i := range n {
			if i > 0 {
				b.WriteByte(',')
			}
			fmt.Fprintf(&b, format, i)
		}
		return b.String()
	}
	for name, c := range map[string]struct{ members, says string }{
		"both attributes":         {pods + `,"nonResourceAttributes":{"path":"/healthz","verb":"get"}`, "one of the two"},
		"neither":                 {`"user":"pratique:x"`, "one of the two"},
		"nulls":                   {`"resourceAttributes":null,"nonResourceAttributes":null`, "one of the two"},
		"100,000 extras":          {pods + `,"extra":{` + many(100_000, `"e%d":["x"]`) + `}`, "too many extras"},
		"many values of one":      {pods + `,"extra":{"a":[` + many(65, `"%d"`) + `]}`, "too many values"},
		"many groups":             {pods + `,"groups":[` + many(1025, `"g%d"`) + `]`, "too many groups"},
		"many requirements":       {`"resourceAttributes":{"labelSelector":{"requirements":[` + many(65, `{"key":"k%d","operator":"Exists"}`) + `]}}`, "too many requirements"},
		"many values of a key":    {`"resourceAttributes":{"labelSelector":{"requirements":[{"key":"a","operator":"In","values":[` + many(257, `"%d"`) + `]}]}}`, "too many values"},
		"many unknown members":    {pods + `,` + many(17, `"x%d":1`), "not known"},
		"no spec is like neither": {"", "one of the two"},
	} {
		if r := decode(t, spec(c.members)); !strings.Contains(r.Refused, c.says) {
			t.Errorf("%s: refused because %q, want %q", name, r.Refused, c.says)
		}
	}
	if r := decode(t, genuine); r.Refused != "" {
		t.Errorf("a good review is refused: %s", r.Refused)
	}
}

func TestMembersOfANewerKubeApiserverAreAcceptedAndNoted(t *testing.T) {
	t.Parallel()
	r := decode(t, `{"apiVersion":"authorization.k8s.io/v1","kind":"SubjectAccessReview","options":[1,{"a":null}],"spec":{"cel":{"a":[true,-1.5e3]},`+
		`"resourceAttributes":{"verb":"list","resource":"pods","shard":"x","labelSelector":{"requirements":[`+
		`{"key":"team","negate":true,"operator":"In","values":["a"]},{"key":"tier","operator":"In","values":["web"]}]}}}}`)
	want := []string{"spec.cel", "spec.resourceAttributes.shard", "spec.resourceAttributes.selector.requirements.negate"}
	if diff := cmp.Diff(want, r.Unknown); diff != "" {
		t.Error(diff)
	}
	if got := r.Labels[0].Operator; got != "" {
		t.Errorf("a requirement that is not understood narrows by %q", got)
	}
	if got := r.Labels[1].Operator; got != kube.In {
		t.Errorf("the one behind it has operator %q", got)
	}
}

func TestAReviewKeepsNothingOfTheOneBefore(t *testing.T) {
	t.Parallel()
	var r kube.Review
	for _, body := range []string{genuine, spec(pods + `,"unknown":1,"extra":{"pratique.dev/session":[]}`), spec(pods)} {
		if err := kube.Decode(body, &r); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(decode(t, body), &r, exported, cmpopts.EquateEmpty()); diff != "" {
			t.Error(diff)
		}
	}
}

// FuzzDecode holds the reader against a general one: what it accepts, that accepts as well, and reads the same.
func FuzzDecode(f *testing.F) {
	for _, s := range []string{genuine, spec(pods), spec(`"user":"\u00e9\ud83d\ude00","groups":null,"extra":{"a":null}`), spec(`"x":[{"y":1e5}]`), "{}"} {
		f.Add(s)
	}
	type selector struct {
		Requirements []struct {
			Key      string   `json:"key"`
			Operator string   `json:"operator"`
			Values   []string `json:"values"`
		} `json:"requirements"`
	}
	type other struct {
		APIVersion string `json:"apiVersion"`
		Kind       string `json:"kind"`
		Spec       struct {
			User               string              `json:"user"`
			UID                string              `json:"uid"`
			Groups             []string            `json:"groups"`
			Extra              map[string][]string `json:"extra"`
			ResourceAttributes struct {
				Namespace, Verb, Group, Version, Resource, Subresource, Name string
				FieldSelector, LabelSelector                                 selector
			} `json:"resourceAttributes,case:ignore"`
			NonResourceAttributes struct {
				Path string `json:"path"`
				Verb string `json:"verb"`
			} `json:"nonResourceAttributes"`
		} `json:"spec"`
	}
	f.Fuzz(func(t *testing.T, body string) {
		var r kube.Review
		if err := kube.Decode(body, &r); err != nil {
			return
		}
		var want other
		if err := json.Unmarshal([]byte(body), &want, jsontext.AllowDuplicateNames(true), json.MatchCaseInsensitiveNames(true)); err != nil {
			t.Fatalf("accepted, and another reader says: %v", err)
		}
		if r.Refused != "" {
			return
		}
		if r.User != want.Spec.User || r.UID != want.Spec.UID {
			t.Errorf("user %q %q, want %q %q", r.User, r.UID, want.Spec.User, want.Spec.UID)
		}
		if diff := cmp.Diff(want.Spec.Groups, r.Groups, cmpopts.EquateEmpty()); diff != "" {
			t.Error(diff)
		}
		extra := map[string][]string{}
		for _, e := range r.Extra {
			extra[e.Key] = e.Values
		}
		if diff := cmp.Diff(want.Spec.Extra, extra, cmpopts.EquateEmpty()); diff != "" {
			t.Error(diff)
		}
		a := want.Spec.ResourceAttributes
		if !r.IsResource {
			if r.Path != want.Spec.NonResourceAttributes.Path || r.Verb != want.Spec.NonResourceAttributes.Verb {
				t.Errorf("%s %s, want %+v", r.Verb, r.Path, want.Spec.NonResourceAttributes)
			}
			return
		}
		got := []string{r.Namespace, r.Verb, r.Group, r.Version, r.Resource, r.Subresource, r.Name}
		if diff := cmp.Diff([]string{a.Namespace, a.Verb, a.Group, a.Version, a.Resource, a.Subresource, a.Name}, got); diff != "" {
			t.Error(diff)
		}
		if len(r.Fields) != len(a.FieldSelector.Requirements) || len(r.Labels) != len(a.LabelSelector.Requirements) {
			t.Errorf("%d and %d requirements, want %d and %d", len(r.Fields), len(r.Labels), len(a.FieldSelector.Requirements), len(a.LabelSelector.Requirements))
		}
	})
}

// BenchmarkDecode reads a review as kube-apiserver writes it.
func BenchmarkDecode(b *testing.B) {
	var r kube.Review
	b.SetBytes(int64(len(genuine)))
	b.ReportAllocs()
	for b.Loop() {
		if err := kube.Decode(genuine, &r); err != nil {
			b.Fatal(err)
		}
	}
}
