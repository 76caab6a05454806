package cluster_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/internal/cluster"
)

// certificate makes a self-signed one, good for a server, a client and an authority.
func certificate(t *testing.T) (cert, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "pratique"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	pkcs, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs})
}

// good is a kubeconfig as people have them; CA, CERT and KEY stand for material in base64.
const good = `# written by a tool
apiVersion: v1
kind: Config
preferences: {}
current-context: prod
clusters:
- name: prod
  cluster:
    server: https://10.1.2.3:6443/
    certificate-authority-data: CA
    extensions: [{name: minikube, extension: {version: v1}}]
- name: other
  cluster: {server: "https://10.9.9.9", certificate-authority-data: CA}
contexts:
- name: prod
  context: {cluster: prod, user: robot, namespace: default}
- name: other
  context: {cluster: other, user: person}
users:
- name: robot
  user: {token: s3cret}
- name: person
  user: {client-certificate-data: CERT, client-key-data: KEY}
`

// filler puts material into a kubeconfig.
func filler(t *testing.T) func(string) []byte {
	t.Helper()
	cert, key := certificate(t)
	b64 := base64.StdEncoding.EncodeToString
	r := strings.NewReplacer("CERT", b64(cert), "KEY", b64(key), "CA", b64(cert))
	return func(text string) []byte { return []byte(r.Replace(text)) }
}

func TestAKubeconfigGivesAddressAuthorityAndCredential(t *testing.T) {
	t.Parallel()
	fill := filler(t)
	a, err := cluster.ParseKubeconfig(fill(good), "")
	if err != nil {
		t.Fatal(err)
	}
	if a.Server != "https://10.1.2.3:6443" || a.Token != "s3cret" || !strings.HasPrefix(string(a.CA), "-----BEGIN CERTIFICATE") || a.ClientCert != nil {
		t.Errorf("the current context gives %+v", a)
	}
	a, err = cluster.ParseKubeconfig(fill(good), "other")
	if err != nil {
		t.Fatal(err)
	}
	if a.Server != "https://10.9.9.9" || a.Token != "" || len(a.ClientCert) == 0 || len(a.ClientKey) == 0 {
		t.Errorf("the named context gives %+v", a)
	}
	if config := a.Config(); config.ExecProvider != nil || config.AuthProvider != nil || config.Insecure || config.BearerTokenFile != "" ||
		config.CAFile != "" || config.CertFile != "" || config.KeyFile != "" || config.Proxy == nil {
		t.Errorf("the configuration for client-go holds more than was asked: %v", config)
	}
}

