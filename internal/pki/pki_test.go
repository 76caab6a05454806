package pki

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

const day = 24 * time.Hour

func TestFirstStartMakesAnAuthorityWithPrivateKeys(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	a := ensure(t, dir, time.Now)
	for name, want := range map[string]fs.FileMode{"ca.crt": 0o644, "pki": 0o700 | fs.ModeDir, "pki/ca.pem": 0o400} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil || info.Mode() != want {
			t.Errorf("%s: mode %v, %v; want %v", name, info.Mode(), err, want)
		}
	}
	public, err := os.ReadFile(filepath.Join(dir, "ca.crt"))
	if err != nil || string(public) != string(a.CAPEM()) {
		t.Errorf("ca.crt is not the authority's certificate: %v", err)
	}
	if strings.Contains(string(public), "PRIVATE") {
		t.Error("ca.crt holds a key")
	}
}

func TestAuthoritySurvivesARestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first, second := ensure(t, dir, time.Now), ensure(t, dir, time.Now)
	if string(first.CAPEM()) != string(second.CAPEM()) {
		t.Error("a restart made a new authority")
	}
	mustShake(t, second, first.CAPEM(), "localhost", time.Now())
}

func TestNewHostNamesCountFromTheNextStart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first := ensure(t, dir, time.Now, "old.example.com")
	second := ensure(t, dir, time.Now, "new.example.com")
	mustShake(t, second, first.CAPEM(), "new.example.com", time.Now())
	if _, err := shake(t, second, client(t, first.CAPEM(), "old.example.com", time.Now())); err == nil {
		t.Error("the certificate is still for a host that was taken away")
	}
}

func TestManyFirstStartsShareOneAuthority(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var wg sync.WaitGroup
	made := make(chan string, 8)
	for range 8 {
		wg.Go(func() {
			a, err := Ensure(dir, nil, time.Now)
			// One that looks between the two files of another is told so and may try again; none may make a second authority.
			if err == nil {
				made <- string(a.CAPEM())
			}
		})
	}
	wg.Wait()
	close(made)
	want := string(ensure(t, dir, time.Now).CAPEM())
	for got := range made {
		if got != want {
			t.Error("two authorities were made")
		}
	}
}

func TestClientsReachTheServerByEveryName(t *testing.T) {
	t.Parallel()
	a := ensure(t, t.TempDir(), time.Now, "IAM.example.com", "10.1.2.3", "*.iam.example.com", "2001:db8::0:7")
	names := []string{"localhost", "127.0.0.1", "::1", "iam.example.com", "10.1.2.3", "a.iam.example.com", "2001:db8::7"}
	if name, err := os.Hostname(); err == nil {
		if h, ok := host(name); ok {
			names = append(names, h)
		}
	}
	for _, name := range names {
		if state := mustShake(t, a, a.CAPEM(), name, time.Now()); state.Version != tls.VersionTLS13 {
			t.Errorf("%s: TLS version %x; want 1.3", name, state.Version)
		}
	}
}

func TestStrangersAreNotImpersonated(t *testing.T) {
	t.Parallel()
	a := ensure(t, t.TempDir(), time.Now)
	other := ensure(t, t.TempDir(), time.Now)
	if _, err := shake(t, a, client(t, other.CAPEM(), "localhost", time.Now())); err == nil {
		t.Error("a client that trusts another authority was satisfied")
	}
	if _, err := shake(t, a, client(t, a.CAPEM(), "example.org", time.Now())); err == nil {
		t.Error("a client that wanted another host was satisfied")
	}
	old := client(t, a.CAPEM(), "localhost", time.Now())
	old.MaxVersion, old.MinVersion = tls.VersionTLS11, tls.VersionTLS10
	if _, err := shake(t, a, old); err == nil {
		t.Error("TLS 1.1 was spoken")
	}
	old.MaxVersion = tls.VersionTLS12
	if _, err := shake(t, a, old); err != nil {
		t.Errorf("TLS 1.2 was refused: %v", err)
	}
}

func TestCertificateRenewsAtTwoThirdsOfItsLife(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	c := &clock{t: start}
	a := ensure(t, t.TempDir(), c.now)
	serial := func() string {
		return mustShake(t, a, a.CAPEM(), "localhost", c.now()).PeerCertificates[0].SerialNumber.String()
	}
	first := serial()
	c.set(start.Add(60*day - time.Minute))
	if serial() != first {
		t.Error("the certificate was renewed early")
	}
	c.set(start.Add(60 * day))
	second := serial()
	if second == first {
		t.Error("the certificate was not renewed after 60 of 90 days")
	}
	c.set(start.Add(400 * day)) // nobody called for a year
	if serial() == second {
		t.Error("an expired certificate was shown")
	}
	c.set(start) // the clock is set back, before the certificate begins
	serial()
}

