package web

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"golang.org/x/net/netutil"
)

// Server is a listener with limits. Zero limits are the defaults.
type Server struct {
	Handler     http.Handler
	TLS         *tls.Config // nil only for a local socket
	Log         *slog.Logger
	Connections int           // at a time; zero: 4,096; the next ones wait
	Grace       time.Duration // for requests under way when the server stops; zero: 10 s
}

// Serve answers on ln until ctx ends, lets requests under way finish for the grace period, and then cuts the rest off. It closes ln, and
// returns nil when it was told to stop.
func (s *Server) Serve(ctx context.Context, ln net.Listener) error {
	srv := &http.Server{
		Handler:           s.Handler,
		TLSConfig:         s.TLS,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      time.Minute, // a door that streams lifts it for one answer with http.ResponseController
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
		HTTP2:             &http.HTTP2Config{MaxConcurrentStreams: 128},
		ErrorLog:          slog.NewLogLogger(s.Log.Handler(), slog.LevelWarn),
		// Requests outlive ctx: they end by themselves in the grace period, or when their connection is cut.
		BaseContext: func(net.Listener) context.Context { return context.WithoutCancel(ctx) },
	}
	ln = netutil.LimitListener(ln, or(s.Connections, 4096))
	served := make(chan error, 1)
	go func() {
		if s.TLS != nil {
			served <- srv.ServeTLS(ln, "", "")
			return
		}
		served <- srv.Serve(ln)
	}()
	select {
	case err := <-served:
		return fmt.Errorf("serve on %s: %w", ln.Addr(), err)
	case <-ctx.Done():
	}
	return s.stop(ctx, srv, served)
}

func (s *Server) stop(ctx context.Context, srv *http.Server, served <-chan error) error {
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), or(s.Grace, 10*time.Second))
	defer cancel()
	err := srv.Shutdown(grace)
	if errors.Is(err, context.DeadlineExceeded) {
		s.Log.WarnContext(ctx, "requests were still under way and are cut off")
		err = srv.Close()
	}
	if stopped := <-served; !errors.Is(stopped, http.ErrServerClosed) {
		err = errors.Join(err, stopped)
	}
	return err
}
