package access

import (
	"iter"
	"slices"
	"strings"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/policy"
)

// WhoCan walks the principals that may do what the query asks, users before roles, in the order of their names; the root, who always
// may, is not among them. The query's principal is ignored.
//
// Only principals that hold a policy which could allow it are decided on: an Allow needs some document that allows by itself, whatever else
// denies. Documents with conditions may depend on who asks and always count.
func (d *Decider) WhoCan(s *pratique.Snapshot, q Query) iter.Seq[pratique.Ref] {
	return func(yield func(pratique.Ref) bool) {
		for _, ref := range d.candidates(s, &q) {
			q.Principal = ref
			if verdict := d.Decide(s, &q); verdict.Allowed() && !yield(ref) {
				return
			}
		}
	}
}

func (d *Decider) candidates(s *pratique.Snapshot, q *Query) []pratique.Ref {
	r, known := d.resolve(s, q)
	if !known {
		return nil
	}
	found := map[pratique.Ref]bool{}
	add := func(p *pratique.Policy) {
		if !d.couldAllow(p, &r) {
			return
		}
		for g := range s.GrantsWith(p.ID) {
			if g.Principal.Kind != pratique.KindGroup {
				found[g.Principal] = true
				continue
			}
			if group, ok := s.Groups.ID(g.Principal.ID); ok {
				for _, id := range group.Members {
					found[pratique.Ref{Kind: pratique.KindUser, ID: id}] = true
				}
			}
		}
	}
	for p := range s.Policies.All() {
		add(p)
	}
	for _, p := range s.Rules().SystemPolicies() {
		add(p)
	}
	type named struct {
		ref  pratique.Ref
		name string
	}
	list := make([]named, 0, len(found))
	for ref := range found {
		list = append(list, named{ref, pratique.Fold(s.PrincipalName(ref))})
	}
	slices.SortFunc(list, func(a, b named) int {
		if a.ref.Kind != b.ref.Kind {
			return -strings.Compare(string(a.ref.Kind), string(b.ref.Kind)) // User before Role
		}
		return strings.Compare(a.name, b.name)
	})
	out := make([]pratique.Ref, len(list))
	for i, n := range list {
		out[i] = n.ref
	}
	return out
}

func (d *Decider) couldAllow(p *pratique.Policy, r *resolved) bool {
	compiled, err := p.Compiled()
	if err != nil {
		return false // it denies everything
	}
	doc := compiled.Document()
	chain := alone(compiled)
	for i := range r.n {
		w := &r.walks[i]
		if w.dialect != doc.Dialect {
			continue
		}
		verdict := chain.Decide(&policy.Request{Action: w.action, Resource: w.resources[0]})
		if verdict.Allowed() || chain.UsesContext() {
			return true
		}
	}
	return false
}

// WhatCan walks the actions of the catalogue that a principal may do in a place, in the catalogue's order, by their name in the dialect that
// allows them. Action and Resource of the query are ignored.
func (d *Decider) WhatCan(s *pratique.Snapshot, q Query) iter.Seq[string] {
	return func(yield func(string) bool) {
		seen := map[string]bool{}
		for i := range d.Rules.Catalog.Operations {
			op := &d.Rules.Catalog.Operations[i]
			for _, action := range []string{op.Huawei, op.RAM} {
				if action == "" || seen[action] {
					continue
				}
				seen[action] = true
				q.Action, q.Resource = action, ""
				if verdict := d.Decide(s, &q); verdict.Allowed() && !yield(action) {
					return
				}
			}
		}
	}
}
