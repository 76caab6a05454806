package api

import (
	"context"
	"errors"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/internal/access"
	"github.com/pratique-iam/pratique/internal/web"
	"github.com/pratique-iam/pratique/policy"
)

// patience is how long a question waits for the revision that it names.
const patience = 3 * time.Second

// atLeast is the caller's account at a revision or after it.
func (a *API) atLeast(ctx context.Context, c Call, revision uint64) (*pratique.Snapshot, error) {
	if revision <= c.Snapshot.Generation {
		return c.Snapshot, nil
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return a.Accounts.WaitFor(ctx, c.Who.Account, revision)
}

// asked is a question whose names have been looked up.
type asked struct {
	snapshot *pratique.Snapshot
	query    access.Query
	subject  string // for people: "user alice"
}

// parse turns a question into a query. vars fill resource templates; AuthZEN brings some.
func (a *API) parse(ctx context.Context, c Call, q apiv1.Question, vars map[string]string) (asked, error) {
	if err := checkAction(q.Action); err != nil {
		return asked{}, err
	}
	return a.parseAbout(ctx, c, q, vars)
}

// checkAction refuses what can be no action. It does not ask whether the action is known: an unknown one is decided on, and denied.
func checkAction(action string) error {
	if action == "" {
		err := web.Invalid("the question names no action")
		err.Hint = "actions look like cce:cluster:create, cs:DeleteCluster or cluster.create"
		return err
	}
	if len(action) > 256 || strings.ContainsAny(action, "*? \t\r\n") {
		return web.Invalid("%q is not an action; a question is about one, without wildcards", short(action))
	}
	return nil
}

// parseAbout is parse for questions that leave the action open.
func (a *API) parseAbout(ctx context.Context, c Call, q apiv1.Question, vars map[string]string) (asked, error) {
	s, err := a.atLeast(ctx, c, q.AtLeast)
	if err != nil {
		return asked{}, err
	}
	c.Snapshot = s
	ref, self, err := a.subject(c, q.Subject)
	if err != nil {
		return asked{}, err
	}
	out := asked{snapshot: s, subject: subjectText(s, ref), query: access.Query{
		Principal: ref, Action: q.Action, Resource: q.Resource, Vars: vars, ClusterType: q.ClusterType, Time: a.Now(),
	}}
	if self {
		about := access.QueryFor(s, c.Who, a.Now(), c.Source)
		out.query.Source, out.query.MFA, out.query.SessionPolicy = about.Source, about.MFA, about.SessionPolicy
	}
	if err := a.place(c, self, q, &out.query); err != nil {
		return asked{}, err
	}
	return out, conditions(q.Context, &out.query)
}

// subject finds whom a question is about. About oneself everybody may ask; about others it takes decision.simulate, which is decided on the
// name as it was given, before anybody looks whether it exists.
func (a *API) subject(c Call, sub apiv1.Subject) (ref pratique.Ref, self bool, err error) {
	own := access.PrincipalRef(c.Who)
	kind := sub.Type
	if kind == "" {
		kind = string(pratique.PrincipalUser)
		if pratique.Fold(sub.ID) == pratique.RootID {
			kind = string(pratique.PrincipalRoot)
		}
	}
	switch {
	case sub == apiv1.Subject{}:
		return own, true, nil
	case kind == string(c.Who.Type) && (c.is(sub.ID) || pratique.Fold(sub.ID) == pratique.Fold(c.Who.Name)):
		return own, true, nil
	case sub.ID == "" && kind != string(pratique.PrincipalRoot):
		return ref, false, web.Invalid("the question names no subject id")
	}
	if err := a.maySimulate(c, sub.ID); err != nil {
		return ref, false, err
	}
	switch pratique.PrincipalType(kind) {
	case pratique.PrincipalRoot:
		return pratique.Ref{Kind: pratique.KindUser, ID: pratique.RootID}, false, nil
	case pratique.PrincipalUser:
		return find(c.Snapshot, pratique.KindUser, sub.ID)
	case pratique.PrincipalRole:
		return find(c.Snapshot, pratique.KindRole, sub.ID)
	}
	bad := web.Invalid("subject type %q is not known", short(sub.Type))
	bad.Hint = "use user, role or root"
	return ref, false, bad
}

func find(s *pratique.Snapshot, kind pratique.Kind, name string) (pratique.Ref, bool, error) {
	o, err := s.Object(kind, name)
	if err != nil {
		return pratique.Ref{}, false, hinted(err, "list them with: pratique get "+kind.Plural())
	}
	return pratique.Ref{Kind: kind, ID: metaOf(o).ID}, false, nil
}

func (a *API) maySimulate(c Call, name string) error {
	need := pratique.Need{Operation: "decision.simulate", Vars: map[string]string{"name": name}}
	return a.Gate.May(c.Snapshot, c.Who, need, c.Source)
}

func subjectText(s *pratique.Snapshot, ref pratique.Ref) string {
	if ref.ID == pratique.RootID {
		return pratique.RootID
	}
	return strings.ToLower(string(ref.Kind)) + " " + s.PrincipalName(ref)
}

// place looks up the project and the enterprise project. Those who ask about themselves find what they may read or hold something in;
// everything else does not exist for them, so that nobody learns names by asking.
func (a *API) place(c Call, self bool, q apiv1.Question, into *access.Query) error {
	if q.Project != "" {
		o, err := c.Snapshot.Object(pratique.KindProject, q.Project)
		if err == nil && self && !a.sees(c, pratique.KindProject, o) {
			err = unknown(pratique.KindProject, q.Project)
		}
		if err != nil {
			return hinted(err, "list projects with: pratique get projects")
		}
		into.Project = metaOf(o).ID
	}
	if q.EnterpriseProject != "" {
		o, err := c.Snapshot.Object(pratique.KindEnterpriseProject, q.EnterpriseProject)
		if err == nil && self && !a.sees(c, pratique.KindEnterpriseProject, o) {
			err = unknown(pratique.KindEnterpriseProject, q.EnterpriseProject)
		}
		if err != nil {
			return hinted(err, "list enterprise projects with: pratique get enterpriseprojects")
		}
		into.EnterpriseProject = metaOf(o).ID
	}
	if _, ok := a.Decider.Rules.Catalog.ClusterType(q.ClusterType); !ok && q.ClusterType != "" {
		return web.Invalid("cluster type %q is not known", short(q.ClusterType))
	}
	return nil
}

// sees reports whether the caller may know of a project or enterprise project: every account has the default ones, a grant there tells of
// it anyway, and so does the right to read it.
func (a *API) sees(c Call, kind pratique.Kind, o any) bool {
	operation := "project.get"
	switch o := o.(type) {
	case *pratique.Project:
		if o.Default() {
			return true
		}
	case *pratique.EnterpriseProject:
		operation = "enterpriseProject.get"
		if o.Name == pratique.DefaultEnterpriseProject {
			return true
		}
	}
	meta := metaOf(o)
	for _, h := range access.Holdings(c.Snapshot, access.PrincipalRef(c.Who)) {
		scope := h.Grant.Scope
		if scope.ID == meta.ID || kind == pratique.KindProject && scope.Kind == pratique.ScopeAllProjects {
			return true
		}
	}
	need := pratique.Need{Operation: operation, Vars: map[string]string{"name": meta.Name}}
	return a.Gate.May(c.Snapshot, c.Who, need, c.Source) == nil
}

func unknown(kind pratique.Kind, name string) error {
	return &pratique.Error{Kind: pratique.ErrNotFound, Message: kind.Word() + " " + strconv.Quote(name) + " does not exist"}
}

func hinted(err error, hint string) error {
	told, ok := errors.AsType[*pratique.Error](err)
	if !ok || told.Hint != "" {
		return err
	}
	return &pratique.Error{Kind: told.Kind, Message: told.Message, Hint: hint}
}

// maxKeys is how many condition keys a question may bring.
const maxKeys = 256

// conditions fills in the condition keys of a question. The three that Pratique knows itself in a real request are set in their place;
// the others pass on as they are.
func conditions(keys map[string][]string, q *access.Query) error {
	if len(keys) > maxKeys {
		return web.Invalid("context: %d keys; at most %d are looked at", len(keys), maxKeys)
	}
	seen := map[string]string{}
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		place := meaning(key)
		if other, twice := seen[place]; twice {
			return web.Invalid("context: %s and %s say the same thing twice", other, key)
		}
		seen[place] = key
		if err := condition(place, key, keys[key], q); err != nil {
			return err
		}
	}
	return nil
}

