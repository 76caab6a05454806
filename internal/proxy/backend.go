package proxy

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/pratique-iam/pratique"
)

// Access is how a cluster is reached: a token or a client certificate, which may impersonate there.
type Access struct {
	Server     string // https URL, possibly with a path
	CA         []byte // PEM; only certificates under it are accepted
	Token      string
	ClientCert []byte // PEM, as the key
	ClientKey  []byte

	// Dial opens connections to Server, guarded against addresses that no cluster may have; nil dials whatever the name resolves to. It is kept as
	// long as the other fields stay the same.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)

	Done <-chan struct{} // closed when the access has ended: streams that rest on it are cut; nil never is
}

func (a *Access) same(b *Access) bool {
	return a.Server == b.Server && a.Token == b.Token && bytes.Equal(a.CA, b.CA) &&
		bytes.Equal(a.ClientCert, b.ClientCert) && bytes.Equal(a.ClientKey, b.ClientKey)
}

// maxClusters is how many clusters connections are kept for.
const maxClusters = 1024

// backends keeps connections to clusters. The zero value is empty.
type backends struct {
	mu   sync.Mutex
	open map[string]*backend // by account and id of the cluster
}

// backend is one cluster, reached in one way.
type backend struct {
	access  Access
	base    *url.URL
	plain   *http.Transport // HTTP/2 where the cluster has it: many watches in one connection
	upgrade *http.Transport // HTTP/1.1, which alone can be switched; a connection is never used twice
	used    time.Time
}

// get gives the backend for an access. When the access has changed, the connections that were made with the old one are not used again.
func (b *backends) get(key string, a Access, now time.Time) (*backend, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	have, ok := b.open[key]
	if ok && have.access.same(&a) {
		have.used = now
		return have, nil
	}
	made, err := newBackend(a)
	if err != nil {
		return nil, err
	}
	made.used = now
	switch {
	case ok:
		have.closeIdle()
	case b.open == nil:
		b.open = map[string]*backend{}
	case len(b.open) >= maxClusters:
		b.dropOldest()
	}
	b.open[key] = made
	return made, nil
}

func (b *backends) dropOldest() {
	oldest := ""
	for key, be := range b.open {
		if oldest == "" || be.used.Before(b.open[oldest].used) {
			oldest = key
		}
	}
	b.open[oldest].closeIdle()
	delete(b.open, oldest)
}

func (b *backends) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, be := range b.open {
		be.closeIdle()
	}
	b.open = nil
}

// newBackend refuses what would leave the other side or ourselves unproven: no TLS, no authority, no credential. An empty setting never means
// that something is not checked.
func newBackend(a Access) (*backend, error) {
	base, err := url.Parse(a.Server)
	if err != nil || base.Scheme != "https" || base.Host == "" || base.RawQuery != "" || base.User != nil || base.Fragment != "" {
		return nil, unusable("its address is not an https address")
	}
	base.Path, base.RawPath = strings.TrimRight(base.Path, "/"), strings.TrimRight(base.RawPath, "/")
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(a.CA) {
		return nil, unusable("it has no authority whose certificates to accept")
	}
	config := &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	switch {
	case len(a.ClientCert) > 0 && a.Token == "":
		pair, err := tls.X509KeyPair(a.ClientCert, a.ClientKey)
		if err != nil {
			return nil, unusable("its client certificate cannot be used")
		}
		config.Certificates = []tls.Certificate{pair}
	case a.Token == "" || len(a.ClientCert) > 0:
		return nil, unusable("it needs a token or a client certificate, one of the two")
	}
	dial := a.Dial
	if dial == nil {
		dial = (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext
	}
	plain, upgrade := transport(config, dial), transport(config.Clone(), dial)
	plain.Protocols.SetHTTP2(true)
	upgrade.DisableKeepAlives = true
	return &backend{access: a, base: base, plain: plain, upgrade: upgrade}, nil
}

func unusable(why string) error {
	return &pratique.Error{Kind: pratique.ErrUnavailable, Message: "the cluster cannot be reached with what is known of it: " + why, Hint: "attach it again"}
}

// transport takes no proxy from the environment, adds no compression of its own, and follows no redirect.
func transport(config *tls.Config, dial func(context.Context, string, string) (net.Conn, error)) *http.Transport {
	t := &http.Transport{
		DialContext: dial, TLSClientConfig: config, Protocols: new(http.Protocols),
		TLSHandshakeTimeout: 10 * time.Second, ResponseHeaderTimeout: 90 * time.Second,
		DisableCompression: true, MaxIdleConnsPerHost: 32, IdleConnTimeout: 90 * time.Second, MaxResponseHeaderBytes: 256 << 10,
		// A cluster that has gone away silently is found out, so that watches on it do not wait for ever.
		HTTP2: &http.HTTP2Config{SendPingTimeout: 30 * time.Second, PingTimeout: 15 * time.Second},
	}
	t.Protocols.SetHTTP1(true)
	return t
}

func (b *backend) closeIdle() {
	b.plain.CloseIdleConnections()
	b.upgrade.CloseIdleConnections()
}

// at is an address below the cluster's own.
func (b *backend) at(target *url.URL) *url.URL {
	return &url.URL{
		Scheme: b.base.Scheme, Host: b.base.Host, Path: b.base.Path + target.Path,
		RawPath: b.base.EscapedPath() + target.EscapedPath(), RawQuery: target.RawQuery,
	}
}

// lastLook is the last step before the wire: nothing leaves for a cluster without an identity of ours.
type lastLook struct{ *http.Transport }

// RoundTrip sends a request that carries an identity.
func (l lastLook) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := checkIdentity(r.Header); err != nil {
		return nil, err
	}
	return l.Transport.RoundTrip(r)
}

// unreachable is what people are told of a cluster that did not answer.
func unreachable(name string, err error) *refusal {
	if told, ok := errors.AsType[*refusal](err); ok {
		return told
	}
	if told, ok := errors.AsType[*pratique.Error](err); ok { // of a guarded Dial
		return unavailable("cluster %q cannot be reached: %s", name, told.Message)
	}
	_, unknownCA := errors.AsType[x509.UnknownAuthorityError](err)
	_, otherHost := errors.AsType[x509.HostnameError](err)
	_, invalidCert := errors.AsType[x509.CertificateInvalidError](err)
	netErr, isNet := errors.AsType[net.Error](err)
	_, record := errors.AsType[tls.RecordHeaderError](err)
	switch {
	case errors.Is(err, errNoIdentity):
		return &refusal{code: http.StatusInternalServerError, reason: reasonInternal, message: "something went wrong inside Pratique; its log has the details"}
	case unknownCA || otherHost || invalidCert || record:
		return badGateway("what answers at the address of cluster %q does not have the certificate that it was attached with", name)
	case errors.Is(err, context.DeadlineExceeded), isNet && netErr.Timeout():
		return &refusal{code: http.StatusGatewayTimeout, reason: "Timeout", message: "cluster \"" + name + "\" did not answer in time"}
	default:
		return unavailable("cluster %q cannot be reached", name)
	}
}
