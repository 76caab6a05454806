package main

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/client"
)

// probe looks from outside whether a kube-apiserver accepts our tokens and asks us. It says what it has seen and what that proves.
func (e *env) probe(ctx context.Context, name string, w io.Writer) (connected bool, err error) {
	c, err := e.connect()
	if err != nil {
		return false, err
	}
	before, err := c.Cluster(ctx, name)
	if err != nil {
		return false, err
	}
	way, err := c.ClusterAccess(ctx, before.ID)
	if err != nil {
		return false, err
	}
	say := func(format string, args ...any) { _, _ = fmt.Fprintf(w, format+"\n", args...) }
	if way.Direct == "" {
		say("check: there is no credential for the kube-apiserver of %s yet; make one with: pratique cluster connect %s", line(before.Name), line(before.Name))
		return false, nil
	}
	token, err := c.ClusterToken(ctx, before.ID)
	if err != nil {
		return false, err
	}
	code, err := knock(ctx, way, token.Token)
	switch {
	case ctx.Err() != nil:
		return false, ctx.Err()
	case err != nil:
		say("check: %s cannot be reached from here (%s); run this where it can be", line(way.Direct), text(err.Error()))
		return false, nil
	case code == http.StatusUnauthorized:
		say("check: the kube-apiserver does not accept Pratique's tokens: --authentication-config is not in force yet, or it cannot fetch the keys from Pratique")
		return false, nil
	case code >= http.StatusInternalServerError:
		say("check: the kube-apiserver answers %d %s; see its log", code, http.StatusText(code))
		return false, nil
	}
	say("check: the kube-apiserver accepts Pratique's tokens")
	asked, err := e.wasAsked(ctx, c, before)
	switch {
	case err != nil:
		return false, err
	case !asked:
		say("check: but it has not asked this server about the request: --authorization-config is not in force yet, or it asks another server of the fleet")
		return false, nil
	}
	say("check: and it asks Pratique: connected")
	if before.Shadow {
		say("check: the cluster is in shadow: nothing is denied; end that with: pratique cluster update %s --shadow=false", line(before.Name))
	}
	return true, nil
}

// knock sends one request that nobody has sent before: a kube-apiserver remembers for seconds what it was told about an earlier one. What it
// asks for does not exist, and it does not matter whether one might see it.
func knock(ctx context.Context, way apiv1.ClusterAccess, token string) (code int, err error) {
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(way.CA) {
		return 0, errors.New("its certificate authority cannot be read")
	}
	var id [6]byte
	_, _ = rand.Read(id[:]) // documented never to fail
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, way.Direct+"/api/v1/namespaces/pratique-check-"+hex.EncodeToString(id[:]), nil)
	if err != nil {
		return 0, err
	}
	r.Header.Set("Authorization", "Bearer "+token)
	h := &http.Client{
		Timeout:       10 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // it would carry the token elsewhere
		Transport: &http.Transport{
			TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}, DisableKeepAlives: true,
			DialContext: (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
		},
	}
	resp, err := h.Do(r)
	if err != nil {
		if u, ok := errors.AsType[*url.Error](err); ok {
			err = u.Err // its text repeats the address
		}
		return 0, errors.New(strings.TrimPrefix(err.Error(), "tls: "))
	}
	_ = resp.Body.Close() // the code is all that counts
	return resp.StatusCode, nil
}

// wasAsked waits a moment for the server to hear from the cluster. Both moments are by the server's clock.
func (e *env) wasAsked(ctx context.Context, c *client.Client, before apiv1.Cluster) (bool, error) {
	deadline := time.NewTimer(3 * time.Second)
	defer deadline.Stop()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		now, err := c.Cluster(ctx, before.ID)
		if err != nil {
			return false, err
		}
		if now.Status.Asked.After(before.Status.Asked) {
			return true, nil
		}
		select {
		case <-ctx.Done():
			return false, ctx.Err()
		case <-deadline.C:
			return false, nil
		case <-tick.C:
		}
	}
}
