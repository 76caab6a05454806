package web_test

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/pratique-iam/pratique/internal/web"
)

func TestAServerFinishesWhatIsUnderWayAndStops(t *testing.T) {
	t.Parallel()
	inside, leave := make(chan struct{}), make(chan struct{})
	s := &web.Server{Log: slog.New(slog.DiscardHandler), Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(inside)
		<-leave
		if r.Context().Err() != nil {
			t.Error("the request was cut off")
		}
		_, _ = io.WriteString(w, "done")
	})}
	url, stop, stopped := serve(t, s)
	got := make(chan string)
	go func() { got <- fetch(t, url) }()
	<-inside
	stop()
	close(leave)
	if text := <-got; text != "done" {
		t.Errorf("the request under way was answered %q", text)
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}

func TestAServerDoesNotWaitForEver(t *testing.T) {
	t.Parallel()
	inside, leave := make(chan struct{}), make(chan struct{})
	t.Cleanup(func() { close(leave) })
	s := &web.Server{Log: slog.New(slog.DiscardHandler), Grace: time.Millisecond, Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		close(inside)
		<-leave
	})}
	url, stop, stopped := serve(t, s)
	got := make(chan string)
	go func() { got <- fetch(t, url) }()
	<-inside
	stop()
	if err := <-stopped; err != nil {
		t.Error(err)
	}
	if text := <-got; text != "" {
		t.Errorf("a request that was cut off was answered %q", text)
	}
}

func TestAListenerThatFailsIsAnError(t *testing.T) {
	t.Parallel()
	s := &web.Server{Log: slog.New(slog.DiscardHandler), Handler: http.NotFoundHandler()}
	ln := listen(t)
	_ = ln.Close()
	if err := s.Serve(t.Context(), ln); err == nil {
		t.Error("serving on a closed listener is no error")
	}
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	ln, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return ln
}

func serve(t *testing.T, s *web.Server) (url string, stop func(), stopped chan error) {
	t.Helper()
	ln := listen(t)
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	stopped = make(chan error, 1)
	go func() { stopped <- s.Serve(ctx, ln) }()
	return "http://" + ln.Addr().String(), cancel, stopped
}

// fetch gives the body, or "" when there was no answer.
func fetch(t *testing.T, url string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, url, nil)
	if err != nil {
		t.Error(err)
		return ""
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return ""
	}
	defer func() { _ = resp.Body.Close() }()
	body, _ := io.ReadAll(resp.Body)
	return string(body)
}
