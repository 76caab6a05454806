package oidc

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// Secrets keeps small values for the whole server. PutSecretOnce creates a value unless there is one, and returns the one that won.
type Secrets interface {
	PutSecretOnce(ctx context.Context, name string, value []byte) ([]byte, error)
	Secret(ctx context.Context, name string) (value []byte, ok bool, err error)
}

// Sealer seals what leaves the process. The path is bound into the result.
type Sealer interface {
	Seal(plain []byte, path string) ([]byte, error)
	Unseal(sealed []byte, path string) ([]byte, error)
}

const (
	period  = 30 * 24 * time.Hour
	overlap = 24 * time.Hour // before a key signs, and after it has, that it is published
)

// keys finds the signing keys of periods, and remembers them.
type keys struct {
	mu    sync.Mutex
	known map[int64]*jose.JSONWebKey
}

func periodOf(t time.Time) int64 { return t.Unix() / int64(period/time.Second) }

// key returns the private key of a period; create makes it when there is none. A nil key without an error means that there is none.
func (i *Issuer) key(ctx context.Context, p int64, create bool) (*jose.JSONWebKey, error) {
	i.keys.mu.Lock()
	defer i.keys.mu.Unlock()
	if k, ok := i.keys.known[p]; ok {
		return k, nil
	}
	name := fmt.Sprintf("oidc-key-%d", p)
	sealed, ok, err := i.Secrets.Secret(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("read signing key %d: %w", p, err)
	}
	if !ok {
		if !create {
			return nil, nil //nolint:nilnil // said above
		}
		if sealed, err = i.newKey(ctx, name); err != nil {
			return nil, fmt.Errorf("make signing key %d: %w", p, err)
		}
	}
	k, err := i.open(sealed, name)
	if err != nil {
		return nil, fmt.Errorf("open signing key %d: %w", p, err)
	}
	if i.keys.known == nil {
		i.keys.known = map[int64]*jose.JSONWebKey{}
	}
	i.keys.known[p] = k
	return k, nil
}

// newKey offers a fresh key to the store and returns the sealed key that all replicas will use.
func (i *Issuer) newKey(ctx context.Context, name string) ([]byte, error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil, err
	}
	sealed, err := i.Sealer.Seal(der, "server/"+name)
	if err != nil {
		return nil, err
	}
	return i.Secrets.PutSecretOnce(ctx, name, sealed)
}

func (i *Issuer) open(sealed []byte, name string) (*jose.JSONWebKey, error) {
	der, err := i.Sealer.Unseal(sealed, "server/"+name)
	if err != nil {
		return nil, err
	}
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, err
	}
	private, ok := parsed.(*ecdsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("it is a %T", parsed)
	}
	k := &jose.JSONWebKey{Key: private, Algorithm: string(jose.ES256), Use: "sig"}
	thumb, err := k.Thumbprint(crypto.SHA256)
	if err != nil {
		return nil, err
	}
	k.KeyID = base64.RawURLEncoding.EncodeToString(thumb)
	return k, nil
}

// published lists the public keys that verify tokens now. The current key always exists afterwards, the next one once it is due.
func (i *Issuer) published(ctx context.Context) ([]jose.JSONWebKey, error) {
	now := i.Now()
	var out []jose.JSONWebKey
	for _, want := range []struct {
		period int64
		create bool
	}{{periodOf(now), true}, {periodOf(now.Add(overlap)), true}, {periodOf(now.Add(-overlap)), false}} {
		k, err := i.key(ctx, want.period, want.create)
		if err != nil {
			return nil, err
		}
		if k != nil && !contains(out, k.KeyID) {
			out = append(out, k.Public())
		}
	}
	return out, nil
}

func contains(keys []jose.JSONWebKey, id string) bool {
	for _, k := range keys {
		if k.KeyID == id {
			return true
		}
	}
	return false
}