func TestCertificateEndsWithTheAuthority(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	c := &clock{t: start}
	dir := t.TempDir()
	a := ensure(t, dir, c.now)
	c.set(start.Add(authorityLife - time.Hour))
	leaf := mustShake(t, a, a.CAPEM(), "localhost", c.now()).PeerCertificates[0]
	if leaf.NotAfter.After(a.cert.NotAfter) {
		t.Errorf("the certificate ends %v, the authority %v", leaf.NotAfter, a.cert.NotAfter)
	}
	c.set(start.Add(authorityLife + time.Hour))
	if _, err := a.certificate(); err == nil {
		t.Error("an expired authority issued a certificate")
	}
	if _, err := Ensure(dir, nil, c.now); err == nil || !strings.Contains(err.Error(), "expired on 2036-11-18") {
		t.Errorf("error %v; want the day of expiry", err)
	}
}

func TestHandshakesGoOnDuringRenewal(t *testing.T) {
	t.Parallel()
	c := &clock{t: time.Now()}
	a := ensure(t, t.TempDir(), c.now)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				c.set(c.now().Add(day))
				if cert, err := a.certificate(); err != nil || cert == nil {
					t.Errorf("certificate: %v", err)
				}
			}
		})
	}
	wg.Wait()
}

func TestHostsThatNoCertificateCanCarryAreRefused(t *testing.T) {
	t.Parallel()
	for _, h := range []string{
		"", "a b", "https://x", "x:8443", "-x.com", "x..com", "*", "*.com", "a.*.com", "ä.com", "0.0.0.0", "::", "fe80::1%eth0", strings.Repeat("a", 64) + ".com", strings.Repeat("a.", 130) + "com", "a\x00b",
	} {
		if _, err := Ensure(t.TempDir(), []string{h}, time.Now); err == nil {
			t.Errorf("host %q was accepted", h)
		}
	}
	a := ensure(t, t.TempDir(), time.Now, "LOCALHOST", "localhost.", "::ffff:127.0.0.1")
	if n := len(slices.DeleteFunc(a.Hosts(), func(h string) bool { return h != "localhost" && h != "127.0.0.1" })); n != 2 {
		t.Errorf("hosts %v; want each once", a.Hosts())
	}
}

func TestLostOrSpoiltFilesAreNamedWithWhatToDo(t *testing.T) {
	t.Parallel()
	foreign, err := os.ReadFile(filepath.Join(madeIn(t), "ca.crt"))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		spoil func(t *testing.T, dir string)
		want  []string
	}{
		"key removed": {
			func(t *testing.T, dir string) { t.Helper(); remove(t, dir, "pki/ca.pem") },
			[]string{"pki/ca.pem is missing", "restore it from a backup"},
		},
		"key emptied":        {func(t *testing.T, dir string) { t.Helper(); put(t, dir, "pki/ca.pem", "") }, []string{"pki/ca.pem is empty", "restore"}},
		"key overwritten":    {func(t *testing.T, dir string) { t.Helper(); put(t, dir, "pki/ca.pem", "hunter2") }, []string{"pki/ca.pem does not hold", "restore"}},
		"key without a cert": {func(t *testing.T, dir string) { t.Helper(); edit(t, dir, onlyKey) }, []string{"pki/ca.pem does not hold", "restore"}},
		"certificate of another authority": {
			func(t *testing.T, dir string) {
				t.Helper()
				edit(t, dir, func(s string) string { return onlyKey(s) + string(foreign) })
			},
			[]string{"pki/ca.pem holds a certificate of another key"},
		},
		"key of zeros": {
			func(t *testing.T, dir string) {
				t.Helper()
				edit(t, dir, func(string) string {
					return "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n" + string(foreign)
				})
			},
			[]string{"pki/ca.pem holds a private key that cannot be read"},
		},
		"key readable by others":    {func(t *testing.T, dir string) { t.Helper(); chmod(t, dir, "pki/ca.pem", 0o444) }, []string{"pki/ca.pem has mode 0444", "chmod 0400"}},
		"directory open to others":  {func(t *testing.T, dir string) { t.Helper(); chmod(t, dir, "pki", 0o755) }, []string{"pki has mode 0755", "chmod 0700"}},
		"ca.crt of something else":  {func(t *testing.T, dir string) { t.Helper(); put(t, dir, "ca.crt", string(foreign)) }, []string{"ca.crt is not the certificate", "remove it"}},
		"a file in place of folder": {func(t *testing.T, dir string) { t.Helper(); fileForFolder(t, dir) }, []string{"pki is not a directory"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := madeIn(t)
			c.spoil(t, dir)
			_, err := Ensure(dir, nil, time.Now)
			if err == nil {
				t.Fatal("it was used")
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q does not say %q", err, want)
				}
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Error("the error quotes the key file")
			}
		})
	}
}

