package cluster_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/internal/cluster"
)

func params() cluster.EnforcementParams {
	return cluster.EnforcementParams{
		URL: "https://iam.example:8443", CA: []byte("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
		Cluster: "c-prod", Token: "prt_secret", KubeconfigPath: "/etc/pratique/webhook.yaml",
	}
}

// What we ask operators to put on their control planes changes only with a visible diff.
func TestTheThreeFilesAreGolden(t *testing.T) {
	t.Parallel()
	files, err := cluster.EnforcementFiles(params())
	if err != nil {
		t.Fatal(err)
	}
	for name, got := range map[string][]byte{
		"authentication.yaml": files.Authentication, "authorization.yaml": files.Authorization, "webhook.yaml": files.WebhookKubeconfig,
	} {
		path := filepath.Join("testdata", name)
		if os.Getenv("UPDATE_GOLDEN") != "" {
			if err := os.WriteFile(path, got, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("%s differs; if that is meant: make golden\n%s", name, diff)
		}
		if _, err := yaml.YAMLToJSONStrict(got); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestOursIsAskedFirstAndFailsClosed(t *testing.T) {
	t.Parallel()
	files, err := cluster.EnforcementFiles(params())
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Authorizers []struct {
			Type    string
			Webhook struct{ FailurePolicy string }
		}
	}
	if err := yaml.Unmarshal(files.Authorization, &doc); err != nil {
		t.Fatal(err)
	}
	if len(doc.Authorizers) != 3 || doc.Authorizers[0].Type != "Webhook" || doc.Authorizers[0].Webhook.FailurePolicy != "Deny" {
		t.Errorf("the chain is %+v", doc.Authorizers)
	}
}

func TestTheTokenStandsInOneFileOnly(t *testing.T) {
	t.Parallel()
	files, err := cluster.EnforcementFiles(params())
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(files.Authentication)+string(files.Authorization), "prt_secret") {
		t.Error("a file that others may read holds the token")
	}
}

func TestFilesThatCouldNotWorkAreNotWritten(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*cluster.EnforcementParams){
		"no TLS":             func(p *cluster.EnforcementParams) { p.URL = "http://iam.example" },
		"no URL":             func(p *cluster.EnforcementParams) { p.URL = "" },
		"no authority":       func(p *cluster.EnforcementParams) { p.CA = []byte("\n") },
		"no audience":        func(p *cluster.EnforcementParams) { p.Cluster = "" },
		"no credential":      func(p *cluster.EnforcementParams) { p.Token = "" },
		"a relative path":    func(p *cluster.EnforcementParams) { p.KubeconfigPath = "webhook.yaml" },
		"a useless mirror":   func(p *cluster.EnforcementParams) { p.DiscoveryURL = p.URL },
		"a mirror in clear":  func(p *cluster.EnforcementParams) { p.DiscoveryURL = "http://mirror" },
		"a query in the URL": func(p *cluster.EnforcementParams) { p.URL += "?a=b" },
	} {
		p := params()
		change(&p)
		if _, err := cluster.EnforcementFiles(p); !errors.Is(err, pratique.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
