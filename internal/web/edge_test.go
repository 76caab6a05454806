package web_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/internal/strictjson"
	"github.com/pratique-iam/pratique/internal/web"
)

// journal is a log that can be read while it is written.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(b []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(b)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

// edge serves one handler at GET /x and POST /x, and a probe.
func edge(t *testing.T, h web.Handler, change func(*web.Edge)) (http.Handler, *journal) {
	t.Helper()
	log := &journal{}
	e := &web.Edge{Log: slog.New(slog.NewTextHandler(log, nil)), Now: time.Now, Probes: []string{"/livez"}}
	if change != nil {
		change(e)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /x", e.Handle(h))
	mux.Handle("POST /x", e.Handle(h))
	mux.Handle("GET /livez", e.Handle(func(w http.ResponseWriter, _ *http.Request) error { return web.JSON(w, 200, struct{}{}) }))
	return e.Wrap(mux), log
}

func fails(err error) web.Handler {
	return func(http.ResponseWriter, *http.Request) error { return err }
}

func ask(h http.Handler, method, target string, change func(*http.Request)) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, nil)
	if change != nil {
		change(r)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func problem(t *testing.T, w *httptest.ResponseRecorder) apiv1.Problem {
	t.Helper()
	var p apiv1.Problem
	if err := strictjson.Unmarshal(w.Body.Bytes(), &p); err != nil {
		t.Fatalf("%v: %s", err, w.Body)
	}
	if w.Header().Get("Content-Type") != "application/problem+json" || p.Status != w.Code {
		t.Fatalf("not a problem: %d %s", w.Code, w.Body)
	}
	return p
}

func TestEveryKindOfErrorHasItsStatus(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err    error
		status int
		slug   string
	}{
		{pratique.ErrNotFound, 404, "not-found"},
		{pratique.ErrConflict, 409, "conflict"},
		{pratique.ErrInvalid, 400, "invalid"},
		{pratique.ErrDenied, 403, "denied"},
		{pratique.ErrUnavailable, 503, "unavailable"},
		{web.ErrUnauthenticated, 401, "unauthenticated"},
		{web.ErrTooLarge, 413, "too-large"},
		{web.ErrTooMany, 429, "too-many"},
		{context.DeadlineExceeded, 503, "unavailable"},
		{errors.New("boom"), 500, "internal"},
		{fmt.Errorf("store user alice at 10.0.0.1: %w", pratique.ErrConflict), 409, "conflict"},
	} {
		h, _ := edge(t, fails(c.err), nil)
		w := ask(h, "GET", "/x", nil)
		p := problem(t, w)
		if p.Status != c.status || p.Type != web.ProblemType+c.slug || p.Title == "" || p.Detail == "" {
			t.Errorf("%v is answered with %+v", c.err, p)
		}
		if strings.Contains(w.Body.String(), "boom") || strings.Contains(w.Body.String(), "10.0.0.1") {
			t.Errorf("the answer shows the chain of errors: %s", w.Body)
		}
		if retry := w.Header().Get("Retry-After"); (retry != "") != (c.status == 503 || c.status == 429) {
			t.Errorf("%d has Retry-After %q", c.status, retry)
		}
	}
}

func TestASentenceForPeopleIsPassedOn(t *testing.T) {
	t.Parallel()
	err := fmt.Errorf("internal words: %w", &pratique.Error{Kind: pratique.ErrConflict, Message: "it is taken", Hint: "take another"})
	h, _ := edge(t, fails(web.WithDecision(err, "dec_x")), nil)
	got := problem(t, ask(h, "GET", "/x", nil))
	want := apiv1.Problem{
		Type: web.ProblemType + "conflict", Title: "Conflict", Status: 409, Detail: "it is taken", Hint: "take another",
		Instance: got.Instance, Decision: "dec_x",
	}
	if diff := cmp.Diff(want, got); diff != "" || !strings.HasPrefix(got.Instance, "urn:pratique:request:req_") {
		t.Error(diff, got.Instance)
	}
}

func TestFaultsOfOursAreLoggedAndNotTold(t *testing.T) {
	t.Parallel()
	h, log := edge(t, fails(errors.New("secret path broken")), nil)
	ask(h, "GET", "/x", nil)
	if !strings.Contains(log.String(), "secret path broken") {
		t.Error("the log does not have the error")
	}
	h, log = edge(t, func(http.ResponseWriter, *http.Request) error { panic("at the disco") }, nil)
	if p := problem(t, ask(h, "GET", "/x", nil)); p.Status != 500 || strings.Contains(p.Detail, "disco") {
		t.Errorf("a panic is answered with %+v", p)
	}
	if !strings.Contains(log.String(), "disco") || !strings.Contains(log.String(), "edge_test.go") {
		t.Error("the log does not have the panic and its stack")
	}
}