// The keys that become part of the query itself, under either vendor's name.
const (
	keySource = "source"
	keyMFA    = "mfa"
	keyTime   = "time"
)

func meaning(key string) string {
	switch low := pratique.Fold(key); low {
	case "acs:sourceip", "g:sourceip":
		return keySource
	case "acs:mfapresent", "g:mfapresent":
		return keyMFA
	case "acs:currenttime", "g:currenttime":
		return keyTime
	default:
		return "key " + low
	}
}

func condition(place, key string, values []string, q *access.Query) error {
	if place != keySource && place != keyMFA && place != keyTime {
		q.Context = append(q.Context, policy.Attribute{Key: key, Values: values})
		return nil
	}
	if len(values) != 1 {
		return web.Invalid("context: %s has %d values and takes one", key, len(values))
	}
	var err error
	switch place {
	case keySource:
		q.Source = values[0]
		_, err = netip.ParseAddr(q.Source)
	case keyMFA:
		q.MFA, err = strconv.ParseBool(values[0])
	case keyTime:
		q.Time, err = time.Parse(time.RFC3339, values[0])
	}
	if err != nil {
		return web.Invalid("context: %s is %q, which it cannot be", key, short(values[0]))
	}
	return nil
}

// short keeps what came from outside from filling a sentence.
func short(s string) string {
	const limit = 80
	if len(s) <= limit {
		return s
	}
	return strings.ToValidUTF8(s[:limit], "") + "…"
}
