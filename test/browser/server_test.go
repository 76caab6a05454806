package browser

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// server is a pratique of its own for a test, and what the command line does beside the browser.
type server struct {
	t    *testing.T
	dir  string // data
	url  string
	kube string // programs of Kubernetes; empty: none
	pin  string // of the server's key, for Chromium
	http *http.Client
}

// serve starts a server. It ends with the test.
func serve(t *testing.T, flags ...string) *server {
	t.Helper()
	s := &server{t: t, dir: filepath.Join(t.TempDir(), "data")}
	for i, f := range flags {
		if f == "--kube-dir" {
			s.kube = flags[i+1]
		}
	}
	log, err := os.Create(s.dir + ".log")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(*binary, append([]string{"serve", "--data", s.dir, "--listen", "127.0.0.1:0", "--log-level", "warn"}, flags...)...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} // a test that is killed leaves no server behind
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.end(cmd, log) })
	eventually(t, 90*time.Second, "the server starts", s.ready)
	return s
}

// end stops the server in order, so that its control planes end too.
func (s *server) end(cmd *exec.Cmd, log *os.File) {
	_ = cmd.Process.Signal(syscall.SIGTERM)
	kill := time.AfterFunc(40*time.Second, func() { _ = cmd.Process.Kill() })
	err := cmd.Wait()
	if !kill.Stop() {
		s.t.Error("the server did not end within 40 seconds")
	}
	_ = log.Close()
	if text, _ := os.ReadFile(s.dir + ".log"); s.t.Failed() || err != nil {
		s.t.Logf("the server ended: %v\n%s", err, text)
	}
}

// ready reads where the server is and asks whether it answers.
func (s *server) ready(ctx context.Context) error {
	text, err := os.ReadFile(filepath.Join(s.dir, "url"))
	if err != nil || !strings.HasSuffix(string(text), "\n") {
		return errors.New("it has not said its address")
	}
	ca, err := os.ReadFile(filepath.Join(s.dir, "ca.crt"))
	if err != nil {
		return err
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca)
	s.url = strings.TrimSpace(string(text))
	s.http = &http.Client{
		Timeout:       time.Minute,
		Transport:     &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}, DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+"/readyz", http.NoBody)
	if err != nil {
		return err
	}
	resp, err := s.http.Do(req)
	if err != nil {
		return err
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return errors.New(resp.Status)
	}
	sum := sha256.Sum256(resp.TLS.PeerCertificates[0].RawSubjectPublicKeyInfo)
	s.pin = base64.StdEncoding.EncodeToString(sum[:])
	return nil
}

// secret is the one-time secret of root.
func (s *server) secret() string {
	s.t.Helper()
	text, err := os.ReadFile(filepath.Join(s.dir, "bootstrap-secret"))
	if err != nil {
		s.t.Fatal(err)
	}
	return strings.TrimSpace(string(text))
}

// as is the command line of somebody, with settings of their own.
func (s *server) as(user string) terminal {
	return terminal{s, filepath.Join(filepath.Dir(s.dir), user)}
}

// terminal is where somebody types commands.
type terminal struct {
	s    *server
	home string
}

// try runs a program, pratique or one of Kubernetes.
func (c terminal) try(ctx context.Context, args ...string) (string, error) {
	if err := os.MkdirAll(c.home, 0o700); err != nil {
		return "", err
	}
	program := *binary
	if args[0] == "kubectl" {
		program = filepath.Join(c.s.kube, "kubectl")
	}
	cmd := exec.CommandContext(ctx, program, args[1:]...)
	cmd.Dir = c.home
	cmd.Env = []string{
		"HOME=" + c.home, "PATH=" + filepath.Dir(*binary) + string(filepath.ListSeparator) + os.Getenv("PATH"), "PRATIQUE_CONFIG=" + filepath.Join(c.home, "config.yaml"),
		"PRATIQUE_SERVER=" + c.s.url, "PRATIQUE_CA=" + filepath.Join(c.s.dir, "ca.crt"), "KUBECONFIG=" + filepath.Join(c.home, "kubeconfig"),
	}
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// run is for what must work.
func (c terminal) run(args ...string) string {
	c.s.t.Helper()
	out, err := c.try(c.s.t.Context(), args...)
	if err != nil {
		c.s.t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

// refused is for what must not work: it returns what was said.
func (c terminal) refused(args ...string) string {
	c.s.t.Helper()
	out, err := c.try(c.s.t.Context(), args...)
	if err == nil {
		c.s.t.Fatalf("%s worked:\n%s", strings.Join(args, " "), out)
	}
	return out
}

// file writes one into the home directory and returns its path.
func (c terminal) file(name, text string) string {
	c.s.t.Helper()
	path := filepath.Join(c.home, name)
	if err := errors.Join(os.MkdirAll(c.home, 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
		c.s.t.Fatal(err)
	}
	return path
}

// login signs somebody in at their terminal.
func (c terminal) login(user, password string) {
	c.s.t.Helper()
	c.run("pratique", "login", "--user", user, "--password-file", c.file("password", password+"\n"))
}

// admin is kubectl as the administrator of the only local cluster, past Pratique.
func (s *server) admin(args ...string) string {
	s.t.Helper()
	found, err := filepath.Glob(filepath.Join(s.dir, "clusters/*/plane/kubeconfig/admin.yaml"))
	if err != nil || len(found) != 1 {
		s.t.Fatalf("there are %d local clusters, want one: %v", len(found), err)
	}
	return s.as("admin").run(append([]string{"kubectl", "--kubeconfig", found[0]}, args...)...)
}

// post sends a form as a page of another site would: with the headers that a browser gives it.
func (s *server) post(path string, form url.Values, header http.Header) *http.Response {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.url+path, strings.NewReader(form.Encode()))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header = header.Clone()
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := s.http.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = resp.Body.Close() })
	return resp
}
