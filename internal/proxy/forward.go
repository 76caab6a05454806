package proxy

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httputil"
	"time"
)

// forward passes a request on. Everything that can fail is done before the ReverseProxy, and its Rewrite only puts in place what has been
// made and looked at here (style, principle 15).
func (p *Proxy) forward(w *writer, r *http.Request, v *visit) error {
	timeout := or(p.Timeout, 2*time.Minute)
	reached, err := p.reach(r.Context(), v, timeout)
	if err != nil {
		return err
	}
	be, err := p.backends.get(v.who.Account+"/"+v.cluster.ID, reached, p.Now())
	if err != nil {
		return err
	}
	target, header := be.at(v.target), v.outbound(r.Header, be.access.Token)
	if err := checkIdentity(header); err != nil {
		return err
	}
	if err := p.record(r.Context(), v); err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(r.Context())
	defer cancel(nil)
	if v.stream() {
		w.deadlines(time.Time{})
		defer p.watchOver(ctx, v, w, reached.Done, cancel)()
	} else {
		var done context.CancelFunc
		ctx, done = context.WithTimeout(ctx, timeout)
		defer done()
		w.deadlines(p.Now().Add(timeout + 10*time.Second))
	}
	through := be.plain
	if v.upgrade != "" {
		through = be.upgrade
	}
	(&httputil.ReverseProxy{
		Transport: lastLook{through},
		Rewrite: func(pr *httputil.ProxyRequest) {
			pr.Out.URL, pr.Out.Host, pr.Out.Header, pr.Out.Trailer = target, target.Host, header, nil
		},
		ModifyResponse: func(res *http.Response) error { return p.returned(v, res) },
		ErrorHandler:   func(_ http.ResponseWriter, _ *http.Request, err error) { p.lost(ctx, w, r, v, err) },
		ErrorLog:       slog.NewLogLogger(p.Log.Handler(), slog.LevelDebug),
	}).ServeHTTP(w, r.WithContext(ctx))
	return nil
}

func (p *Proxy) reach(ctx context.Context, v *visit, timeout time.Duration) (Access, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return p.Clusters.Reach(ctx, v.snapshot, v.cluster)
}

// lost answers for a cluster that did not, or whose answer may not be passed back.
func (p *Proxy) lost(ctx context.Context, w *writer, r *http.Request, v *visit, err error) {
	if lapse, ok := errors.AsType[*refusal](context.Cause(ctx)); ok {
		p.fail(w, r, v, lapse)
		return
	}
	if r.Context().Err() != nil {
		panic(http.ErrAbortHandler) //nolint:forbidigo // the client has gone away: net/http asks for it
	}
	p.Log.WarnContext(ctx, "cluster did not answer", "request", v.id, "cluster", v.cluster.ID, "error", err.Error())
	p.fail(w, r, v, unreachable(v.cluster.Name, err))
}
