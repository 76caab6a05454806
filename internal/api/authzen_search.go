package api

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strconv"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/internal/strictjson"
	"github.com/pratique-iam/pratique/internal/web"
)

type zenSearch struct {
	Subject  *zenEntity `json:"subject,omitempty"`
	Action   *zenAction `json:"action,omitempty"`
	Resource *zenEntity `json:"resource,omitempty"`
	Context  properties `json:"context,omitempty"`
	Page     zenPageIn  `json:"page,omitzero"`
	Rest     rest       `json:",embed"`
}

type zenPageIn struct {
	Token string `json:"token,omitempty"`
	Limit *int   `json:"limit,omitempty"`
	Rest  rest   `json:",embed"`
}

type zenFound[T any] struct {
	Page    zenPageOut  `json:"page"`
	Context *zenReasons `json:"context,omitempty"`
	Results []T         `json:"results"`
}

type zenPageOut struct {
	Next  string `json:"next_token"`
	Count int    `json:"count"`
}

type (
	zenThing struct {
		Type string `json:"type"`
		ID   string `json:"id"`
	}
	zenName struct {
		Name string `json:"name"`
	}
)

type searchIn struct {
	Body zenSearch `body:""`
}

// cursor is what a page token holds: where the next page begins, and for which request. It is no secret; it is opaque so that it may change.
type cursor struct {
	At    string `json:"at"`
	Of    string `json:"of"`
	Limit int    `json:"limit"`
}

// begin checks a search and finds its page.
func (s *zenSearch) begin(kind string) (cursor, error) {
	if err := stray(s.Rest, "subject", "action", "resource", "context", "page"); err != nil {
		return cursor{}, err
	}
	if err := stray(s.Page.Rest, "token", "limit"); err != nil {
		return cursor{}, err
	}
	same, err := strictjson.Marshal([]any{kind, s.Subject, s.Action, s.Resource, s.Context})
	if err != nil {
		return cursor{}, err
	}
	sum := sha256.Sum256(same)
	at := cursor{Of: hex.EncodeToString(sum[:8]), Limit: pageSize}
	if limit := s.Page.Limit; limit != nil {
		if *limit < 0 {
			return cursor{}, web.Invalid("page.limit is negative")
		}
		at.Limit = min(*limit, maxPageSize)
	}
	if s.Page.Token == "" {
		return at, nil
	}
	var given cursor
	data, err := base64.RawURLEncoding.DecodeString(s.Page.Token)
	if err == nil {
		err = strictjson.Unmarshal(data, &given)
	}
	switch {
	case err != nil || given.Limit < 0 || given.Limit > maxPageSize:
		return cursor{}, web.Invalid("page.token is not the next_token of an earlier page")
	case given.Of != at.Of || s.Page.Limit != nil && given.Limit != at.Limit:
		return cursor{}, web.Invalid("page.token belongs to another request: entities and limit must stay the same from page to page")
	}
	return given, nil
}

