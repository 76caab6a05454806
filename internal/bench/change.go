package main

import (
	"context"
	"fmt"
	"time"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/client"
)

// patience is how long anything may take before a measurement gives up.
const patience = time.Minute

// noticeWithin is by when our own endpoints decide by a change, in milliseconds, at the 99th percentile.
const noticeWithin = 200

// changeRow is a row about how soon a change is seen at an endpoint of ours.
func changeRow(what string, ms []float64) row {
	return row{
		what, "p99 ≤ 200 ms", fmt.Sprintf("p50 **%.2f ms**, p99 **%.2f ms**, longest %.2f ms: %s",
			quantile(ms, 0.5), quantile(ms, 0.99), quantile(ms, 1), reached(quantile(ms, 0.99) <= noticeWithin)), "AWS about 4 s; AKS up to 5 min",
	}
}

// switched is something that is put and deleted in turns.
type switched struct {
	root *client.Client
	on   apiv1.Change
	off  apiv1.Change
	is   bool

	refuses bool // while it is there; otherwise it allows
}

// toggle makes the next change and tells when it was answered.
func (s *switched) toggle(ctx context.Context) (answered time.Time, err error) {
	next := s.on
	if s.is {
		next = s.off
	}
	s.is = !s.is
	_, err = s.root.Change(ctx, changes(next))
	return now(), err
}

// newDenial prepares to deny a user, and to take it back, everything that is read inside clusters.
func newDenial(ctx context.Context, root *client.Client, user string) (*switched, error) {
	_, err := root.Change(ctx, changes(putting(pratique.KindPolicy, "stop",
		`{"document":{"Version":"1.1","Statement":[{"Effect":"Deny","Action":["cce:kubernetes:get"]}]}}`)))
	s := newGrant(root, "stop", user, "stop")
	s.refuses = true
	return s, err
}

// newGrant prepares to grant a policy to a user in all projects, and to take it back.
func newGrant(root *client.Client, name, user, policy string) *switched {
	return &switched{
		root: root, on: putting(pratique.KindGrant, name, fmt.Sprintf(`{"user":%q,"policy":%q,"scope":{"allProjects":true}}`, user, policy)),
		off: deleting(pratique.KindGrant, name),
	}
}

func putting(kind pratique.Kind, name, spec string) apiv1.Change {
	p := put(kind, name, spec)
	return apiv1.Change{Put: &p.Manifest}
}

func deleting(kind pratique.Kind, name string) apiv1.Change {
	return apiv1.Change{Delete: &pratique.Delete{Kind: kind, Name: name}}
}

func changes(list ...apiv1.Change) apiv1.Changes { return apiv1.Changes{Changes: list} }
