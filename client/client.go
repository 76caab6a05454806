package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/pratique-iam/pratique/internal/strictjson"
)

// Config says whom to speak to and as whom.
type Config struct {
	Server    string       // "https://localhost:8443"; plain http only for this machine
	Token     string       // bearer secret of a session or API token; empty before Login
	CA        []byte       // PEM; when set, only certificates of these authorities are trusted; empty: those of the system
	UserAgent string       // empty: "pratique-client"
	HTTP      *http.Client // for tests and special networks; CA is then not used. Redirects are refused all the same
}

// Client speaks to one server. Make one with New.
type Client struct {
	base  *url.URL
	token string
	agent string
	http  *http.Client
}

// New checks a configuration. It does not contact the server.
func New(c Config) (*Client, error) {
	base, err := parseServer(c.Server)
	if err != nil {
		return nil, err
	}
	if strings.ContainsFunc(c.Token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return nil, errors.New("the token holds characters that no token has")
	}
	h := c.HTTP
	if h == nil {
		if h, err = newHTTP(c.CA); err != nil {
			return nil, err
		}
	}
	own := *h
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	agent := c.UserAgent
	if agent == "" {
		agent = "pratique-client"
	}
	return &Client{base: base, token: c.Token, agent: agent, http: &own}, nil
}

// Server is the address that the client speaks to.
func (c *Client) Server() string { return c.base.String() }

// WithToken returns a client that is the same but for its identity. They share connections.
func (c *Client) WithToken(token string) *Client {
	other := *c
	other.token = token
	return &other
}

// call is one request. Body is nil or marshals to JSON; answer is nil or a pointer that JSON is read into. Archives go as they are.
type call struct {
	method string
	path   []string // segments; they are escaped
	query  url.Values
	body   any // an archive goes as application/gzip
	answer any
	safe   bool // may be repeated, although it is no GET: it only asks
}

// largest bounds an answer, so that a broken server cannot fill the memory. An export of a very large directory is a few hundred MB.
const largest = 1 << 30

func (c *Client) do(ctx context.Context, k call) error {
	var body []byte
	if raw, ok := k.body.(archive); ok {
		body = raw
	} else if k.body != nil {
		var err error
		if body, err = strictjson.Marshal(k.body); err != nil {
			return fmt.Errorf("write request: %w", err)
		}
	}
	resp, err := c.send(ctx, k, body)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }() // opened for reading: nothing can be lost
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return problemOf(c, resp)
	}
	if k.answer == nil || resp.StatusCode == http.StatusNoContent {
		return nil
	}
	if raw, ok := k.answer.(*archive); ok {
		return raw.read(resp)
	}
	return c.read(resp, k.answer)
}

// read decodes an answer. Unknown members are welcome: a newer server may say more. Duplicate names and bad UTF-8 are not.
func (c *Client) read(resp *http.Response, answer any) error {
	err := json.UnmarshalRead(io.LimitReader(resp.Body, largest), answer)
	if err == nil {
		return nil
	}
	if ctx := resp.Request.Context(); ctx.Err() != nil {
		return ctx.Err()
	}
	return fmt.Errorf("%s gave an answer that cannot be read: %w; is it a Pratique server?", c.base, err)
}

func (c *Client) request(ctx context.Context, k call, body []byte) (*http.Request, error) {
	u := c.base.JoinPath()
	for _, segment := range k.path {
		u = joinSegment(u, segment)
	}
	u.RawQuery = k.query.Encode()
	r, err := http.NewRequestWithContext(ctx, k.method, u.String(), bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("request %s: %w", strings.Join(k.path, "/"), err)
	}
	r.Header.Set("Accept", "application/json, application/problem+json")
	r.Header.Set("User-Agent", c.agent)
	if _, raw := k.body.(archive); raw {
		r.Header.Set("Content-Type", gzipType)
	} else if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if _, raw := k.answer.(*archive); raw {
		r.Header.Set("Accept", gzipType+", application/problem+json")
	}
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	return r, nil
}

// joinSegment adds one path segment. url.JoinPath would clean "..", and a slash in a name would make two segments of it.
func joinSegment(u *url.URL, segment string) *url.URL {
	next := *u
	next.Path = strings.TrimSuffix(u.Path, "/") + "/" + segment
	next.RawPath = strings.TrimSuffix(u.EscapedPath(), "/") + "/" + url.PathEscape(segment)
	return &next
}
