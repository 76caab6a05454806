package server

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/internal/access"
	"github.com/pratique-iam/pratique/internal/directory"
	"github.com/pratique-iam/pratique/internal/etcd"
)

// store is the etcd that a server keeps its directories in.
type store struct {
	client *clientv3.Client
	guard  func() error    // refuses writes while the disk is nearly full
	failed <-chan struct{} // closed when an embedded store has given up; nil for an external one
	close  func() error
}

func openStore(ctx context.Context, c *Config) (*store, error) {
	if len(c.EtcdEndpoints) == 0 {
		e, err := etcd.Start(ctx, etcd.Config{Dir: c.Data, Log: c.Log, UnsafeNoFsync: c.UnsafeNoFsync})
		if err != nil {
			return nil, err
		}
		return &store{client: e.Client, guard: e.Guard, failed: e.Failed(), close: e.Close}, nil
	}
	secure, err := etcdTLS(c)
	if err != nil {
		return nil, err
	}
	client, err := etcd.Dial(ctx, c.EtcdEndpoints, secure, c.Log)
	if err != nil {
		return nil, err
	}
	return &store{client: client, close: client.Close}, nil
}

func etcdTLS(c *Config) (*tls.Config, error) {
	if c.EtcdCA == "" && c.EtcdCert == "" {
		return nil, nil //nolint:nilnil // no TLS was asked for
	}
	out := &tls.Config{MinVersion: tls.VersionTLS12}
	if c.EtcdCA != "" {
		pem, err := os.ReadFile(c.EtcdCA)
		if err != nil {
			return nil, fmt.Errorf("read the store's CA: %w", err)
		}
		out.RootCAs = x509.NewCertPool()
		if !out.RootCAs.AppendCertsFromPEM(pem) {
			return nil, &pratique.Error{Kind: pratique.ErrInvalid, Message: c.EtcdCA + " holds no certificate"}
		}
	}
	if c.EtcdCert != "" {
		pair, err := tls.LoadX509KeyPair(c.EtcdCert, c.EtcdKey)
		if err != nil {
			return nil, fmt.Errorf("load the store's client certificate: %w", err)
		}
		out.Certificates = []tls.Certificate{pair}
	}
	return out, nil
}

// gateStore lets the Gate write to a directory.
type gateStore struct{ *directory.Directory }

func (s gateStore) Update(ctx context.Context, account string, f access.Write) (*pratique.Snapshot, error) {
	return s.Directory.Update(ctx, account, func(snapshot *pratique.Snapshot) (directory.Commit, error) {
		next, writes, records, err := f(snapshot)
		return directory.Commit{Next: next, Writes: writes, Records: records}, err
	})
}

// accounts finds accounts for sign-in.
type accounts struct{ *directory.Directory }

// Only returns the account when there is exactly one, so that nobody needs to name it.
func (a accounts) Only() (*pratique.Snapshot, bool) {
	all := a.Accounts()
	if len(all) != 1 {
		return nil, false
	}
	return all[0], true
}

// AccountOfKey finds the account of an access key. Ids of keys are unique on a server.
func (a accounts) AccountOfKey(id string) (*pratique.Snapshot, bool) {
	for _, s := range a.Accounts() {
		if _, ok := s.AccessKeys.ID(id); ok {
			return s, true
		}
	}
	return nil, false
}