func TestAHandlerThatDoesNothingIsAFault(t *testing.T) {
	t.Parallel()
	h, _ := edge(t, fails(nil), nil)
	if p := problem(t, ask(h, "GET", "/x", nil)); p.Status != 500 {
		t.Errorf("answered %+v", p)
	}
}

func TestRequestIDsAreOursAndTheClientsIsEchoed(t *testing.T) {
	t.Parallel()
	var own string
	h, log := edge(t, func(w http.ResponseWriter, r *http.Request) error {
		own = web.RequestID(r.Context())
		return web.JSON(w, 200, 1)
	}, nil)
	if w := ask(h, "GET", "/x", nil); w.Header().Get("X-Request-Id") != own || !strings.HasPrefix(own, "req_") {
		t.Errorf("the header has %q, the handler %q", w.Header().Get("X-Request-Id"), own)
	}
	w := ask(h, "GET", "/x", func(r *http.Request) { r.Header.Set("X-Request-ID", "theirs-1") })
	if w.Header().Get("X-Request-Id") != "theirs-1" || own == "theirs-1" || !strings.Contains(log.String(), "correlation=theirs-1") {
		t.Errorf("echoed %q; own %q; log %s", w.Header().Get("X-Request-Id"), own, log)
	}
	for _, bad := range []string{"a b", "x\"y", strings.Repeat("x", 200), "é"} {
		if w := ask(h, "GET", "/x", func(r *http.Request) { r.Header.Set("X-Request-ID", bad) }); w.Header().Get("X-Request-Id") != own {
			t.Errorf("%q is echoed", bad)
		}
	}
}

func TestWhatHasNoRouteIsAProblem(t *testing.T) {
	t.Parallel()
	h, _ := edge(t, fails(nil), nil)
	if p := problem(t, ask(h, "GET", "/nowhere", nil)); p.Status != 404 {
		t.Errorf("answered %+v", p)
	}
	w := ask(h, "DELETE", "/x", nil)
	if p := problem(t, w); p.Status != 405 || w.Header().Get("Allow") != "GET, HEAD, POST" {
		t.Errorf("answered %+v with Allow %q", p, w.Header().Get("Allow"))
	}
}

func TestAmbiguousPathsAreRefused(t *testing.T) {
	t.Parallel()
	h, _ := edge(t, func(w http.ResponseWriter, _ *http.Request) error { return web.JSON(w, 200, 1) }, nil)
	for _, path := range []string{"//x", "/a/../x", "/./x", "/a%2fx", "/a%5Cx", "/x%00", "/x/.."} {
		if p := problem(t, ask(h, "GET", path, nil)); p.Status != 400 {
			t.Errorf("%s is answered %+v", path, p)
		}
	}
}

