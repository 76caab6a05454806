package chart_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/internal/chart"
)

const configMap = `apiVersion: v1
kind: ConfigMap
metadata: {name: {{ .Release.Name }}}
data: {a: {{ .Values.a | quote }}}
`

func render(tb testing.TB, o chart.Order) (*chart.Rendered, error) {
	tb.Helper()
	if o.Release == "" {
		o.Release, o.Namespace, o.Revision = "shop", "dev", 1
	}
	return chart.Render(tb.Context(), &o)
}

func TestTemplatesSeeTheReleaseAndItsValues(t *testing.T) {
	t.Parallel()
	data := web(t, file("web/values.yaml", "a: 1\n"), file("web/templates/map.yaml", configMap), file("web/templates/NOTES.txt", "{{ .Release.Namespace }} {{ .Capabilities.KubeVersion }}"),
		file("web/crds/x.yaml", "kind: CustomResourceDefinition\n"),
		file("web/templates/hook.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: h, annotations: {helm.sh/hook: pre-install}}\n"),
		file("web/templates/ns.yaml", "apiVersion: v1\nkind: Namespace\nmetadata: {name: n}\n"))
	out, err := render(t, chart.Order{Archive: data, Values: map[string]any{"a": "two"}, Kubernetes: "v1.36.2"})
	if err != nil {
		t.Fatal(err)
	}
	namespace, data2 := strings.Index(out.Manifest, "kind: Namespace"), strings.Index(out.Manifest, `data: {a: "two"}`)
	if namespace < 0 || data2 < namespace || !strings.Contains(out.Manifest, "metadata: {name: shop}") {
		t.Errorf("the manifest is %s", out.Manifest)
	}
	if len(out.Hooks) != 1 || out.Hooks[0].Kind != "Pod" || len(out.CRDs) != 1 || out.Notes != "dev v1.36.2" {
		t.Errorf("hooks %v, CRDs %v, notes %q", out.Hooks, out.CRDs, out.Notes)
	}
}

