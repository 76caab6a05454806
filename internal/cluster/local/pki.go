package local

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/pratique-iam/pratique/internal/secretfile"
)

// Lifetimes. Authorities last as long as the directory; what they issue is made anew at every start, so a plane should be started once
// a year.
const (
	authorityLife = 10 * 365 * 24 * time.Hour
	leafLife      = 365 * 24 * time.Hour
	backdated     = time.Hour
)

// authority issues certificates. It is kept as one file, so that a first start that is interrupted leaves key and certificate or neither;
// the two files that the components read are copies.
type authority struct {
	dir  string
	name string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	now  time.Time
}

// openAuthority reads dir/name.pem, or makes it, and writes dir/name.crt and dir/name.key.
func openAuthority(dir, name, subject string, now time.Time) (*authority, error) {
	path := filepath.Join(dir, name+".pem")
	data, err := secretfile.Read(path)
	if errors.Is(err, fs.ErrNotExist) {
		if data, err = newAuthority(subject, now); err == nil {
			err = secretfile.Create(path, data)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("certificate authority of the local cluster: %w", err)
	}
	keyBlock, rest := pem.Decode(data)
	certBlock, _ := pem.Decode(rest)
	if keyBlock == nil || certBlock == nil {
		return nil, fmt.Errorf("certificate authority of the local cluster: %s does not hold a key and a certificate", path)
	}
	a := &authority{dir: dir, name: name, now: now}
	if a.key, err = x509.ParseECPrivateKey(keyBlock.Bytes); err != nil { // the cause is left out: it is about the bytes of a key
		return nil, fmt.Errorf("certificate authority of the local cluster: the key in %s cannot be read", path)
	}
	if a.cert, err = x509.ParseCertificate(certBlock.Bytes); err != nil {
		return nil, fmt.Errorf("certificate authority of the local cluster: %s: %w", path, err)
	}
	return a, errors.Join(secretfile.Publish(a.certFile(), pem.EncodeToMemory(certBlock)), secretfile.Replace(a.keyFile(), pem.EncodeToMemory(keyBlock)))
}

func (a *authority) certFile() string { return filepath.Join(a.dir, a.name+".crt") }
func (a *authority) keyFile() string  { return filepath.Join(a.dir, a.name+".key") }

func newAuthority(subject string, now time.Time) ([]byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber:          newSerial(),
		Subject:               pkix.Name{CommonName: subject},
		NotBefore:             now.Add(-backdated),
		NotAfter:              now.Add(authorityLife),
		IsCA:                  true,
		BasicConstraintsValid: true,
		MaxPathLenZero:        true,
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	keyPEM, err := encodeKey(key)
	return append(keyPEM, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...), err
}

// pair is a certificate and its key, as PEM and as files.
type pair struct {
	certFile, keyFile string
	cert, key         []byte
}

// client issues a certificate for a user of these groups, to name.crt and name.key.
func (a *authority) client(name, user string, groups ...string) (pair, error) {
	return a.issue(name, &x509.Certificate{
		Subject:     pkix.Name{CommonName: user, Organization: groups},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
}

// server issues a certificate for loopback and other names. With peer, it also serves as a client's: etcd wants the same for both.
func (a *authority) server(name string, peer bool, names ...string) (pair, error) {
	template := &x509.Certificate{
		Subject:     pkix.Name{CommonName: name},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		IPAddresses: []net.IP{net.ParseIP(loopback)},
		DNSNames:    []string{"localhost"},
	}
	if peer {
		template.ExtKeyUsage = append(template.ExtKeyUsage, x509.ExtKeyUsageClientAuth)
	}
	for _, n := range names {
		if ip := net.ParseIP(n); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, n)
		}
	}
	return a.issue(name, template)
}

func (a *authority) issue(name string, template *x509.Certificate) (pair, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return pair{}, err
	}
	template.SerialNumber = newSerial()
	template.NotBefore, template.NotAfter = a.now.Add(-backdated), a.now.Add(leafLife)
	template.KeyUsage = x509.KeyUsageDigitalSignature
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), a.key)
	if err != nil {
		return pair{}, err
	}
	p := pair{
		certFile: filepath.Join(a.dir, name+".crt"), keyFile: filepath.Join(a.dir, name+".key"),
		cert: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
	}
	if p.key, err = encodeKey(key); err != nil {
		return pair{}, err
	}
	return p, errors.Join(secretfile.Replace(p.keyFile, p.key), secretfile.Publish(p.certFile, p.cert))
}

// serviceAccountKey makes the key that signs the tokens of service accounts, once: with another, every token of before would be void.
func serviceAccountKey(dir string) (string, error) {
	path := filepath.Join(dir, "sa.key")
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", err
	}
	data, err := encodeKey(key)
	if err != nil {
		return "", err
	}
	if err := secretfile.Create(path, data); err != nil {
		return "", fmt.Errorf("key of the service accounts: %w", err)
	}
	return path, nil
}

func encodeKey(key *ecdsa.PrivateKey) ([]byte, error) {
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}), nil
}

// newSerial is 128 random bits with the top one fixed: positive in 16 bytes, and never short.
func newSerial() *big.Int {
	var b [16]byte
	_, _ = rand.Read(b[:]) // documented never to fail
	b[0] = b[0]&0x7f | 0x40
	return new(big.Int).SetBytes(b[:])
}
