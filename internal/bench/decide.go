package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/catalog"
	"github.com/pratique-iam/pratique/internal/access"
	"github.com/pratique-iam/pratique/internal/workload"
	"github.com/pratique-iam/pratique/policy"
)

// size is W(P), with what is wanted of it and what others reach.
type size struct {
	policies     int
	target, peer string
}

func (b *bench) sizes() []size {
	all := []size{
		{100, "≤ 250 ns, 0 allocations", "Kubernetes RBAC 6.5 µs; MinIO 13.1 µs; Cerbos 42 µs; OPA 45 µs; Cedar 66 µs"},
		{1_000, "≤ 300 ns, 0 allocations", "Kubernetes RBAC 15.3 µs; MinIO 20.7 µs; Cerbos 63 µs; OPA 68 µs; Cedar 89 µs"},
		{10_000, "≤ 450 ns, 0 allocations", "MinIO 23.4 µs; OPA 95 µs; Kubernetes RBAC 115 µs; Cerbos 116 µs; Cedar 143 µs"},
		{100_000, "≤ 700 ns, 0 allocations", "MinIO 28.1 µs; OPA 140 µs; Cedar 157 µs; Kubernetes RBAC 1,060 µs"},
	}
	return all[:b.pick(len(all), 1)]
}

// users is how many are asked in turn: enough to keep sets and policies out of the caches when there are many policies.
func users(policies int) int { return min(max(policies/10, 100), 1_000) }

// decide measures policy.Chain.Decide over W(P).
func (b *bench) decide(context.Context) ([]row, error) {
	var rows []row
	for _, s := range b.sizes() {
		b.say("deciding in process, P = %s", digits(float64(s.policies)))
		w := workload.New(s.policies)
		t, err := b.chains(w.Questions(w.Users(users(s.policies))))
		if err != nil {
			return nil, err
		}
		rows = append(rows, row{fmt.Sprintf("decision in process, W(%s)", digits(float64(s.policies))), s.target, t.String(), s.peer})
	}
	return rows, nil
}

// principal measures somebody who holds 250 policies of four statements.
func (b *bench) principal(context.Context) ([]row, error) {
	w := workload.New(250)
	t, err := b.chains(w.Questions([]workload.User{w.User(w.Policies)}))
	return []row{{"decision in process, one principal with 1,000 statements", "≤ 400 ns", t.String(), "MinIO 108 µs; OPA 237 µs"}}, err
}

// chains asks the questions in turn, over and over.
func (b *bench) chains(questions []workload.Question) (timing, error) {
	allowed, next := 0, 0
	t := b.time(func(n int) {
		for range n {
			q := &questions[next]
			if next++; next == len(questions) {
				next = 0
			}
			if q.Chain.Decide(q.Request).Allowed() {
				allowed++
			}
		}
	})
	if allowed == 0 {
		return t, errors.New("nothing was allowed")
	}
	return t, nil
}

// access measures access.Decider.Decide over the same policies in a directory: finding the principal, the operation, the project and the condition
// keys comes on top.
func (b *bench) access(context.Context) ([]row, error) {
	rules, err := newRules()
	if err != nil {
		return nil, err
	}
	var rows []row
	for _, s := range b.sizes() {
		b.say("deciding on a snapshot, P = %s", digits(float64(s.policies)))
		t, err := b.deciders(rules, s.policies)
		if err != nil {
			return nil, err
		}
		rows = append(rows, row{fmt.Sprintf("decision on a directory of W(%s), principal to answer", digits(float64(s.policies))), "–", t.String(), "–"})
	}
	return rows, nil
}

func (b *bench) deciders(rules *pratique.Rules, policies int) (timing, error) {
	w := workload.New(policies)
	d := w.Directory(users(policies), 1)
	s, err := d.Snapshot(rules)
	if err != nil {
		return timing{}, err
	}
	decider := &access.Decider{Rules: rules}
	var queries []access.Query
	for i, u := range d.Users {
		asked := w.Requests(d.Sources(w, i), func(r *policy.Request) bool {
			q := query(s, u, r)
			answer := decider.Decide(s, &q)
			return answer.Allowed()
		})
		for _, r := range asked {
			queries = append(queries, query(s, u, r))
		}
	}
	w.Shuffle(len(queries), func(i, j int) { queries[i], queries[j] = queries[j], queries[i] })
	next := 0
	return b.time(func(n int) {
		for range n {
			_ = decider.Decide(s, &queries[next])
			if next++; next == len(queries) {
				next = 0
			}
		}
	}), nil
}

// query is a request as a door would ask it. The name of the user is the directory's.
func query(s *pratique.Snapshot, u *pratique.User, r *policy.Request) access.Query {
	q := access.Query{
		Principal: pratique.Ref{Kind: pratique.KindUser, ID: u.ID}, Action: r.Action, Resource: r.Resource,
		Time: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC),
	}
	if p, ok := s.Projects.Name(s.Rules().Regions[0]); ok {
		q.Project = p.ID
	}
	for _, a := range r.Context {
		switch a.Key {
		case "g:MFAPresent":
			q.MFA = a.Values[0] == "true"
		case "g:SourceIp":
			q.Source = a.Values[0]
		}
	}
	return q
}

func newRules() (*pratique.Rules, error) {
	rows, err := catalog.Load()
	if err != nil {
		return nil, err
	}
	return pratique.NewRules(rows), nil
}
