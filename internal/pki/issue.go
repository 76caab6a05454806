package pki

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"fmt"
	"math/big"
	"net"
	"time"
)

// newAuthority makes a key and its self-signed certificate.
func newAuthority(now time.Time) (*x509.Certificate, *ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	serial := newSerial()
	template := &x509.Certificate{
		SerialNumber: serial,
		// The number keeps two servers apart in a browser's list, and in the search for an issuer, which goes by name.
		Subject:               pkix.Name{CommonName: "Pratique CA " + hex.EncodeToString(serial.Bytes()[:4])},
		NotBefore:             now.Add(-backdated),
		NotAfter:              now.Add(authorityLife),
		IsCA:                  true,
		MaxPathLenZero:        true, // signs servers, never another authority
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, nil, err
	}
	cert, err := x509.ParseCertificate(der)
	return cert, key, err
}

// issue makes a server certificate that begins at now. It ends with the authority at the latest.
func (a *Authority) issue(now time.Time) (*issued, error) {
	if !now.Before(a.cert.NotAfter) {
		return nil, fmt.Errorf("the certificate authority expired on %s", a.cert.NotAfter.Format(time.DateOnly))
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	until, renew := now.Add(serverLife), now.Add(serverLife*2/3)
	if until.After(a.cert.NotAfter) { // nothing better can be issued any more
		until, renew = a.cert.NotAfter, a.cert.NotAfter
	}
	template := &x509.Certificate{
		SerialNumber: newSerial(),
		Subject:      pkix.Name{CommonName: "Pratique server"},
		NotBefore:    now.Add(-backdated),
		NotAfter:     until,
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, h := range a.hosts {
		if ip := net.ParseIP(h); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, h)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), a.key)
	if err != nil {
		return nil, err
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	return &issued{
		tls:  &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf},
		from: leaf.NotBefore, renew: renew, until: until,
	}, nil
}

// newSerial is 128 random bits with the top one fixed: positive in 16 bytes, and never short.
func newSerial() *big.Int {
	var b [16]byte
	_, _ = rand.Read(b[:]) // documented never to fail
	b[0] = b[0]&0x7f | 0x40
	return new(big.Int).SetBytes(b[:])
}
