// Package pki makes the certificates of the server: an authority of its own at the first start, so that TLS is on without
// anybody having bought or configured anything, and a server certificate that renews itself.
//
//	DIR/ca.crt       the authority's certificate, for clients (0644)
//	DIR/pki/ca.pem   the authority's key and certificate (0400, in a directory of mode 0700)
//
// The key and the certificate of the server are never written: they are made in memory at each start and whenever they are due, which
// leaves nothing to steal, to renew or to get out of step with the host names. Clients trust the authority, not the certificate.
package pki

import (
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"slices"
	"sync"
	"time"
)

// Lifetimes. A server certificate is renewed when a third of its life is left.
const (
	authorityLife = 10 * 365 * 24 * time.Hour
	serverLife    = 90 * 24 * time.Hour
	// backdated is by how much certificates begin before they are made, for clients whose clocks are slow.
	backdated = time.Hour
)

// Authority issues the server's certificate. It is safe for concurrent use.
type Authority struct {
	cert  *x509.Certificate
	key   crypto.Signer
	now   func() time.Time
	hosts []string // sorted, lower case

	mu      sync.Mutex
	current *issued
}

// issued is the server certificate in use.
type issued struct {
	tls   *tls.Certificate
	from  time.Time
	renew time.Time
	until time.Time
}

// Ensure opens the authority in a data directory, and makes it when there is none. The server's certificate will be for localhost, the
// machine's host name and hosts, which are DNS names or IP addresses. The error is a sentence that names the file or the host.
func Ensure(dir string, hosts []string, now func() time.Time) (*Authority, error) {
	names, err := allHosts(hosts)
	if err != nil {
		return nil, err
	}
	f := files{dir}
	cert, key, err := f.open(now())
	if err != nil {
		return nil, err
	}
	a := &Authority{cert: cert, key: key, now: now, hosts: names}
	if _, err := a.certificate(); err != nil { // at start, not at the first handshake
		return nil, err
	}
	return a, nil
}

// CAPEM is the authority's certificate, in PEM: what ca.crt holds.
func (a *Authority) CAPEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: certificateBlock, Bytes: a.cert.Raw})
}

// Hosts lists what the server's certificate is for.
func (a *Authority) Hosts() []string { return slices.Clone(a.hosts) }

// TLS is the configuration of a server that shows the certificate, and renews it between two handshakes when it is due.
// The caller may add to it: each call gives a new one.
func (a *Authority) TLS() *tls.Config {
	return &tls.Config{
		MinVersion:     tls.VersionTLS12, // with 1.3 preferred, as both sides do by themselves
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return a.certificate() },
	}
}

// certificate gives the server's certificate, a new one when it is time. While a renewal does not succeed, the old one serves to its end.
func (a *Authority) certificate() (*tls.Certificate, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.now()
	c := a.current
	// A clock that was set back may stand before the certificate begins; a new one is right then, too.
	if c != nil && now.Before(c.renew) && !now.Before(c.from) {
		return c.tls, nil
	}
	next, err := a.issue(now)
	if err == nil {
		a.current = next
		return next.tls, nil
	}
	if c != nil && now.Before(c.until) && !now.Before(c.from) {
		return c.tls, nil
	}
	return nil, fmt.Errorf("issue the server's certificate: %w", err)
}
