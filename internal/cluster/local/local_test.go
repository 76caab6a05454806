package local

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pratique-iam/pratique"
)

func TestTheVersionIsTheOneThatIsBuilt(t *testing.T) {
	t.Parallel()
	mod, err := os.ReadFile(filepath.Join("..", "..", "..", "test", "kube", "kubernetes.mod"))
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`(?m)^\s*k8s\.io/kubernetes (v\S+)`).FindSubmatch(mod)
	if found == nil || string(found[1]) != KubernetesVersion {
		t.Errorf("test/kube builds %q, this package looks for %s", found, KubernetesVersion)
	}
}

// binaries makes a directory with a file for each program.
func binaries(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range append(programs(), stagesFile) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\necho broken\nexit 1\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestAConfigurationThatCannotWorkIsRefusedBeforeAnythingIsMade(t *testing.T) {
	t.Parallel()
	bin, dir := binaries(t), filepath.Join(t.TempDir(), "plane")
	for name, cfg := range map[string]Config{
		"relative directory": {Binaries: bin, Dir: "plane", Name: "a"},
		"no directory":       {Binaries: bin, Name: "a"},
		"no name":            {Binaries: bin, Dir: dir},
		"name in capitals":   {Binaries: bin, Dir: dir, Name: "A"},
		"name like a path":   {Binaries: bin, Dir: dir, Name: "../a"},
		"too long a name":    {Binaries: bin, Dir: dir, Name: strings.Repeat("a", 41)},
		"negative nodes":     {Binaries: bin, Dir: dir, Name: "a", Nodes: -1},
		"no binaries":        {Binaries: t.TempDir(), Dir: dir, Name: "a"},
	} {
		if _, err := Start(t.Context(), cfg); !errors.Is(err, pratique.ErrInvalid) {
			t.Errorf("%s: the error is %v", name, err)
		}
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("the directory was made")
	}
}

func TestMissingProgramsAreNamedTogetherWithTheCommandThatBuildsThem(t *testing.T) {
	t.Parallel()
	bin := binaries(t)
	if err := os.Remove(filepath.Join(bin, "kwok")); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(bin, "etcd"), 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := Start(t.Context(), Config{Binaries: bin, Dir: t.TempDir(), Name: "a"})
	if err == nil || !strings.Contains(err.Error(), "etcd, kwok missing") || !strings.Contains(err.Error(), BuildCommand) {
		t.Errorf("the error is %v", err)
	}
}

func TestAStartThatFailsSaysWhyAndLeavesTheDirectoryFree(t *testing.T) {
	t.Parallel()
	cfg := Config{Binaries: binaries(t), Dir: t.TempDir(), Name: "a"}
	for range 2 { // the second would be refused if the first had kept the lock
		_, err := Start(t.Context(), cfg)
		if !errors.Is(err, pratique.ErrUnavailable) || !strings.Contains(err.Error(), "keeps ending (exit status 1): broken") {
			t.Errorf("the error is %v", err)
		}
	}
}

func TestASecondPlaneInTheSameDirectoryIsRefused(t *testing.T) {
	t.Parallel()
	cfg := Config{Binaries: binaries(t), Dir: t.TempDir(), Name: "a"}
	lock, err := lockDir(cfg.Dir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = lock.Close() }()
	if _, err := Start(t.Context(), cfg); !errors.Is(err, pratique.ErrConflict) {
		t.Errorf("the error is %v", err)
	}
}

func TestPortsStayWhenTheyAreFreeAndMoveWhenTheyAreTaken(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var first ports
	if err := first.choose(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	if first.APIServer == first.Etcd || first.Etcd == first.EtcdPeer || first.EtcdPeer == first.Kubelet {
		t.Errorf("the ports are %+v", first)
	}
	taken, err := net.Listen("tcp", net.JoinHostPort(loopback, strconv.Itoa(first.Etcd)))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	second := first
	if err := second.choose(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	if second.Etcd == first.Etcd {
		t.Error("a port that is taken was kept")
	}
	second.Etcd = first.Etcd
	if second != first {
		t.Errorf("ports that were free have moved from %+v to %+v", first, second)
	}
}

// laidOut is a plane with all its files and no process.
func laidOut(t *testing.T, cfg Config) *Plane {
	t.Helper()
	for _, sub := range []string{"pki", "config", "kubeconfig", "log"} {
		if err := os.MkdirAll(filepath.Join(cfg.Dir, sub), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	cfg.Now = time.Now
	p := &Plane{cfg: cfg, state: state{Ports: ports{APIServer: 20001}}}
	var err error
	if p.creds, err = p.newCredentials(); err != nil {
		t.Fatal(err)
	}
	if err := p.writeFiles(); err != nil {
		t.Fatal(err)
	}
	return p
}

func parse(t *testing.T, data []byte) *x509.Certificate {
	t.Helper()
	block, _ := pem.Decode(data)
	if block == nil {
		t.Fatalf("%q is not PEM", data)
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

func TestTheAdministratorIsTheSuperuserThatNoRuleCanRefuse(t *testing.T) {
	t.Parallel()
	p := laidOut(t, Config{Dir: t.TempDir(), Name: "a"})
	admin := p.Admin()
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(admin.CA)
	cert := parse(t, admin.Cert)
	if _, err := cert.Verify(x509.VerifyOptions{Roots: roots, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}); err != nil {
		t.Error(err)
	}
	if got := cert.Subject.Organization; len(got) != 1 || got[0] != "system:masters" {
		t.Errorf("its groups are %q", got)
	}
	if strings.HasPrefix(cert.Subject.CommonName, "pratique:") {
		t.Errorf("its name %q is one that the webhook decides about", cert.Subject.CommonName)
	}
	if _, err := tls.X509KeyPair(admin.Cert, admin.Key); err != nil {
		t.Error(err)
	}
}

func TestACertificateOfTheClusterIsNothingToItsStore(t *testing.T) {
	t.Parallel()
	p := laidOut(t, Config{Dir: t.TempDir(), Name: "a"})
	etcdCA, err := os.ReadFile(p.creds.etcdCA)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(etcdCA)
	verify := x509.VerifyOptions{Roots: roots, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
	if _, err := parse(t, p.creds.admin.cert).Verify(verify); err == nil {
		t.Error("etcd would let the cluster's administrator in, and whoever else the cluster signs for")
	}
	if _, err := parse(t, p.creds.etcdClient.cert).Verify(verify); err != nil {
		t.Errorf("etcd would not let kube-apiserver in: %v", err)
	}
}

func TestAuthoritiesAndTheServiceAccountsKeyOutliveAStart(t *testing.T) {
	t.Parallel()
	cfg := Config{Dir: t.TempDir(), Name: "a"}
	before := laidOut(t, cfg)
	key, err := os.ReadFile(before.creds.serviceAccountKey)
	if err != nil {
		t.Fatal(err)
	}
	after := laidOut(t, cfg)
	again, err := os.ReadFile(after.creds.serviceAccountKey)
	if err != nil {
		t.Fatal(err)
	}
	if string(key) != string(again) {
		t.Error("the service accounts' key is another one: their tokens are void")
	}
	if string(before.Admin().CA) != string(after.Admin().CA) {
		t.Error("the authority is another one: kubeconfigs are void")
	}
}

func TestTheKubeconfigIsWholeAndPrivate(t *testing.T) {
	t.Parallel()
	p := laidOut(t, Config{Dir: t.TempDir(), Name: "a"})
	info, err := os.Stat(p.KubeconfigPath())
	if err != nil {
		t.Fatal(err)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		t.Errorf("its mode is %04o", mode)
	}
	data, err := os.ReadFile(p.KubeconfigPath())
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Current  string `json:"current-context"`
		Clusters []struct {
			Cluster struct {
				Server string
				CA     []byte `json:"certificate-authority-data"`
			}
		}
		Users []struct {
			User struct {
				Cert []byte `json:"client-certificate-data"`
				Key  []byte `json:"client-key-data"`
			}
		}
	}
	if err := json.Unmarshal(data, &got); err != nil {
		t.Fatal(err)
	}
	admin := p.Admin()
	if got.Current != "a" || got.Clusters[0].Cluster.Server != admin.Server || string(got.Clusters[0].Cluster.CA) != string(admin.CA) ||
		string(got.Users[0].User.Cert) != string(admin.Cert) || string(got.Users[0].User.Key) != string(admin.Key) {
		t.Errorf("the kubeconfig is %s", data)
	}
}

func TestDocumentsOfAnEarlierStartStayUntilThereAreOthers(t *testing.T) {
	t.Parallel()
	cfg := Config{Dir: t.TempDir(), Name: "a"}
	p := laidOut(t, cfg)
	read := func(want string) {
		t.Helper()
		data, err := os.ReadFile(p.authorizationFile())
		if err != nil || string(data) != want {
			t.Errorf("the authorization is %q (%v), want %q", data, err, want)
		}
	}
	read(defaultAuthorization)
	if err := p.Configure(nil, []byte("ours")); err != nil {
		t.Fatal(err)
	}
	read("ours")
	laidOut(t, cfg)
	read("ours")
	cfg.AuthorizationConfig = []byte("another")
	laidOut(t, cfg)
	read("another")
}

func TestCommandsRunOnThisMachineOnlyWhereItIsAskedFor(t *testing.T) {
	t.Parallel()
	if p := laidOut(t, Config{Dir: t.TempDir(), Name: "a"}); strings.Contains(p.play(), "Exec") {
		t.Error("kubectl exec would run commands on this machine")
	}
	if p := laidOut(t, Config{Dir: t.TempDir(), Name: "a", HostExec: true}); !strings.Contains(p.play(), "kind: ClusterExec") {
		t.Error("HostExec does nothing")
	}
}
