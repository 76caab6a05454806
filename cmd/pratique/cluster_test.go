package main

import (
	"encoding/base64"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pratique-iam/pratique/apiv1"
)

// attached is a town with a cluster that is attached and answers nobody.
func attached(t *testing.T) *town {
	t.Helper()
	w := newTown(t)
	s, err := w.env.stored()
	if err != nil {
		t.Fatal(err)
	}
	file := w.file(`{apiVersion: v1, kind: Config, current-context: c, contexts: [{name: c, context: {cluster: c, user: u}}],
clusters: [{name: c, cluster: {server: "https://127.0.0.1:1", certificate-authority-data: ` + base64.StdEncoding.EncodeToString([]byte(s.CA)) + `}}],
users: [{name: u, user: {token: s3cret}}]}`)
	w.must("cluster", "attach", "prod", "--type", "cce-standard", "--kubeconfig", file)
	return w
}

func TestDeletingAClusterAsksForItsName(t *testing.T) {
	t.Parallel()
	w := attached(t)
	for _, answer := range []string{"y\n", "yes\n", "Prod\n", "\n", ""} {
		if out, code := w.types(answer, "cluster", "delete", "prod"); code != exitNo || !strings.Contains(out, "Type its name to delete it") {
			t.Errorf("answered %q: exit code %d,\n%s", answer, code, out)
		}
	}
	if out := w.must("cluster", "list", "-o", "name"); out != "cluster/prod\n" {
		t.Fatalf("it was deleted although nobody typed its name: %s", out)
	}
	if out, code := w.types("prod\n", "cluster", "delete", "prod"); code != exitYes || !strings.Contains(out, "cluster/prod deleted") {
		t.Errorf("typed its name: exit code %d,\n%s", code, out)
	}
}

func TestAKnockProvesWhatTheServerAnswers(t *testing.T) {
	t.Parallel()
	var paths []string
	srv := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		paths = append(paths, r.URL.Path)
		if r.Header.Get("Authorization") != "Bearer good" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		w.WriteHeader(http.StatusForbidden)
	}))
	defer srv.Close()
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: srv.Certificate().Raw})
	way := apiv1.ClusterAccess{Direct: srv.URL, CA: ca}
	for token, want := range map[string]int{"good": http.StatusForbidden, "bad": http.StatusUnauthorized} {
		if code, err := knock(t.Context(), way, token); err != nil || code != want {
			t.Errorf("%s: %d %v", token, code, err)
		}
	}
	if len(paths) != 2 || paths[0] == paths[1] {
		t.Errorf("the same question twice is answered from memory: %q", paths)
	}
	way.CA = []byte("none")
	if _, err := knock(t.Context(), way, "good"); err == nil {
		t.Error("a server without an authority is trusted")
	}
}

func TestALockThatSomebodyForgotIsTaken(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "config")
	unlock, err := lockFile(path, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	later := func() time.Time { return time.Now().Add(2 * lockStale) }
	again, err := lockFile(path, later)
	if err != nil {
		t.Fatal(err)
	}
	again()
	unlock()
	if _, err := os.Stat(path + ".lock"); err == nil {
		t.Error("the lock stays")
	}
}

func TestAMergeKeepsWhatItDoesNotKnow(t *testing.T) {
	t.Parallel()
	e := testEnv(t)
	dir := t.TempDir()
	target, link := filepath.Join(dir, "target"), filepath.Join(dir, "link")
	if err := os.WriteFile(target, []byte("apiVersion: v1\nkind: Config\nextensions: [{name: x, extension: {deep: [1, 2]}}]\nclusters: null\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, link); err != nil {
		t.Fatal(err)
	}
	k := kubeconfig{env: e}
	fresh, err := k.compose([]apiv1.ClusterAccess{{Cluster: "prod", ID: "c-1", Proxy: "https://iam.example.com/clusters/c-1"}})
	if err != nil {
		t.Fatal(err)
	}
	if err := e.mergeInto(link, fresh); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(target)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"deep:", "name: pratique-c-1", "- --cluster\n", "current-context: prod"} {
		if !strings.Contains(string(data), want) {
			t.Errorf("%q is not in\n%s", want, data)
		}
	}
	if info, err := os.Lstat(link); err != nil || info.Mode().Type() != os.ModeSymlink {
		t.Errorf("the link is %v now", info.Mode())
	}
	// A namespace that was chosen with kubectl stays when the context is written again.
	chosen := strings.Replace(string(data), "user: pratique-c-1\n", "user: pratique-c-1\n    namespace: dev\n", 1)
	if err := os.WriteFile(target, []byte(chosen), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := e.mergeInto(link, fresh); err != nil {
		t.Fatal(err)
	}
	if data, err = os.ReadFile(target); err != nil || !strings.Contains(string(data), "namespace: dev") {
		t.Errorf("%v\n%s", err, data)
	}
}
