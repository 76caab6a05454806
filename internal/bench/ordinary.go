package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
)

// asker sends requests to one path of a server, one after the other.
type asker interface {
	post(body []byte) error
	close()
}

// ordinary asks with the client of net/http: over HTTP/2 all at a time on one connection, as a kube-apiserver does, over HTTP/1.1 on a connection each.
type ordinary struct {
	version int
	ctx     context.Context //nolint:containedctx // of all its requests; it lives as long as one measurement
	client  *http.Client
	url     string
	header  http.Header
}

func newOrdinary(ctx context.Context, version int, server, path string, ca []byte, token string) *ordinary {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca)
	return &ordinary{
		version: version, ctx: ctx, url: server + path,
		client: &http.Client{Transport: &http.Transport{
			ForceAttemptHTTP2: version == 2, MaxIdleConnsPerHost: connections, TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS13},
		}},
		header: http.Header{"Content-Type": {"application/json"}, "Accept": {"application/json"}, "Authorization": {"Bearer " + token}},
	}
}

func (s *ordinary) close() { s.client.CloseIdleConnections() }

// post sends one request and reads the answer, which must be 200 and come over the version.
func (s *ordinary) post(body []byte) error {
	req, err := http.NewRequestWithContext(s.ctx, http.MethodPost, s.url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header = s.header
	resp, err := s.client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }() // read to its end
	if resp.StatusCode != http.StatusOK || resp.ProtoMajor != s.version {
		return fmt.Errorf("answer %s over %s", resp.Status, resp.Proto)
	}
	_, err = io.Copy(io.Discard, resp.Body)
	return err
}