func TestOtherSitesPagesAreRefused(t *testing.T) {
	t.Parallel()
	h, _ := edge(t, func(w http.ResponseWriter, _ *http.Request) error { return web.JSON(w, 200, 1) }, nil)
	w := ask(h, "POST", "/x", func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") })
	if p := problem(t, w); p.Status != 403 || !strings.HasSuffix(p.Type, "/cross-origin") {
		t.Errorf("answered %+v", p)
	}
	if w := ask(h, "POST", "/x", nil); w.Code != 200 {
		t.Errorf("a client that is no browser is answered %d", w.Code)
	}
}

func TestEveryAnswerHasTheHeadersThatTameBrowsers(t *testing.T) {
	t.Parallel()
	h, _ := edge(t, fails(pratique.ErrNotFound), nil)
	for _, path := range []string{"/x", "/nowhere", "/a//b"} {
		header := ask(h, "GET", path, nil).Header()
		header.Del("X-Request-Id")
		want := http.Header{
			"Cache-Control": {"no-store"}, "Content-Security-Policy": {"default-src 'none'; frame-ancestors 'none'"},
			"Content-Type": {"application/problem+json"}, "Cross-Origin-Resource-Policy": {"same-origin"},
			"Referrer-Policy": {"no-referrer"}, "X-Content-Type-Options": {"nosniff"},
		}
		if diff := cmp.Diff(want, header); diff != "" {
			t.Errorf("%s: %s", path, diff)
		}
	}
}

func TestTheCrowdIsBoundedAndProbesPass(t *testing.T) {
	t.Parallel()
	inside, leave := make(chan struct{}), make(chan struct{})
	h, _ := edge(t, func(w http.ResponseWriter, _ *http.Request) error {
		inside <- struct{}{}
		<-leave
		return web.JSON(w, 200, 1)
	}, func(e *web.Edge) { e.Crowd = 1 })
	first := make(chan int)
	go func() { first <- ask(h, "GET", "/x", nil).Code }()
	<-inside
	if p := problem(t, ask(h, "GET", "/x", nil)); p.Status != 429 {
		t.Errorf("answered %+v", p)
	}
	if w := ask(h, "GET", "/livez", nil); w.Code != 200 {
		t.Errorf("the probe is answered %d", w.Code)
	}
	close(leave)
	if code := <-first; code != 200 {
		t.Errorf("the first is answered %d", code)
	}
}

func TestARequestHasATime(t *testing.T) {
	t.Parallel()
	h, _ := edge(t, func(_ http.ResponseWriter, r *http.Request) error {
		<-r.Context().Done()
		return r.Context().Err()
	}, func(e *web.Edge) { e.Timeout = time.Millisecond })
	if p := problem(t, ask(h, "GET", "/x", nil)); p.Status != 503 {
		t.Errorf("answered %+v", p)
	}
}

func TestTheLogHoldsNoSecrets(t *testing.T) {
	t.Parallel()
	h, log := edge(t, func(w http.ResponseWriter, r *http.Request) error {
		web.Identify(r.Context(), pratique.Principal{Account: "1", Type: pratique.PrincipalUser, ID: "usr-1", Name: "alice"})
		return web.JSON(w, 200, 1)
	}, nil)
	ask(h, "GET", "/x?token=canary1", func(r *http.Request) {
		r.Header.Set("Authorization", "Bearer canary2")
		r.Header.Set("X-Forwarded-For", "6.6.6.6")
	})
	ask(h, "GET", "/canary3", nil)
	if text := log.String(); strings.Contains(text, "canary") || strings.Contains(text, "6.6.6.6") || !strings.Contains(text, "principal=usr-1") {
		t.Errorf("the log says %s", text)
	}
}

func TestTheSourceIsThatOfTheConnection(t *testing.T) {
	t.Parallel()
	for remote, want := range map[string]string{
		"192.0.2.1:1234": "192.0.2.1", "[2001:db8::1]:1": "2001:db8::1", "[::ffff:192.0.2.1]:1": "192.0.2.1", "@": "", "": "",
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = remote
		r.Header.Set("X-Forwarded-For", "6.6.6.6")
		r.Header.Set("Forwarded", "for=6.6.6.6")
		if got := web.Source(r); got != want {
			t.Errorf("the source of %q is %q, want %q", remote, got, want)
		}
	}
}

func TestOneBearerSecretIsRead(t *testing.T) {
	t.Parallel()
	read := func(values ...string) (string, error) {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header["Authorization"] = values
		return web.Bearer(r)
	}
	for _, good := range []string{"Bearer abc", "bearer abc"} {
		if got, err := read(good); got != "abc" || err != nil {
			t.Errorf("%q is read as %q, %v", good, got, err)
		}
	}
	if got, err := read(); got != "" || err != nil {
		t.Errorf("no header is read as %q, %v", got, err)
	}
	for _, bad := range [][]string{{"Basic abc"}, {"Bearer"}, {"Bearer "}, {"Bearer a b"}, {"Bearer a,b"}, {"Bearer a", "Bearer b"}, {"Bearer " + strings.Repeat("x", 600)}} {
		if got, err := read(bad...); !errors.Is(err, web.ErrUnauthenticated) || got != "" {
			t.Errorf("%q is read as %q, %v", bad, got, err)
		}
	}
}

func TestBodiesAreJSONAndBounded(t *testing.T) {
	t.Parallel()
	type body struct {
		A int `json:"a"`
	}
	read := func(media, text string, chunked bool) error {
		var v body
		r := httptest.NewRequest("POST", "/", io.NopCloser(strings.NewReader(text)))
		r.Header.Set("Content-Type", media)
		if !chunked {
			r.ContentLength = int64(len(text))
		}
		return web.ReadJSON(httptest.NewRecorder(), r, 16, &v)
	}
	if err := read("application/json", `{"a":1}`, true); err != nil {
		t.Error(err)
	}
	long := `{"a":1          }`
	for _, c := range []struct {
		media, text string
		want        error
	}{
		{"application/json", long, web.ErrTooLarge},
		{"text/plain", `{"a":1}`, web.ErrMediaType},
		{"", `{"a":1}`, web.ErrMediaType},
		{"application/json", ``, pratique.ErrInvalid},
		{"application/json", `{"a":1,"a":2}`, pratique.ErrInvalid},
		{"application/json", `{"A":1}`, pratique.ErrInvalid},
		{"application/json", `{"a":1}{}`, pratique.ErrInvalid},
	} {
		for _, chunked := range []bool{true, false} {
			if err := read(c.media, c.text, chunked); !errors.Is(err, c.want) {
				t.Errorf("%q %q: %v, want %v", c.media, c.text, err, c.want)
			}
		}
	}
}
