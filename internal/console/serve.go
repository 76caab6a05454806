package console

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/pratique-iam/pratique/client"
	"github.com/pratique-iam/pratique/internal/console/ui"
)

// maxForm bounds what a form may send: policy documents and values files, and some room.
const maxForm = 1 << 20

// serve is the way of every request: who is it, what do they want, and one place that writes the answer.
func (c *Console) serve(rt route) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		secure(w.Header())
		v := &visit{r: r, theme: themeOf(r), flash: takeFlash(w, r), secret: secretOf(r)}
		ctx := withSource(r.Context(), r.RemoteAddr)
		v.api = c.client.WithToken(v.secret)
		if r.Method == http.MethodPost {
			r.Body = http.MaxBytesReader(w, r.Body, maxForm)
			if err := r.ParseForm(); err != nil {
				return c.write(ctx, w, v, errorPage(v, wrong("the form is too large or cannot be read")))
			}
		}
		if !rt.open {
			if out, ok := c.signedIn(ctx, v); !ok {
				return c.write(ctx, w, v, out)
			}
		}
		out, err := c.once(ctx, v, rt.handle)
		if errors.Is(err, client.ErrSignedOut) && !rt.open {
			clearSession(w)
			out, err = signedOutPage(v), nil
		}
		if err != nil {
			if problem(err).Status == http.StatusInternalServerError {
				c.Log.ErrorContext(ctx, "page failed", "path", r.URL.Path, "error", err.Error())
			}
			out = errorPage(v, err)
		}
		if s, ok := out.(back); ok {
			setFederated(w, "", "")
			out = s.next
		}
		switch s := out.(type) {
		case signIn:
			setSession(w, s.token)
			if pendingOf(r) != "" {
				setPending(w, "")
			}
			out = s.next
		case away:
			setFederated(w, s.ticket, s.next)
			out = goTo{to: s.address}
		case pending:
			setPending(w, s.ticket)
			out = s.next
		case themed:
			http.SetCookie(w, cookie(themeCookie, s.theme, 365*24*60*60))
			out = s.next
		}
		return c.write(ctx, w, v, out)
	}
}

// signedIn finds out whose session it is. When it is nobody's, the answer is the page to sign in at, which keeps what a form had in it.
func (c *Console) signedIn(ctx context.Context, v *visit) (answer, bool) {
	if v.secret == "" {
		return signedOutPage(v), false
	}
	me, err := v.api.Me(ctx)
	switch {
	case errors.Is(err, client.ErrSignedOut):
		return signedOutPage(v), false
	case err != nil:
		return errorPage(v, err), false
	}
	v.me = me
	return nil, true
}

// write is the only place that answers.
func (c *Console) write(ctx context.Context, w http.ResponseWriter, v *visit, out answer) error {
	switch out := out.(type) {
	case goTo:
		if out.done != "" {
			setFlash(w, ui.Flash{Text: out.done})
		}
		http.Redirect(w, v.r, out.to, http.StatusSeeOther)
		return nil
	case download:
		w.Header().Set("Content-Type", out.contentType)
		w.Header().Set("Content-Disposition", `attachment; filename="`+out.name+`"`)
		_, _ = w.Write(out.body) // a browser that has gone away needs no answer
		return nil
	case page:
		if p, ok := out.(*loginPage); ok {
			c.offer(ctx, v, p)
		}
		body, err := c.pages.render(out)
		if err != nil {
			return err
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.WriteHeader(statusOf(out))
		_, _ = w.Write(body) // a browser that has gone away needs no answer
		return nil
	default:
		return errors.New("the page answered nothing")
	}
}

// download is a file.
type download struct {
	name, contentType string
	body              []byte
}

func (download) answer() {}

// statusOf is that of the problem that a page shows, so that programs see it too.
func statusOf(p page) int {
	if bad := p.framed().Problem; bad != nil && bad.Status != 0 {
		return bad.Status
	}
	return http.StatusOK
}

// secure sets the policy of pages: everything from here, nothing inline, framed by nobody.
func secure(h http.Header) {
	h.Set("Content-Security-Policy", strings.Join([]string{
		"default-src 'none'", "style-src 'self'", "script-src 'self'", "img-src 'self'", "connect-src 'self'", "form-action 'self'",
		"base-uri 'none'", "frame-ancestors 'none'",
	}, "; "))
	h.Set("X-Frame-Options", "DENY")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Referrer-Policy", "same-origin")
}
