package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/internal/access"
	"github.com/pratique-iam/pratique/internal/audit"
	"github.com/pratique-iam/pratique/internal/directory"
)

// propagation measures from the moment in which a change is acknowledged on one server until another decides by it: two directories on one store,
// fsync on, and a grant that comes and goes.
func (b *bench) propagation(ctx context.Context) (rows []row, err error) {
	rules, err := newRules()
	if err != nil {
		return nil, err
	}
	dir, err := b.dir()
	if err != nil {
		return nil, err
	}
	s, err := openStore(ctx, dir, false)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	writer, err := openDirectory(ctx, s, rules)
	if err != nil {
		return nil, err
	}
	defer writer.Close()
	id, err := found(ctx, writer, rules)
	if err != nil {
		return nil, err
	}
	reader, err := openDirectory(ctx, s, rules)
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	p := propagated{account: id, writer: writer, reader: reader, decider: &access.Decider{Rules: rules}}
	changes := b.pick(2_000, 20)
	b.say("propagating %s changes", digits(float64(changes)))
	if err := p.changes(ctx, changes); err != nil {
		return nil, err
	}
	ms := func(v []float64, share float64) string { return fmt.Sprintf("%.2f ms", quantile(v, share)) }
	return []row{
		{
			"change acknowledged → another replica decides by it", "p99 ≤ 200 ms",
			fmt.Sprintf("p50 **%s**, p99 **%s**, longest %s", ms(p.seen, 0.5), ms(p.seen, 0.99), ms(p.seen, 1)), "AWS about 4 s; AKS up to 5 min",
		},
		{"change asked for → acknowledged, on disk with its audit record", "–", fmt.Sprintf("p50 %s, p99 %s", ms(p.acknowledged, 0.5), ms(p.acknowledged, 0.99)), "–"},
	}, nil
}

type propagated struct {
	account        string
	writer, reader *directory.Directory
	decider        *access.Decider
	acknowledged   []float64 // milliseconds
	seen           []float64 // milliseconds, after the acknowledgement
}

func (p *propagated) changes(ctx context.Context, n int) error {
	s, err := p.commit(ctx, put(pratique.KindUser, "alice", `{}`),
		put(pratique.KindPolicy, "reader", `{"document":{"Version":"1.1","Statement":[{"Effect":"Allow","Action":["cce:cluster:get"]}]}}`))
	if err != nil {
		return err
	}
	alice, _ := s.Users.Name("alice")
	project, _ := s.Projects.Name(s.Rules().Regions[0])
	q := access.Query{Principal: pratique.Ref{Kind: pratique.KindUser, ID: alice.ID}, Action: "cce:cluster:get", Project: project.ID, Time: now()}
	grant := put(pratique.KindGrant, "grant", `{"user":"alice","policy":"reader","scope":{"allProjects":true}}`)
	for i := range n {
		change, want := pratique.Change(grant), true
		if i%2 == 1 {
			change, want = pratique.Delete{Kind: pratique.KindGrant, Name: "grant"}, false
		}
		asked := now()
		if _, err := p.commit(ctx, change); err != nil {
			return err
		}
		answered := now()
		if err := p.wait(ctx, &q, want); err != nil {
			return err
		}
		p.seen = append(p.seen, millis(now().Sub(answered)))
		p.acknowledged = append(p.acknowledged, millis(answered.Sub(asked)))
	}
	return nil
}

// wait returns when the reader decides as wanted.
func (p *propagated) wait(ctx context.Context, q *access.Query, want bool) error {
	for {
		changed := p.reader.Changed(p.account)
		if s, ok := p.reader.Account(p.account); ok {
			if d := p.decider.Decide(s, q); d.Cause != access.Nobody && d.Allowed() == want {
				return nil
			}
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// commit does what the Gate does, less the deciding.
func (p *propagated) commit(ctx context.Context, changes ...pratique.Change) (*pratique.Snapshot, error) {
	return p.writer.Update(ctx, p.account, func(s *pratique.Snapshot) (directory.Commit, error) {
		next, plan, err := s.With(pratique.At(now()), changes...)
		if err != nil {
			return directory.Commit{}, err
		}
		record := audit.Record{Time: now().UTC(), Event: audit.Changed, Steps: plan.Steps}
		return directory.Commit{Next: next, Writes: plan.Writes, Records: []audit.Record{record}}, nil
	})
}

func put(kind pratique.Kind, name, spec string) pratique.Put {
	return pratique.Put{Manifest: pratique.Manifest{
		APIVersion: pratique.APIVersion, Kind: kind, Metadata: pratique.Metadata{Name: name}, Spec: []byte(spec),
	}}
}

func millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