func TestTemplatesReachNothing(t *testing.T) {
	t.Setenv("PRATIQUE_TEST_SECRET", "of-the-server")
	asked := 0
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked++ }))
	defer srv.Close()
	secret := filepath.Join(t.TempDir(), "secret.json")
	if err := os.WriteFile(secret, []byte(`{"type": "object", "required": ["of-the-server"]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, template := range map[string]string{
		"the cluster":     `{{ (lookup "v1" "Secret" "dev" "x").data }}`,
		"the network":     `{{ getHostByName "localhost" }}`,
		"files":           `{{ .Files.Get "../../etc/hostname" }}{{ .Files.Get "/etc/hostname" }}`,
		"the environment": `{{ env "PRATIQUE_TEST_SECRET" }}`,
		"a shell":         `{{ expandenv "$PRATIQUE_TEST_SECRET" }}`,
	} {
		out, err := render(t, chart.Order{Archive: web(t, file("web/templates/a.yaml", "a: '"+template+"'\nkind: X\n"))})
		if err == nil && !strings.Contains(out.Manifest, "a: ''") && !strings.Contains(out.Manifest, "a: 'map[]'") && !strings.Contains(out.Manifest, "a: '<nil>'") {
			t.Errorf("%s: %s", name, out.Manifest)
		}
	}
	for _, url := range []string{srv.URL + "/schema.json", "file://" + secret, "urn:x:y"} {
		schema := `{"$ref": "` + url + `"}`
		_, err := render(t, chart.Order{Archive: web(t, file("web/values.schema.json", schema), file("web/templates/a.yaml", configMap))})
		if !errors.Is(err, pratique.ErrInvalid) || !strings.Contains(err.Error(), "nothing is fetched") || strings.Contains(err.Error(), "of-the-server") {
			t.Errorf("a schema that refers to %s: %v", url, err)
		}
	}
	if asked > 0 {
		t.Error("a schema was fetched")
	}
}

func TestWhatCannotBeRenderedSaysWhy(t *testing.T) {
	t.Parallel()
	for want, o := range map[string]chart.Order{
		"is a library":                 {Archive: pack(t, file("web/Chart.yaml", metadata+"type: library\n"))},
		"needs Kubernetes":             {Archive: pack(t, file("web/Chart.yaml", metadata+"kubeVersion: '>=2.0.0'\n")), Kubernetes: "v1.36.2"},
		"none of Kubernetes":           {Archive: web(t), Kubernetes: "seven"},
		"nil pointer":                  {Archive: web(t, file("web/templates/a.yaml", "{{ .Values.a.b.c }}"))},
		"it must have a":               {Archive: web(t, file("web/templates/a.yaml", `{{ required "it must have a" .Values.a }}`))},
		"web/templates/a.yaml":         {Archive: web(t, file("web/templates/a.yaml", "{{ end }}"))},
		"the manifests of chart":       {Archive: web(t, file("web/templates/a.yaml", "kind: [\n"))},
		"got string, want integer":     {Archive: web(t, file("web/values.schema.json", `{"properties": {"a": {"type": "integer"}}}`)), Values: map[string]any{"a": "x"}},
		"nested reference name: x":     {Archive: web(t, file("web/templates/a.yaml", `{{ define "x" }}{{ include "x" . }}{{ end }}{{ include "x" . }}`))},
		"values.schema.json of db":     {Archive: web(t, file("web/charts/db/Chart.yaml", strings.ReplaceAll(metadata, "web", "db")), file("web/charts/db/values.schema.json", `{"required": ["a"]}`))},
		"unexpected end of JSON input": {Archive: web(t, file("web/templates/a.yaml", `{{ mustFromJson "{" }}`))},
		"not compressed with gzip":     {Archive: []byte("x")},
	} {
		_, err := render(t, o)
		if !errors.Is(err, pratique.ErrInvalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
}

// program is this test, which renders when it is told to by its environment.
func program(tb testing.TB) *chart.Process {
	tb.Helper()
	return &chart.Process{Path: "/proc/self/exe", Args: []string{"chart.test", "render"}, Env: []string{"PRATIQUE_RENDER=1"}}
}

func TestMain(m *testing.M) {
	if os.Getenv("PRATIQUE_RENDER") != "" {
		if err := chart.Serve(context.Background(), os.Stdin, os.Stdout); err != nil {
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func TestAnotherProcessRendersTheSame(t *testing.T) {
	t.Parallel()
	p := program(t)
	o := chart.Order{
		Archive: web(t, file("web/values.yaml", "a: 1\n"), file("web/templates/map.yaml", configMap), file("web/templates/hook.yaml", "kind: Job\nmetadata: {name: h, annotations: {helm.sh/hook: post-install}}\n")),
		Values:  map[string]any{"a": "two"}, Release: "shop", Namespace: "dev", Revision: 1,
	}
	out, err := p.Render(t.Context(), &o)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.Manifest, `data: {a: "two"}`) || len(out.Hooks) != 1 || out.Hooks[0].Events[0] != "post-install" {
		t.Errorf("it is %+v", out)
	}
	o.Archive = web(t, file("web/templates/a.yaml", `{{ fail "not today" }}`))
	if _, err := p.Render(t.Context(), &o); !errors.Is(err, pratique.ErrInvalid) || !strings.Contains(err.Error(), "not today") {
		t.Errorf("the error is %v", err)
	}
}

func TestTemplatesThatWantTooMuchEndAlone(t *testing.T) {
	t.Parallel()
	p := program(t)
	for name, template := range map[string]string{
		"memory": `{{ $a := repeat 100000000 "x" }}{{ range until 100 }}{{ $a = cat $a $a }}{{ end }}{{ len $a }}`,
		"time":   `{{ range until 1000000 }}{{ range until 1000000 }}{{ end }}{{ end }}`,
	} {
		q := *p
		q.Within = 3e9
		_, err := q.Render(t.Context(), &chart.Order{Archive: web(t, file("web/templates/a.yaml", template)), Release: "shop", Namespace: "dev"})
		if !errors.Is(err, pratique.ErrInvalid) || !strings.Contains(err.Error(), "more time or memory than a chart may") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