func (c cursor) next(at string) string {
	if at == "" {
		return ""
	}
	c.At = at
	data, err := strictjson.Marshal(c)
	if err != nil {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(data)
}

func (s *zenSearch) evaluation() zenEvaluation {
	return zenEvaluation{Subject: s.Subject, Action: s.Action, Resource: s.Resource, Context: s.Context}
}

// searchSubject lists who may do something. An id in the subject is ignored.
func (a *API) searchSubject(ctx context.Context, c Call, in searchIn) (zenFound[zenThing], error) {
	b := in.Body
	out := zenFound[zenThing]{Results: []zenThing{}}
	if b.Subject == nil || b.Subject.Type == "" || b.Action == nil || b.Resource == nil || b.Resource.ID == "" {
		return out, missing("subject.type, action, and resource, with type and id,")
	}
	page, err := b.begin("subject")
	if err != nil {
		return out, err
	}
	question, vars, err := b.evaluation().question()
	if err != nil {
		return out, err
	}
	q, err := a.parseOthers(ctx, c, question, vars)
	if err != nil {
		return out, err
	}
	var kind pratique.Kind
	switch pratique.PrincipalType(b.Subject.Type) {
	case pratique.PrincipalUser:
		kind = pratique.KindUser
	case pratique.PrincipalRole:
		kind = pratique.KindRole
	case pratique.PrincipalRoot:
		q.query.Principal = pratique.Ref{Kind: pratique.KindUser, ID: pratique.RootID}
		if d := a.Decider.Decide(q.snapshot, &q.query); d.Allowed() {
			out.Results = append(out.Results, zenThing{string(pratique.PrincipalRoot), pratique.RootID})
		}
		out.Page.Count = len(out.Results)
		return out, nil
	default:
		return out, nil // nobody is of a type that does not exist
	}
	found, next, err := a.subjects(ctx, &q, kind, page.At, page.Limit)
	for _, s := range found {
		out.Results = append(out.Results, zenThing{s.Type, s.ID})
	}
	out.Page = zenPageOut{Next: page.next(next), Count: len(out.Results)}
	return out, err
}

// searchResource lists the objects of a kind that somebody may do something with. It gives names away, so that the caller needs the right to
// list them. What Pratique does not keep it cannot list; the answer then is empty and says so.
func (a *API) searchResource(ctx context.Context, c Call, in searchIn) (zenFound[zenThing], error) {
	b := in.Body
	out := zenFound[zenThing]{Results: []zenThing{}}
	if b.Subject == nil || b.Subject.ID == "" || b.Action == nil || b.Resource == nil || b.Resource.Type == "" {
		return out, missing("subject, with type and id, action, and resource.type")
	}
	page, err := b.begin("resource")
	if err != nil {
		return out, err
	}
	e := b.evaluation()
	typed := *e.Resource
	typed.ID = ""
	e.Resource = &typed
	question, vars, err := e.question()
	if err != nil {
		return out, err
	}
	q, err := a.parse(ctx, c, question, vars)
	if err != nil {
		return out, err
	}
	noun, kind, ok := nounOf(typed.Type)
	if !ok {
		out.Context = &zenReasons{Reason: "resources of type " + strconv.Quote(short(typed.Type)) + " are not kept here and cannot be listed"}
		return out, nil
	}
	if err := a.Gate.May(c.Snapshot, c.Who, pratique.Need{Operation: noun + ".list", Vars: map[string]string{}}, c.Source); err != nil {
		return out, err
	}
	q.query.Resource = ""
	for o := range q.snapshot.Objects(kind, page.At, true) {
		if err := ctx.Err(); err != nil {
			return out, err
		}
		name := metaOf(o).Name
		q.query.Vars["name"], q.query.Vars[typed.Type] = name, name
		if d := a.Decider.Decide(q.snapshot, &q.query); !d.Allowed() {
			continue
		}
		if len(out.Results) == page.Limit {
			out.Page.Next = page.next(name)
			break
		}
		out.Results = append(out.Results, zenThing{typed.Type, name})
	}
	out.Page.Count = len(out.Results)
	return out, nil
}

// searchAction lists what somebody may do with a resource: the catalogue's actions for things of its type.
func (a *API) searchAction(ctx context.Context, c Call, in searchIn) (zenFound[zenName], error) {
	b := in.Body
	out := zenFound[zenName]{Results: []zenName{}}
	if b.Subject == nil || b.Subject.ID == "" || b.Resource == nil || b.Resource.Type == "" || b.Resource.ID == "" {
		return out, missing("subject and resource, each with type and id,")
	}
	b.Action = nil
	page, err := b.begin("action")
	if err != nil {
		return out, err
	}
	question, vars, err := b.evaluation().question()
	if err != nil {
		return out, err
	}
	q, err := a.parseAbout(ctx, c, question, vars)
	if err != nil {
		return out, err
	}
	skip, _ := strconv.Atoi(page.At) // empty: from the start
	n := 0
	for action := range a.Decider.WhatCan(q.snapshot, q.query) {
		if err := ctx.Err(); err != nil {
			return out, err
		}
		if !a.concerns(action, b.Resource.Type) {
			continue
		}
		if n++; n <= skip {
			continue
		}
		if len(out.Results) == page.Limit {
			out.Page.Next = page.next(strconv.Itoa(n - 1))
			break
		}
		out.Results = append(out.Results, zenName{action})
	}
	out.Page.Count = len(out.Results)
	return out, nil
}

func (a *API) concerns(action, kind string) bool {
	for _, op := range a.Decider.Rules.Catalog.ByAction(action) {
		if op.Kind == kind {
			return true
		}
	}
	return false
}

// nounOf is the catalogue's noun and the directory's kind of a resource type.
func nounOf(resourceType string) (noun string, kind pratique.Kind, ok bool) {
	kinds := pratique.ManifestKinds()
	i := slices.IndexFunc(kinds, func(k pratique.Kind) bool { return nounName(k) == resourceType })
	if i < 0 {
		return "", "", false
	}
	return resourceType, kinds[i], true
}

// nounName is how the catalogue calls a kind: "enterpriseProject".
func nounName(k pratique.Kind) string {
	return pratique.Fold(string(k[:1])) + string(k[1:])
}