func TestAKubeconfigThatDoesMoreIsRefusedByName(t *testing.T) {
	t.Parallel()
	fill := filler(t)
	inUser := func(member string) string {
		return strings.Replace(good, "{token: s3cret}", "{token: s3cret, "+member+"}", 1)
	}
	inCluster := func(member string) string {
		return strings.Replace(good, "    certificate-authority-data: CA\n", "    certificate-authority-data: CA\n    "+member+"\n", 1)
	}
	for name, c := range map[string]struct{ text, sentence string }{
		"a program":                    {inUser(`exec: {apiVersion: client.authentication.k8s.io/v1, command: sh, args: ["-c", "id"]}`), "exec"},
		"an empty program":             {inUser("exec: {}"), "exec"},
		"a plugin":                     {inUser("auth-provider: {name: gcp}"), "auth-provider"},
		"a token in a file":            {inUser("tokenFile: /etc/shadow"), "tokenFile"},
		"a certificate in a file":      {inUser("client-certificate: /etc/shadow"), "client-certificate"},
		"a key in a file":              {inUser("client-key: /etc/shadow"), "client-key"},
		"a password":                   {inUser("username: a, password: b"), "username and password"},
		"impersonation":                {inUser("as: system:admin"), "as (impersonation)"},
		"impersonated groups":          {inUser("as-groups: [system:masters]"), "as (impersonation)"},
		"something new":                {inUser("loader: {}"), "users.0.user.loader"},
		"a member in another case":     {inUser("Exec: {}"), "users.0.user.Exec"},
		"a member twice":               {inUser("token: other"), "a key twice"},
		"a number for a token":         {strings.Replace(good, "s3cret", "12345", 1), "users.0.user.token"},
		"an authority in a file":       {inCluster("certificate-authority: /etc/shadow"), "certificate-authority"},
		"a proxy":                      {inCluster("proxy-url: http://169.254.169.254"), "proxy-url"},
		"no verification":              {inCluster("insecure-skip-tls-verify: true"), "insecure-skip-tls-verify"},
		"verification of another name": {inCluster("tls-server-name: example.com"), "tls-server-name"},
		"no TLS":                       {strings.Replace(good, "https://10.1.2.3", "http://10.1.2.3", 1), "without TLS"},
		"another scheme":               {strings.Replace(good, "https://10.1.2.3", "file:///etc", 1), "server"},
		"a credential in the address":  {strings.Replace(good, "https://10.1.2.3", "https://a:b@10.1.2.3", 1), "server"},
		"a query in the address":       {strings.Replace(good, ":6443/", ":6443/?x=y", 1), "server"},
		"a path upwards":               {strings.Replace(good, ":6443/", ":6443/a/../b", 1), "two ways"},
		"an encoded path":              {strings.Replace(good, ":6443/", ":6443/a%2fb", 1), "two ways"},
		"no address":                   {strings.Replace(good, "https://10.1.2.3:6443/", "''", 1), "not an address"},
		"no authority":                 {strings.Replace(good, "    certificate-authority-data: CA\n", "", 1), "no certificate-authority-data"},
		"an authority that is a key":   {strings.Replace(good, "    certificate-authority-data: CA", "    certificate-authority-data: KEY", 1), "no certificate"},
		"an authority that is text":    {strings.Replace(good, "    certificate-authority-data: CA", "    certificate-authority-data: aGVsbG8=", 1), "no certificate"},
		"an authority that is not b64": {strings.Replace(good, "    certificate-authority-data: CA", "    certificate-authority-data: '%%'", 1), "clusters.0.cluster.certificate-authority-data"},
		"no credential":                {strings.Replace(good, "{token: s3cret}", "{}", 1), "neither a token"},
		"two credentials":              {inUser("client-certificate-data: CERT, client-key-data: KEY"), "two identities"},
		"a token with a line break":    {strings.Replace(good, "s3cret", `"a\r\nX: y"`, 1), "not one"},
		"halves that do not fit":       {strings.Replace(good, "{token: s3cret}", "{client-certificate-data: CERT, client-key-data: CERT}", 1), "cannot be used together"},
		"two clusters of a name":       {strings.Replace(good, "- name: other\n  cluster", "- name: prod\n  cluster", 1), "two entries"},
		"no such user":                 {strings.Replace(good, "user: robot", "user: nobody", 1), "no user"},
		"no such context":              {strings.Replace(good, "current-context: prod", "current-context: x", 1), "no context"},
		"no current context":           {strings.Replace(good, "current-context: prod", "", 1), "current-context"},
		"two documents":                {good + "---\n" + good, "several YAML documents"},
		"something else":               {"apiVersion: v1\nkind: Pod\n", "Pod"},
		"another kind":                 {strings.Replace(good, "kind: Config", "kind: Konfig", 1), "no kubeconfig"},
		"no YAML":                      {"\t{", "not valid YAML"},
		"nothing":                      {"", "no kubeconfig"},
		"a megabyte":                   {good + strings.Repeat("#", 1<<20), "larger than 1 MiB"},
		"aliases of aliases":           {"a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: [*e,*e,*e,*e,*e,*e,*e,*e,*e]\n", "kubeconfig"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := cluster.ParseKubeconfig(fill(c.text), "")
			switch {
			case err == nil:
				t.Error("it is accepted")
			case !errors.Is(err, pratique.ErrInvalid):
				t.Errorf("%v is not the fault of who sent it", err)
			case !strings.Contains(err.Error(), c.sentence) && name != "something else":
				t.Errorf("it says %q, and not %q", err, c.sentence)
			case strings.Contains(err.Error(), "s3cret"):
				t.Errorf("it tells the token: %v", err)
			}
		})
	}
}

func TestWhatTheContextDoesNotReferToIsNotUsed(t *testing.T) {
	t.Parallel()
	text := strings.Replace(good, "{client-certificate-data: CERT, client-key-data: KEY}", "{exec: {command: aws}}", 1)
	fill := filler(t)
	if _, err := cluster.ParseKubeconfig(fill(text), "prod"); err != nil {
		t.Errorf("another user's exec stands in the way: %v", err)
	}
	if _, err := cluster.ParseKubeconfig(fill(text), "other"); err == nil {
		t.Error("that user is accepted")
	}
}

func FuzzParseKubeconfig(f *testing.F) {
	f.Add([]byte(good))
	f.Add([]byte("apiVersion: v1\nkind: Config\n---\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		a, err := cluster.ParseKubeconfig(data, "")
		if err == nil && (!strings.HasPrefix(a.Server, "https://") || len(a.CA) == 0 || a.Token == "" && len(a.ClientCert) == 0) {
			t.Errorf("accepted: %+v", a)
		}
	})
}
