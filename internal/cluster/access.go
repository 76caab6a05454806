package cluster

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"k8s.io/client-go/rest"

	"github.com/pratique-iam/pratique/internal/strictjson"
)

// Access is what reaches a cluster: its address, the authority of its certificate, and a token or a client certificate.
type Access struct {
	Server     string // https URL, without a trailing slash
	CA         []byte // PEM
	Token      string
	ClientCert []byte // PEM, as the key
	ClientKey  []byte
}

// String leaves the credential out, so that no log line can hold it.
func (a Access) String() string { return "access to " + a.Server }

// GoString is String, for %#v.
func (a Access) GoString() string { return a.String() }

// secret is what is sealed of an Access. The rest is for everybody to see.
type secret struct {
	Token      string `json:"token,omitempty"`
	ClientCert []byte `json:"clientCertificate,omitempty"`
	ClientKey  []byte `json:"clientKey,omitempty"`
}

// SealPath is what the credential of an attached cluster is sealed to.
func SealPath(account, clusterID string) string {
	return "account/" + account + "/Cluster/" + clusterID
}

// Secret is the credential as it is sealed into pratique.Cluster.Sealed. Server and CA stand there in the clear.
func (a Access) Secret() ([]byte, error) {
	return strictjson.Marshal(secret{a.Token, a.ClientCert, a.ClientKey})
}

// withSecret adds what Secret returned.
func (a Access) withSecret(data []byte) (Access, error) {
	var s secret
	if err := strictjson.Unmarshal(data, &s); err != nil {
		return Access{}, invalid("attach the cluster again", "the stored credential cannot be read") // the cause may quote it
	}
	a.Token, a.ClientCert, a.ClientKey = s.Token, s.ClientCert, s.ClientKey
	return a, nil
}

// Limits on what is accepted, far above what any cluster has.
const (
	maxServer = 2 << 10
	maxToken  = 16 << 10
	maxPEM    = 256 << 10
)

// check refuses what cannot work or would not be safe, and brings the address and the authority into one form.
func (a *Access) check() error {
	if err := a.checkServer(); err != nil {
		return err
	}
	if err := a.checkCA(); err != nil {
		return err
	}
	return a.checkCredential()
}

func (a *Access) checkServer() error {
	u, err := url.Parse(a.Server)
	switch {
	case err != nil || len(a.Server) > maxServer || u.Opaque != "" || u.Host == "" || u.Hostname() == "":
		return invalid("set server to https://HOST:PORT", "the server of the kubeconfig is not an address")
	case u.Scheme != "https":
		return invalid("set server to https://HOST:PORT", "the server of the kubeconfig is reached without TLS, and anybody on the way could read the credential")
	case u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || strings.Contains(a.Server, "#"):
		return invalid("set server to https://HOST:PORT", "the server of the kubeconfig holds more than an address and a path")
	case strings.ContainsAny(u.EscapedPath(), "%\\;") || strings.Contains(u.Path+"/", "/../") || strings.Contains(u.Path+"/", "/./") ||
		strings.Contains(strings.TrimRight(u.Path, "/"), "//"):
		return invalid("write the path as it is", "the path in the server of the kubeconfig can be read in two ways")
	}
	a.Server = "https://" + u.Host + strings.TrimRight(u.Path, "/")
	return nil
}

// checkCA insists on an authority of the cluster's own: with the system's, whoever gets a certificate from anybody could pose as the cluster.
func (a *Access) checkCA() error {
	if len(a.CA) == 0 {
		return invalid("set it to the cluster's authority; kubectl config view --minify --flatten --raw shows it",
			"the kubeconfig has no certificate-authority-data")
	}
	if len(a.CA) > maxPEM {
		return invalid("keep the cluster's own authority", "certificate-authority-data is larger than 256 KiB")
	}
	var out bytes.Buffer
	for rest := a.CA; len(bytes.TrimSpace(rest)) > 0; {
		block, next := pem.Decode(rest)
		if block == nil || block.Type != "CERTIFICATE" {
			return invalid("keep the PEM blocks of type CERTIFICATE", "certificate-authority-data holds something that is no certificate")
		}
		if _, err := x509.ParseCertificate(block.Bytes); err != nil {
			return invalid("", "certificate-authority-data holds a certificate that cannot be read")
		}
		if err := pem.Encode(&out, &pem.Block{Type: block.Type, Bytes: block.Bytes}); err != nil {
			return err
		}
		rest = next
	}
	if out.Len() == 0 {
		return invalid("set it to the cluster's authority", "certificate-authority-data holds no certificate")
	}
	a.CA = out.Bytes()
	return nil
}

func (a *Access) checkCredential() error {
	const account = "make a service account for Pratique and use its token"
	cert := len(a.ClientCert) > 0 || len(a.ClientKey) > 0
	switch {
	case a.Token == "" && !cert:
		return invalid(account, "the user of the kubeconfig has neither a token nor a client certificate")
	case a.Token != "" && cert:
		return invalid("keep one of them", "the user of the kubeconfig has a token and a client certificate, which may be two identities")
	case len(a.Token) > maxToken || strings.ContainsFunc(a.Token, func(r rune) bool { return r <= ' ' || r > '~' }):
		return invalid(account, "the token of the kubeconfig is not one") // a line break in it would be another header
	case len(a.ClientCert) > maxPEM || len(a.ClientKey) > maxPEM:
		return invalid(account, "the client certificate of the kubeconfig is larger than 256 KiB")
	}
	if cert {
		if _, err := tls.X509KeyPair(a.ClientCert, a.ClientKey); err != nil {
			return invalid("set client-certificate-data and client-key-data to the two halves of one certificate",
				"the client certificate of the kubeconfig and its key cannot be used together")
		}
	}
	return nil
}

// Requests per second of one client. The default of client-go, 5, makes a thousand bindings take minutes; the server has its own protection.
const (
	clientQPS   = 400
	clientBurst = 800
)

const dialTimeout = 10 * time.Second

// Config is for client-go, made by hand: no program, no file, no proxy, not even those of the environment. It dials whatever the address
// resolves to; a Manager's connections are guarded. There is no limit on how long an answer takes, because it also serves watches and
// streams: give requests a context that ends.
func (a Access) Config() *rest.Config {
	return &rest.Config{
		Host:        a.Server,
		BearerToken: a.Token,
		TLSClientConfig: rest.TLSClientConfig{
			CAData: a.CA, CertData: a.ClientCert, KeyData: a.ClientKey,
		},
		UserAgent:      "pratique",
		QPS:            clientQPS,
		Burst:          clientBurst,
		Proxy:          func(*http.Request) (*url.URL, error) { return nil, nil }, //nolint:nilnil // no proxy, and not that of the environment
		Dial:           (&net.Dialer{Timeout: dialTimeout, KeepAlive: 30 * time.Second}).DialContext,
		WarningHandler: rest.NoWarnings{},
		ExecProvider:   nil,
		ContentConfig: rest.ContentConfig{
			AcceptContentTypes: "application/vnd.kubernetes.protobuf,application/json",
			ContentType:        "application/vnd.kubernetes.protobuf",
		},
	}
}

// dialer is what a rest.Config wants.
type dialer = func(ctx context.Context, network, address string) (net.Conn, error)
