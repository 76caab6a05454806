package console

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/client"
	"github.com/pratique-iam/pratique/internal/console/ui"
)

// visit is one request of somebody, and what they may be told.
type visit struct {
	r      *http.Request
	api    *client.Client // as whoever looks
	me     apiv1.Me       // zero on open pages
	secret string
	flash  ui.Flash
	theme  string
}

// path is a part of the path that the route names.
func (v *visit) path(name string) string { return v.r.PathValue(name) }

// query is a parameter of the address.
func (v *visit) query(name string) string { return v.r.URL.Query().Get(name) }

// form is a field of the form that was sent, without spaces around it.
func (v *visit) form(name string) string { return strings.TrimSpace(v.r.PostFormValue(name)) }

// frame is what the page around a body needs. Section is the entry of the navigation that is lit.
func (v *visit) frame(section, title string) ui.Frame {
	return ui.Frame{
		Title: title, Section: section, Nav: navigation(), User: v.me.Name, Account: v.me.Account, SignedIn: v.me.ID != "",
		Flash: v.flash, Theme: v.theme, Here: v.r.URL.RequestURI(),
	}
}

// answer is what a handler gives back: a page, or a way to one.
type answer interface{ answer() }

// page is a struct with a template. Its first member is a ui.Frame.
type page interface {
	answer
	template() string // name in pages/, without ".html"
	framed() *ui.Frame
}

// goTo sends the browser on after a form (303), with a sentence about what was done.
type goTo struct {
	to   string
	done string
}

func (goTo) answer() {}

// base is embedded by every page.
type base struct{ ui.Frame }

func (base) answer() {}

func (b *base) framed() *ui.Frame { return &b.Frame }

// handler answers one request. An error becomes an error page; a handler that can show its form again with the problem in it does that
// instead.
type handler func(ctx context.Context, v *visit) (answer, error)

// problem is an error in words for a page. An error that is nobody's sentence becomes a general one.
func problem(err error) *ui.Problem {
	if err == nil {
		return nil
	}
	if p, ok := errors.AsType[*client.ProblemError](err); ok {
		out := &ui.Problem{Title: p.Title, Detail: p.Detail, Hint: p.Hint, Status: p.Status, Request: p.Instance}
		if p.Decision != "" {
			out.Decision, out.Hint = p.Decision, ""
		}
		return out
	}
	if p, ok := errors.AsType[*formError](err); ok {
		return &ui.Problem{Title: "Please check the form", Detail: p.text, Status: http.StatusUnprocessableEntity}
	}
	return &ui.Problem{Title: "Something went wrong", Detail: "the server's log has the details", Status: http.StatusInternalServerError}
}

// formError is something that the form itself can tell.
type formError struct{ text string }

func (e *formError) Error() string { return e.text }

func wrong(text string) error { return &formError{text} }

// href builds an address below Prefix. Segments are escaped; query is pairs of name and value, empty values are left out.
func href(segments []string, query ...string) string {
	var b strings.Builder
	b.WriteString(strings.TrimSuffix(Prefix, "/"))
	for _, s := range segments {
		b.WriteString("/" + url.PathEscape(s))
	}
	q := url.Values{}
	for i := 0; i+1 < len(query); i += 2 {
		if query[i+1] != "" {
			q.Set(query[i], query[i+1])
		}
	}
	if len(q) > 0 {
		b.WriteString("?" + q.Encode())
	}
	return b.String()
}

// at is the address of a page by its segments.
func at(segments ...string) string { return href(segments) }