func TestMissingCopyForClientsIsWrittenAgain(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	a := ensure(t, dir, time.Now)
	remove(t, dir, "ca.crt")
	ensure(t, dir, time.Now)
	if got, err := os.ReadFile(filepath.Join(dir, "ca.crt")); err != nil || string(got) != string(a.CAPEM()) {
		t.Errorf("ca.crt: %v", err)
	}
}

func TestMissingDataDirectoryIsNamed(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "nowhere")
	if _, err := Ensure(dir, nil, time.Now); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), dir) {
		t.Errorf("error %v", err)
	}
}

// clock is a time that the test sets.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time { c.mu.Lock(); defer c.mu.Unlock(); return c.t }

func (c *clock) set(t time.Time) { c.mu.Lock(); defer c.mu.Unlock(); c.t = t }

func ensure(t *testing.T, dir string, now func() time.Time, hosts ...string) *Authority {
	t.Helper()
	a, err := Ensure(dir, hosts, now)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func madeIn(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	ensure(t, dir, time.Now)
	return dir
}

// client is a strict client that trusts one authority, at a time of its own.
func client(t *testing.T, ca []byte, name string, at time.Time) *tls.Config {
	t.Helper()
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(ca) {
		t.Fatal("the authority's certificate is not PEM")
	}
	return &tls.Config{RootCAs: roots, ServerName: name, Time: func() time.Time { return at }}
}

func mustShake(t *testing.T, a *Authority, ca []byte, name string, at time.Time) tls.ConnectionState {
	t.Helper()
	state, err := shake(t, a, client(t, ca, name, at))
	if err != nil {
		t.Fatalf("handshake with %s at %s: %v", name, at, err)
	}
	return state
}

// shake makes a TLS connection over loopback and exchanges a byte, so that the server has agreed, too.
func shake(t *testing.T, a *Authority, config *tls.Config) (tls.ConnectionState, error) {
	t.Helper()
	listener, err := tls.Listen("tcp", "127.0.0.1:0", a.TLS())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer func() { _ = conn.Close() }()
		_, _ = conn.Write([]byte("!"))
	})
	raw, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = raw.Close() }()
	conn := tls.Client(raw, config)
	if _, err := io.ReadFull(conn, make([]byte, 1)); err != nil {
		return tls.ConnectionState{}, err
	}
	return conn.ConnectionState(), nil
}

func remove(t *testing.T, dir, name string) {
	t.Helper()
	if err := os.Remove(filepath.Join(dir, name)); err != nil {
		t.Fatal(err)
	}
}

func put(t *testing.T, dir, name, content string) {
	t.Helper()
	remove(t, dir, name)
	if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o400); err != nil {
		t.Fatal(err)
	}
}

func edit(t *testing.T, dir string, change func(string) string) {
	t.Helper()
	old, err := os.ReadFile(filepath.Join(dir, "pki/ca.pem"))
	if err != nil {
		t.Fatal(err)
	}
	put(t, dir, "pki/ca.pem", change(string(old)))
}

func onlyKey(s string) string {
	key, _, _ := strings.Cut(s, "-----BEGIN CERTIFICATE-----")
	return key
}

func chmod(t *testing.T, dir, name string, mode fs.FileMode) {
	t.Helper()
	if err := os.Chmod(filepath.Join(dir, name), mode); err != nil {
		t.Fatal(err)
	}
}

func fileForFolder(t *testing.T, dir string) {
	t.Helper()
	remove(t, dir, "pki/ca.pem")
	remove(t, dir, "pki")
	if err := os.WriteFile(filepath.Join(dir, "pki"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
}
