package server_test

import (
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/client"
)

// A job whose server was killed is found at the next start, and told from one that runs.
func TestAJobDoesNotOutliveKill9(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	process := start(t, dir)
	secret, err := os.ReadFile(filepath.Join(dir, "bootstrap-secret"))
	if err != nil {
		t.Fatal(err)
	}
	login, err := connect(t, dir, "").Login(t.Context(), apiv1.Login{User: "root", Secret: strings.TrimSpace(string(secret))})
	if err != nil {
		t.Fatal(err)
	}
	ca, err := os.ReadFile(filepath.Join(dir, "ca.crt"))
	if err != nil {
		t.Fatal(err)
	}
	// Nobody answers at port 1, so that the job waits.
	c, err := connect(t, dir, login.Token).NewCluster(t.Context(), apiv1.NewCluster{Name: "far", Type: "cce-standard", Kubeconfig: fmt.Sprintf(
		`{apiVersion: v1, kind: Config, current-context: c, contexts: [{name: c, context: {cluster: c, user: u}}],
clusters: [{name: c, cluster: {server: "https://127.0.0.1:1", certificate-authority-data: %s}}], users: [{name: u, user: {token: s3cret}}]}`,
		base64.StdEncoding.EncodeToString(ca))})
	if err != nil || c.Job == "" {
		t.Fatalf("attach: %+v, %v", c, err)
	}
	if err := process.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = process.Wait()

	start(t, dir)
	again := connect(t, dir, login.Token)
	j, err := again.WaitJob(t.Context(), c.Job, nil)
	if err != nil || j.State != "interrupted" || !strings.Contains(j.Error, "ended before it was done") {
		t.Errorf("the job: %+v, %v", j, err)
	}
	if all, err := again.Jobs(t.Context(), client.JobOptions{State: "running"}); err != nil || len(all) != 0 {
		t.Errorf("still running: %+v, %v", all, err)
	}
	if v, err := again.VerifyAudit(t.Context()); err != nil || !v.Intact {
		t.Errorf("the audit chain: %+v, %v", v, err)
	}
}
