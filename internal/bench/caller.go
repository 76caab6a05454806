package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

// caller reaches a kube-apiserver, or what stands in front of it, on a connection of its own, over HTTP/2 as kubectl does. What kubectl does beside
// its request, starting and reading what kinds of objects there are, is the same for everybody and left out.
type caller struct {
	client *http.Client
	base   string
	token  string
}

// newCaller takes the authority of the other side in PEM, and a token or a certificate.
func newCaller(base string, ca []byte, token string, certificates ...tls.Certificate) *caller {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca)
	return &caller{base: base, token: token, client: &http.Client{Transport: &http.Transport{
		TLSClientConfig:   &tls.Config{RootCAs: roots, Certificates: certificates, MinVersion: tls.VersionTLS12},
		ForceAttemptHTTP2: true,
	}}}
}

func (c *caller) close() { c.client.CloseIdleConnections() }

// open sends a request and returns its answer, whatever the code. Changes of an object are merged into it.
func (c *caller) open(ctx context.Context, method, path, body string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader([]byte(body)))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json")
	switch method {
	case http.MethodPost:
		req.Header.Set("Content-Type", "application/json")
	case http.MethodPatch:
		req.Header.Set("Content-Type", "application/merge-patch+json")
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	return c.client.Do(req)
}

// do sends a request, reads the whole answer, and returns its code and its beginning.
func (c *caller) do(ctx context.Context, method, path, body string) (code int, said string, err error) {
	res, err := c.open(ctx, method, path, body)
	if err != nil {
		return 0, "", err
	}
	data, err := io.ReadAll(res.Body)
	_ = res.Body.Close() // read to its end
	return res.StatusCode, string(data[:min(len(data), 300)]), err
}

// must is do for what has to succeed.
func (c *caller) must(ctx context.Context, method, path, body string) error {
	code, said, err := c.do(ctx, method, path, body)
	if err == nil && code >= http.StatusBadRequest {
		err = fmt.Errorf("answer %d: %s", code, said)
	}
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	return nil
}

// get times a GET that has to succeed, in milliseconds.
func (c *caller) get(ctx context.Context, path string) (float64, error) {
	began := now()
	err := c.must(ctx, http.MethodGet, path, "")
	return millis(now().Sub(began)), err
}

// await asks for something until the answer has a code, with pauses.
func (c *caller) await(ctx context.Context, path string, want int, pause time.Duration) error {
	began := now()
	for {
		code, said, err := c.do(ctx, http.MethodGet, path, "")
		if err != nil || code == want {
			return err
		}
		if now().Sub(began) > patience {
			return fmt.Errorf("GET %s: still %d and not %d: %s", path, code, want, said)
		}
		if err := rest(ctx, pause); err != nil {
			return err
		}
	}
}

// rest waits.
func rest(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// event is what a watch has shown, and when.
type event struct {
	Type   string `json:"type"`
	Object struct {
		Data map[string]string `json:"data"`
	} `json:"object"`
	at time.Time
}

// watch is an open watch. Its events must be taken, one after the other.
type watch struct {
	events chan event
	failed error // set before events is closed
	cancel context.CancelFunc
	done   sync.WaitGroup
}

// watch opens a watch; the path has a query already.
func (c *caller) watch(ctx context.Context, path string) (*watch, error) {
	ctx, cancel := context.WithCancel(ctx)
	res, err := c.open(ctx, http.MethodGet, path+"&watch=true", "")
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("answer %s", res.Status)
		_ = res.Body.Close() // not read
	}
	if err != nil {
		cancel()
		return nil, fmt.Errorf("watch %s: %w", path, err)
	}
	w := &watch{events: make(chan event, 4096), cancel: cancel}
	w.done.Go(func() {
		defer close(w.events)
		defer func() { _ = res.Body.Close() }() // cut off
		lines := bufio.NewReaderSize(res.Body, 64<<10)
		for {
			line, err := lines.ReadBytes('\n')
			e := event{at: now()}
			if err == nil {
				err = json.Unmarshal(line, &e)
			}
			if err != nil {
				w.failed = err
				return
			}
			select {
			case w.events <- e:
			case <-ctx.Done():
				return
			}
		}
	})
	return w, nil
}

// next gives the next event.
func (w *watch) next(ctx context.Context) (event, error) {
	t := time.NewTimer(patience)
	defer t.Stop()
	select {
	case e, ok := <-w.events:
		if !ok {
			return e, errors.Join(errors.New("the watch has ended"), w.failed)
		}
		return e, nil
	case <-t.C:
		return event{}, errors.New("no event comes")
	case <-ctx.Done():
		return event{}, context.Cause(ctx)
	}
}

// close ends the watch and waits for it.
func (w *watch) close() {
	w.cancel()
	w.done.Wait()
}
