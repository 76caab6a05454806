package api_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/internal/api"
)

func TestNoRouteIsWithoutAGuard(t *testing.T) {
	t.Parallel()
	a := &api.API{}
	for _, r := range slices.Concat(a.Routes(), a.AdminRoutes()) {
		if id, ok := r.Operation(); ok {
			if _, known := rules.Catalog.Operation(id); !known {
				t.Errorf("%s %s is guarded by %q, which is not in the catalogue", r.Method, r.Path, id)
			}
			continue
		}
		if id, ok := r.OnCluster(); ok && !strings.Contains(r.Path, "/{name}") {
			t.Errorf("%s %s is guarded by %s on a cluster, which the path does not name", r.Method, r.Path, id)
		}
		word, reason, _ := strings.Cut(r.Guard, ": ")
		if !slices.Contains([]string{"self", "gate", "public", "operator", "cluster"}, word) || reason == "" {
			t.Errorf("%s %s has the guard %q", r.Method, r.Path, r.Guard)
		}
		for _, text := range strings.FieldsFunc(reason, func(c rune) bool { return strings.ContainsRune(" ,;", c) }) {
			if _, known := rules.Catalog.Operation(text); strings.Contains(text, ".") && !known {
				t.Errorf("%s %s speaks of %q, which is not in the catalogue", r.Method, r.Path, text)
			}
		}
	}
	for _, r := range a.AdminRoutes() {
		if !strings.HasPrefix(r.Path, "/admin/") || !strings.HasPrefix(r.Guard, "operator:") {
			t.Errorf("%s is not for the operator alone", r.Path)
		}
	}
}

func TestRoutesAreGolden(t *testing.T) {
	t.Parallel()
	a := &api.API{}
	var out bytes.Buffer
	for _, r := range slices.Concat(a.Routes(), a.AdminRoutes()) {
		fmt.Fprintf(&out, "%-6s %-40s %s\n", r.Method, r.Path, r.Guard)
	}
	golden(t, "routes.txt", out.Bytes())
}

func TestTheDescriptionIsGolden(t *testing.T) {
	t.Parallel()
	a := &api.API{External: "https://iam.example.com:8443/", Version: "0.0.0"}
	doc, err := a.OpenAPI()
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := json.Indent(&out, doc, "", "  "); err != nil {
		t.Fatal(err)
	}
	out.WriteByte('\n')
	golden(t, "openapi.json", out.Bytes())
}

// TestTheDescriptionHangsTogether checks what a generator of clients would trip over.
func TestTheDescriptionHangsTogether(t *testing.T) {
	t.Parallel()
	a := &api.API{External: "https://iam.example.com", Version: "0.0.0"}
	data, err := a.OpenAPI()
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Paths map[string]map[string]struct {
			OperationID string `json:"operationId"`
		} `json:"paths"`
		Components struct {
			Schemas map[string]any `json:"schemas"`
		} `json:"components"`
	}
	if err := json.Unmarshal(data, &doc); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for path, methods := range doc.Paths {
		for method, op := range methods {
			if seen[op.OperationID] || op.OperationID == "" {
				t.Errorf("%s %s has the id %q, which is not unique", method, path, op.OperationID)
			}
			seen[op.OperationID] = true
		}
	}
	const ref = `"$ref":"#/components/schemas/`
	for _, part := range strings.Split(string(data), ref)[1:] {
		name, _, _ := strings.Cut(part, `"`)
		if doc.Components.Schemas[name] == nil {
			t.Errorf("the schema %q is referred to and missing", name)
		}
	}
	if len(seen) != len(a.Routes()) {
		t.Errorf("%d operations are described, %d are served", len(seen), len(a.Routes()))
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(string(got), "\n")); diff != "" {
		t.Errorf("%s has changed; if that is meant, run UPDATE_GOLDEN=1 go test ./internal/api\n%s", path, diff)
	}
}

func TestTheOperatorFoundsAndListsAccounts(t *testing.T) {
	t.Parallel()
	w := settled(t)
	h, err := w.api.AdminHandler()
	if err != nil {
		t.Fatal(err)
	}
	local := httptest.NewServer(h)
	t.Cleanup(local.Close)
	operator := person{town: &town{T: t, url: local.URL}}
	var offer apiv1.Bootstrap
	operator.post("/admin/accounts", apiv1.NewAccount{Name: "umbrella"}).want(http.StatusCreated).into(&offer)
	operator.post("/admin/accounts", apiv1.NewAccount{Name: "Umbrella"}).problem(409, "conflict")
	operator.post("/admin/accounts", apiv1.NewAccount{Name: "no/good"}).problem(400, "invalid")
	var list apiv1.List[apiv1.AccountInfo]
	operator.get("/admin/accounts").want(200).into(&list)
	if len(list.Items) != 2 || list.Items[1].Name != "umbrella" {
		t.Errorf("accounts: %+v", list.Items)
	}
	var again apiv1.Bootstrap
	operator.post("/admin/accounts/umbrella/bootstrap", nil).want(http.StatusCreated).into(&again)
	w.stranger().post("/v1/login", apiv1.Login{Account: "umbrella", User: "root", Secret: offer.Secret}).want(401)
	w.stranger().post("/v1/login", apiv1.Login{Account: "umbrella", User: "root", Secret: again.Secret}).want(201)
	w.stranger().get("/admin/accounts").problem(404, "not-found")
	operator.get("/v1/me").problem(404, "not-found")
}
