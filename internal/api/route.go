package api

import (
	"context"
	"errors"
	"net/http"
	"reflect"
	"strings"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/internal/access"
	"github.com/pratique-iam/pratique/internal/web"
)

// Route is one row of the table.
//
// Guard is the id of a catalogue operation, which is decided on before the handler runs, on the object that the path names. Where that is
// not the rule, it is a word and a reason: "self: …" (a session is enough for one's own things), "gate: …" (every change brings the
// operations that it needs), "public: …" (no credentials), "operator: …" (local socket); or "cluster: …" and the operation that is decided
// on for the cluster that the path names, in its project and enterprise project.
type Route struct {
	Method  string
	Path    string
	Guard   string
	Summary string
	action
}

// The guards that are not operations.
const (
	guardSelf     = "self"
	guardGate     = "gate"
	guardPublic   = "public"
	guardOperator = "operator"
	guardCluster  = "cluster"
)

// Operation is the catalogue operation that guards the route, if one does.
func (r *Route) Operation() (id string, ok bool) {
	if strings.Contains(r.Guard, ":") || r.Guard == "" {
		return "", false
	}
	return r.Guard, true
}

// OnCluster is the operation that is decided on for the cluster that the path names, if the route is guarded so.
func (r *Route) OnCluster() (id string, ok bool) {
	word, id, _ := strings.Cut(r.Guard, ": ")
	return id, word == guardCluster
}

// open reports whether no credentials are asked for.
func (r *Route) open() bool {
	word, _, _ := strings.Cut(r.Guard, ":")
	return word == guardPublic || word == guardOperator
}

// action is a handler with its types taken off. read fills an input.
type action struct {
	in, out reflect.Type
	visit   func(ctx context.Context, v Visit, read func(any) error) (any, error) // of open routes
	call    func(ctx context.Context, c Call, read func(any) error) (any, error)  // of all others
}

// done is the output of a handler that has nothing to say.
type done struct{}

// none is the input of a handler that asks for nothing.
type none struct{}

// created marks an output that is something new, shown for the first time.
type created[T any] struct{ body T }

// accepted marks an output that tells of what goes on in the background.
type accepted[T any] struct{ body T }

// signedIn is a handler for somebody. There is no way to call it without a principal.
func signedIn[In, Out any](f func(context.Context, Call, In) (Out, error)) action {
	return action{in: reflect.TypeFor[In](), out: reflect.TypeFor[Out](), call: func(ctx context.Context, c Call, read func(any) error) (any, error) {
		var in In
		if err := read(&in); err != nil {
			return nil, err
		}
		return f(ctx, c, in)
	}}
}

// anybody is a handler that needs to know nobody.
func anybody[In, Out any](f func(context.Context, Visit, In) (Out, error)) action {
	return action{in: reflect.TypeFor[In](), out: reflect.TypeFor[Out](), visit: func(ctx context.Context, v Visit, read func(any) error) (any, error) {
		var in In
		if err := read(&in); err != nil {
			return nil, err
		}
		return f(ctx, v, in)
	}}
}

// dispatch is the way from a request to a handler and back, the same for every route.
func (a *API) dispatch(route Route, in *input) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		v := Visit{Source: web.Source(r), Request: web.RequestID(r.Context())}
		read := func(into any) error { return in.read(w, r, into) }
		var out any
		var err error
		if route.open() {
			out, err = route.visit(r.Context(), v, read)
		} else {
			out, err = a.authorized(r, &route, v, read)
		}
		if err != nil {
			return err
		}
		return answer(w, out)
	}
}

func (a *API) authorized(r *http.Request, route *Route, v Visit, read func(any) error) (any, error) {
	c, err := a.identify(r, v)
	if err != nil {
		return nil, err
	}
	if op, ok := route.Operation(); ok {
		need := pratique.Need{Operation: op, Vars: map[string]string{"name": r.PathValue("name")}}
		if err := a.Gate.May(c.Snapshot, c.Who, need, c.Source); err != nil {
			return nil, a.denied(c, err)
		}
	}
	if op, ok := route.OnCluster(); ok {
		if c.Cluster, err = a.cluster(c, r.PathValue("name"), op); err != nil {
			return nil, a.denied(c, err)
		}
	}
	out, err := route.call(r.Context(), c, read)
	if err != nil {
		return nil, a.denied(c, err)
	}
	return out, nil
}

// identify finds out who is asking. A directory that is too old cannot know whether they still may, so nobody is let in by it.
func (a *API) identify(r *http.Request, v Visit) (Call, error) {
	if err := a.closed(); err != nil {
		return Call{}, err
	}
	secret, err := web.Bearer(r)
	if err != nil {
		return Call{}, err
	}
	if secret == "" {
		return Call{}, &pratique.Error{Kind: web.ErrUnauthenticated, Message: "nobody is signed in", Hint: "run: pratique login"}
	}
	who, session, err := a.Authn.Bearer(secret)
	if err != nil {
		return Call{}, unauthenticated(err)
	}
	snapshot, ok := a.Accounts.Account(who.Account)
	if !ok || who.IsZero() || session == nil {
		return Call{}, web.ErrUnauthenticated
	}
	web.Identify(r.Context(), who)
	return Call{Visit: v, Who: who, Session: session, Snapshot: snapshot}, nil
}

// unauthenticated makes a 401 of a refused credential; whoever shows none that is good is told to sign in, not that they lack a right.
func unauthenticated(err error) error {
	if !errors.Is(err, pratique.ErrDenied) {
		return err
	}
	out := &pratique.Error{Kind: web.ErrUnauthenticated, Message: "the credentials are not valid"}
	if told, ok := errors.AsType[*pratique.Error](err); ok {
		out.Message, out.Hint = told.Message, told.Hint
	}
	return out
}

// denied gives a refusal an id, under which pratique why explains it.
func (a *API) denied(c Call, err error) error {
	refused, ok := errors.AsType[*access.DeniedError](err)
	if !ok {
		return err
	}
	s, ok := a.Accounts.Account(c.Who.Account)
	if !ok {
		s = c.Snapshot
	}
	return web.WithDecision(refused, a.memory().Add(access.Remembered{Account: c.Who.Account, Asker: c.Who.ID, Snapshot: s, Query: refused.Query}))
}

// answer writes what a handler returned.
func answer(w http.ResponseWriter, out any) error {
	switch out := out.(type) {
	case done:
		w.WriteHeader(http.StatusNoContent)
		return nil
	case interface{ created() any }:
		return web.JSON(w, http.StatusCreated, out.created())
	case written:
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(out) //nolint:gosec // JSON of our own making; a client that has gone away needs no answer
		return nil
	case interface{ accepted() any }:
		return web.JSON(w, http.StatusAccepted, out.accepted())
	case archive:
		return out.send(w)
	case interface{ status() int }:
		return web.JSON(w, out.status(), out)
	default:
		return web.JSON(w, http.StatusOK, out)
	}
}

func (c created[T]) created() any { return c.body }

func (c accepted[T]) accepted() any { return c.body }

// written is an answer that has been encoded already.
type written []byte
