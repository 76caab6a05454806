package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/pratique-iam/pratique/internal/workload"
)

// Of a page: how long it may take at the 95th percentile, in milliseconds, and how much it may put on the wire.
const (
	slowestPage = 100
	largestPage = 100_000
)

// visited is one page and what it took.
type visited struct {
	name string
	took []float64 // milliseconds
	size int
}

// console measures the list pages of the console, one after the other on one connection, as somebody sees them who may see everything: the root.
// What is timed is the whole answer as a browser on the same machine gets it.
func (b *bench) console(ctx context.Context) (rows []row, err error) {
	policies, people, times := b.pick(100_000, 200), b.pick(100_000, 100), 10
	dir, err := b.dir()
	if err != nil {
		return nil, err
	}
	b.say("filling a server with %s users and %s grants", digits(float64(people)), digits(float64(policies*times)))
	d := workload.New(policies).Directory(people, times)
	token, err := b.fillServer(ctx, dir, d.Writes())
	if err != nil {
		return nil, err
	}
	p, err := b.serve(ctx, dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, p.stop()) }()
	v, err := newVisitor(p, token)
	if err != nil {
		return nil, err
	}
	defer v.http.CloseIdleConnections()
	own, err := v.assets(ctx)
	if err != nil {
		return nil, err
	}
	user, group := d.Users[len(d.Users)/2].Name, d.Groups[len(d.Groups)/2].Name
	var pages []visited
	for _, path := range []string{
		"", "users", "users?q=" + user[len(user)-3:], "users?sort=-created", "groups", "groups/" + group, "users/" + user, "roles", "policies", "policies?type=custom", "grants/new?group=" + group,
		"permissions", "permissions/namespaces", "projects", "enterprise-projects", "clusters", "addons", "jobs", "audit", "my-access",
	} {
		seen, err := v.visit(ctx, path, b.pick(60, 2))
		if err != nil {
			return nil, err
		}
		seen.size += own
		pages = append(pages, seen)
		b.say("%s: %.1f ms, %d bytes", seen.name, quantile(seen.took, 0.95), seen.size)
	}
	return consoleRows(pages, fmt.Sprintf("%s users, %s grants", digits(float64(people)), digits(float64(policies*times)))), nil
}

func consoleRows(pages []visited, what string) []row {
	slow, large := pages[0], pages[0]
	for _, v := range pages {
		if quantile(v.took, 0.95) > quantile(slow.took, 0.95) {
			slow = v
		}
		if v.size > large.size {
			large = v
		}
	}
	took := quantile(slow.took, 0.95)
	return []row{{
		"any list page of the console, p95: " + what, fmt.Sprintf("≤ %d ms", slowestPage),
		fmt.Sprintf("**%.1f ms** for the slowest, %s (median %.1f ms): %s", took, slow.name, median(slow.took), reached(took <= slowestPage)), "–",
	}, {
		"the same pages on the wire, with style sheet, script and picture", fmt.Sprintf("≤ %d kB", largestPage/1000),
		fmt.Sprintf("**%.0f kB** for the largest, %s: %s", float64(large.size)/1000, large.name, reached(large.size <= largestPage)), "–",
	}}
}

// visitor is a browser without eyes: it keeps its connection and sends the cookie of a session.
type visitor struct {
	http       *http.Client
	url, token string
}

func newVisitor(p *process, token string) (*visitor, error) {
	ca, err := os.ReadFile(filepath.Join(p.dir, "ca.crt"))
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}
	return &visitor{http: &http.Client{Transport: transport}, url: p.url, token: token}, nil
}

func (v *visitor) get(ctx context.Context, path string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, v.url+path, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Cookie", "__Host-pratique="+v.token)
	resp, err := v.http.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }() // read to its end
	body, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s is answered %s: %s", path, resp.Status, body[:min(len(body), 500)])
	}
	return body, err
}

// assets is the size of what every page brings along.
func (v *visitor) assets(ctx context.Context) (int, error) {
	sum := 0
	for _, name := range []string{"console.css", "console.js", "mark.svg"} {
		body, err := v.get(ctx, "/console/static/"+name)
		if err != nil {
			return 0, err
		}
		sum += len(body)
	}
	return sum, nil
}

// visit looks at a page several times, in turns with the one that follows it where there is one: lists are paged through.
func (v *visitor) visit(ctx context.Context, name string, times int) (visited, error) {
	path := "/console/" + name
	out := visited{name: path}
	next := path
	for range times {
		began := now()
		body, err := v.get(ctx, next)
		if err != nil {
			return out, err
		}
		out.took = append(out.took, millis(now().Sub(began)))
		if !strings.Contains(string(body), "Sign out") {
			return out, fmt.Errorf("%s is not shown to the root", path)
		}
		out.size = max(out.size, len(body))
		if next = following(body); next == "" {
			next = path
		}
	}
	return out, nil
}

var nextPage = regexp.MustCompile(`href="([^"]+)" rel="next"`)

func following(body []byte) string {
	found := nextPage.FindSubmatch(body)
	if found == nil {
		return ""
	}
	return html.UnescapeString(string(found[1]))
}
