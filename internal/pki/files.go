package pki

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/pratique-iam/pratique/internal/secretfile"
)

// The types of the PEM blocks, as openssl knows them.
const (
	certificateBlock = "CERTIFICATE"
	keyBlock         = "PRIVATE KEY" // PKCS #8
)

// files is where an authority is kept. Key and certificate stand in one file, so that a first start which is interrupted leaves both or
// neither; ca.crt is a copy for clients.
type files struct{ dir string }

func (f files) folder() string { return filepath.Join(f.dir, "pki") }
func (f files) secret() string { return filepath.Join(f.folder(), "ca.pem") }
func (f files) public() string { return filepath.Join(f.dir, "ca.crt") }

// open reads the authority, or makes it when there is no trace of one.
func (f files) open(now time.Time) (*x509.Certificate, crypto.Signer, error) {
	if err := f.checkFolder(); err != nil {
		return nil, nil, err
	}
	data, err := secretfile.Read(f.secret())
	if errors.Is(err, fs.ErrNotExist) {
		data, err = f.create(now)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("certificate authority: %w", err)
	}
	cert, key, err := parse(data)
	if err != nil {
		return nil, nil, fmt.Errorf("certificate authority: %s %w; restore it from a backup, or %s", f.secret(), err, f.startOver())
	}
	if !now.Before(cert.NotAfter) {
		return nil, nil, fmt.Errorf("certificate authority: the certificate in %s expired on %s; %s",
			f.secret(), cert.NotAfter.Format(time.DateOnly), f.startOver())
	}
	return cert, key, f.publish(cert)
}

func (f files) startOver() string {
	return fmt.Sprintf("remove it and %s to start with a new authority, whose ca.crt every client must then be given", f.public())
}

// checkFolder makes the directory of the key, or refuses one that others can enter.
func (f files) checkFolder() error {
	if err := os.Mkdir(f.folder(), 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("certificate authority: %w", err)
	}
	info, err := os.Stat(f.folder())
	if err != nil {
		return fmt.Errorf("certificate authority: %w", err)
	}
	if !info.IsDir() {
		return fmt.Errorf("certificate authority: %s is not a directory; move it away", f.folder())
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return fmt.Errorf("certificate authority: %s has mode %04o, which lets others in; run: chmod 0700 %s", f.folder(), mode, f.folder())
	}
	return secretfile.Owned(info, f.folder())
}

// create makes the authority. It refuses where a ca.crt shows that there was one: clients that trust it would turn away from a new one.
func (f files) create(now time.Time) ([]byte, error) {
	if _, err := os.Lstat(f.public()); err == nil {
		return nil, fmt.Errorf("%s is missing, while %s is there; restore it from a backup, or remove %s to start with a new authority, "+
			"whose ca.crt every client must then be given", f.secret(), f.public(), f.public())
	}
	cert, key, err := newAuthority(now)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	data := pem.EncodeToMemory(&pem.Block{Type: keyBlock, Bytes: der})
	data = append(data, pem.EncodeToMemory(&pem.Block{Type: certificateBlock, Bytes: cert.Raw})...)
	err = secretfile.Create(f.secret(), data)
	if errors.Is(err, fs.ErrExist) { // another process was first
		return secretfile.Read(f.secret())
	}
	return data, err
}

// publish writes ca.crt when it is missing. One that differs is left for a person to look at: clients may have been given it.
func (f files) publish(cert *x509.Certificate) error {
	want := pem.EncodeToMemory(&pem.Block{Type: certificateBlock, Bytes: cert.Raw})
	got, err := os.ReadFile(f.public())
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if err := secretfile.Publish(f.public(), want); err != nil {
			return fmt.Errorf("certificate authority: %w", err)
		}
		return nil
	case err != nil:
		return fmt.Errorf("certificate authority: %w", err)
	case !bytes.Equal(got, want):
		return fmt.Errorf("certificate authority: %s is not the certificate of the authority in %s; remove it, and the next start writes it anew",
			f.public(), f.secret())
	}
	return nil
}

// parse reads key and certificate, and sees that they belong together and can issue. Its errors go on from the name of the file.
func parse(data []byte) (*x509.Certificate, crypto.Signer, error) {
	key, rest := pem.Decode(data)
	cert, rest := pem.Decode(rest)
	if key == nil || key.Type != keyBlock || cert == nil || cert.Type != certificateBlock || len(bytes.TrimSpace(rest)) > 0 {
		return nil, nil, errors.New("does not hold a private key followed by a certificate")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(key.Bytes)
	if err != nil { // the cause is left out: it is about the bytes of a key
		return nil, nil, errors.New("holds a private key that cannot be read")
	}
	signer, ok := parsed.(*ecdsa.PrivateKey)
	if !ok {
		return nil, nil, errors.New("holds a private key that is not an ECDSA key")
	}
	c, err := x509.ParseCertificate(cert.Bytes)
	if err != nil {
		return nil, nil, fmt.Errorf("holds a certificate that cannot be read (%w)", err)
	}
	if !signer.PublicKey.Equal(c.PublicKey) {
		return nil, nil, errors.New("holds a certificate of another key")
	}
	if !c.IsCA || c.KeyUsage&x509.KeyUsageCertSign == 0 {
		return nil, nil, errors.New("holds a certificate that may not issue others")
	}
	return c, signer, nil
}
