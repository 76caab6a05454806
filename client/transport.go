package client

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// parseServer checks the address of a server. A token sent in clear text is everybody's token, so http is for this machine only.
func parseServer(server string) (*url.URL, error) {
	if server == "" {
		return nil, errors.New("no server is named")
	}
	if !strings.Contains(server, "://") {
		return nil, fmt.Errorf("server %q is not an address; write https://%s", server, server)
	}
	u, err := url.Parse(server)
	if err != nil || u.Host == "" {
		return nil, fmt.Errorf("server %q is not an address; write https://HOST:PORT", server)
	}
	switch {
	case u.User != nil:
		return nil, fmt.Errorf("server %q holds a user name; leave it out, and sign in", u.Redacted())
	case u.RawQuery != "" || u.Fragment != "":
		return nil, fmt.Errorf("server %q holds more than an address; write https://HOST:PORT", server)
	case u.Scheme == "https":
	case u.Scheme == "http" && loopback(u.Hostname()):
	case u.Scheme == "http":
		return nil, fmt.Errorf("server %q is not encrypted, and your token would travel in clear text; write https://%s", server, u.Host)
	default:
		return nil, fmt.Errorf("server %q: scheme %q is not known; write https://%s", server, u.Scheme, u.Host)
	}
	u.Path = strings.TrimRight(u.Path, "/")
	return u, nil
}

func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// newHTTP trusts the given authorities, or those of the system.
func newHTTP(ca []byte) (*http.Client, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if len(ca) > 0 {
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(ca) {
			return nil, errors.New("the CA file holds no certificate in PEM form; use ca.crt from the server's data directory")
		}
	}
	return &http.Client{Transport: &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: 10 * time.Second}).DialContext,
		TLSClientConfig:       config,
		TLSHandshakeTimeout:   10 * time.Second,
		ResponseHeaderTimeout: 2 * time.Minute, // a dry run of a whole directory takes seconds
		IdleConnTimeout:       90 * time.Second,
		MaxIdleConnsPerHost:   16,
		ForceAttemptHTTP2:     true,
	}}, nil
}
