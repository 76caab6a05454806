package local

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// client makes the HTTP client of the administrator.
func (p *Plane) client() (*http.Client, error) {
	cert, err := tls.X509KeyPair(p.creds.admin.cert, p.creds.admin.key)
	if err != nil {
		return nil, fmt.Errorf("administrator's certificate: %w", err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(p.creds.ca.cert)
	return &http.Client{
		Timeout: 10 * time.Second,
		Transport: &http.Transport{ // no proxy: it is loopback
			TLSClientConfig:   &tls.Config{MinVersion: tls.VersionTLS13, RootCAs: roots, Certificates: []tls.Certificate{cert}},
			ForceAttemptHTTP2: true,
		},
	}, nil
}

// Attempts at a start. A component may lose a race with the one it needs; one that ends three times has a reason.
const (
	readyPause   = 100 * time.Millisecond
	readyLimit   = 3 * time.Minute // seen: one second on an idle machine, ten on one that is overrun
	endsAccepted = 2
)

// waitReady returns when kube-apiserver says that it is ready, or with the last words of the component that does not come up.
func (p *Plane) waitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, readyLimit, fmt.Errorf("within %s", readyLimit))
	defer cancel()
	tick := time.NewTicker(readyPause)
	defer tick.Stop()
	last := "it does not answer"
	for {
		select {
		case <-ctx.Done():
			return unavailable("kube-apiserver is not ready: %s (%v)", last, context.Cause(ctx))
		case <-tick.C:
		}
		for _, c := range p.children {
			if s := c.status(); s.Restarts > endsAccepted {
				return unavailable("%s keeps ending (%s): %s", s.Name, s.LastError, c.lastWords())
			}
		}
		status, body, err := p.call(ctx, http.MethodGet, "/readyz", "", nil)
		switch {
		case err == nil && status == http.StatusOK:
			return nil
		case err == nil:
			last = notReady(body)
		}
	}
}

// notReady picks the checks that fail out of kube-apiserver's answer.
func notReady(body []byte) string {
	var failing []string
	for line := range strings.Lines(string(body)) {
		if check, ok := strings.CutPrefix(line, "[-]"); ok {
			name, _, _ := strings.Cut(check, " ")
			failing = append(failing, name)
		}
	}
	if len(failing) == 0 {
		return "it answers " + strings.TrimSpace(string(body[:min(len(body), 200)]))
	}
	return strings.Join(failing, ", ")
}

// call makes a request as the administrator and reads the answer.
func (p *Plane) call(ctx context.Context, method, path, contentType string, body any) (int, []byte, error) {
	var reader io.Reader
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			return 0, nil, err
		}
		reader = bytes.NewReader(data)
	}
	req, err := http.NewRequestWithContext(ctx, method, p.server()+path, reader)
	if err != nil {
		return 0, nil, err
	}
	if body != nil {
		req.Header.Set("Content-Type", contentType)
	}
	resp, err := p.http.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = resp.Body.Close() }() // read to the end or given up
	data, err := io.ReadAll(io.LimitReader(resp.Body, 64<<20))
	return resp.StatusCode, data, err
}
