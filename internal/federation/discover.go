package federation

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/pratique-iam/pratique"
)

const (
	patience     = 5 * time.Second  // with a provider, for each thing that it is asked
	cacheLife    = 10 * time.Minute // of what a provider says about itself; keys that it has rotated are asked for as they turn up
	failureLife  = 2 * time.Second  // of not having been answered: a broken provider is not asked by everybody at once
	maxAnswer    = 1 << 20
	maxCode      = 4 << 10
	maxToken     = 64 << 10
	maxProviders = 1000 // remembered
)

// found is what a provider says about itself, or how asking for it failed.
type found struct {
	provider   *oidc.Provider
	http       *http.Client
	style      oauth2.AuthStyle // of the client's credentials
	saysIssuer bool             // RFC 9207: every answer names the issuer
	failed     error
	until      time.Time
}

// discover asks a provider about itself, or remembers. However many people sign in at once, it is asked once.
func (p *Party) discover(ctx context.Context, idp *pratique.IdentityProvider) (found, error) {
	key := idp.ID + "/" + strconv.FormatUint(idp.Generation, 10)
	p.mu.Lock()
	f, ok := p.known[key]
	p.mu.Unlock()
	if !ok || !p.Now().Before(f.until) {
		answer, err, _ := p.calls.Do(key, func() (any, error) {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience) // others wait for it as well
			defer cancel()
			f := p.ask(ctx, idp)
			p.remember(key, f)
			return f, nil
		})
		if err != nil {
			return found{}, err
		}
		f, _ = answer.(found)
	}
	return f, f.failed
}

func (p *Party) remember(key string, f found) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.known) >= maxProviders || p.known == nil {
		p.known = map[string]found{}
	}
	p.known[key] = f
}

func (p *Party) ask(ctx context.Context, idp *pratique.IdentityProvider) found {
	f := found{until: p.Now().Add(failureLife)}
	client, err := p.httpClient(idp)
	if err != nil {
		f.failed = unavailable(idp, err.Error())
		return f
	}
	f.http = client
	provider, err := oidc.NewProvider(oidc.ClientContext(ctx, client), idp.Issuer) // compares the issuer
	if err != nil {
		f.failed = unavailable(idp, "discovery: "+err.Error())
		return f
	}
	var more struct {
		Keys       string   `json:"jwks_uri"`
		Methods    []string `json:"token_endpoint_auth_methods_supported"`
		SaysIssuer bool     `json:"authorization_response_iss_parameter_supported"`
	}
	if err := provider.Claims(&more); err != nil {
		f.failed = unavailable(idp, "discovery: "+err.Error())
		return f
	}
	for _, address := range []string{provider.Endpoint().AuthURL, provider.Endpoint().TokenURL, more.Keys} {
		if err := fits(address, idp.Issuer); err != nil {
			f.failed = unavailable(idp, "discovery: "+err.Error())
			return f
		}
	}
	f.provider, f.saysIssuer, f.until = provider, more.SaysIssuer, p.Now().Add(cacheLife)
	f.style = oauth2.AuthStyleInHeader
	if len(more.Methods) > 0 && !slices.Contains(more.Methods, "client_secret_basic") {
		f.style = oauth2.AuthStyleInParams
	}
	return f
}

// fits refuses an address that a provider names and that is not as safe as its issuer. Providers do keep their keys at other hosts.
func fits(address, issuer string) error {
	u, err := url.Parse(address)
	from, fromErr := url.Parse(issuer)
	switch {
	case err != nil || fromErr != nil || u.Host == "":
		return errors.New("an address that it names is none")
	case u.Scheme == "https", u.Scheme == "http" && from.Scheme == "http" && u.Host == from.Host:
		return nil
	default:
		return errors.New("an address that it names does not begin with https://")
	}
}

// httpClient talks to one provider: with its authorities, without the proxies of the environment, and to no other host than asked.
func (p *Party) httpClient(idp *pratique.IdentityProvider) (*http.Client, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if idp.CA != "" {
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM([]byte(idp.CA)) {
			return nil, errors.New("the ca holds no certificate")
		}
	}
	transport := &http.Transport{
		DialContext: p.Dial, TLSClientConfig: config, TLSHandshakeTimeout: patience, ResponseHeaderTimeout: patience,
		MaxResponseHeaderBytes: 64 << 10, ForceAttemptHTTP2: true, DisableKeepAlives: true, // nobody would close what stays open
	}
	return &http.Client{Transport: small{transport}, Timeout: patience, CheckRedirect: sameHost}, nil
}

// sameHost follows a provider within its host alone: a redirect must not choose for us whom we ask, or show a secret to.
func sameHost(r *http.Request, via []*http.Request) error {
	first := via[0].URL
	if len(via) > 3 || r.URL.Host != first.Host || r.URL.Scheme != first.Scheme {
		return errors.New("it redirects to another host, or too often")
	}
	return nil
}

// small bounds answers.
type small struct{ inner http.RoundTripper }

func (s small) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := s.inner.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	resp.Body = &bounded{resp.Body, maxAnswer}
	return resp, nil
}

// bounded fails where a limit would cut: half an answer could mean something else.
type bounded struct {
	io.ReadCloser
	left int
}

func (b *bounded) Read(into []byte) (int, error) {
	n, err := b.ReadCloser.Read(into)
	if b.left -= n; b.left < 0 {
		return 0, errors.New("the answer is too large")
	}
	return n, err
}

// client is what the provider knows this server as.
func (f *found) client(idp *pratique.IdentityProvider, secret, redirect string) *oauth2.Config {
	endpoint := f.provider.Endpoint()
	if endpoint.AuthStyle = f.style; secret == "" {
		endpoint.AuthStyle = oauth2.AuthStyleInParams
	}
	return &oauth2.Config{ClientID: idp.ClientID, ClientSecret: secret, Endpoint: endpoint, RedirectURL: redirect, Scopes: idp.AskedScopes()}
}
