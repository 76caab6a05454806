package main

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pratique-iam/pratique/apiv1"
)

func TestArgumentsOfAQuestion(t *testing.T) {
	t.Parallel()
	user := func(id string) apiv1.Subject { return apiv1.Subject{Type: "user", ID: id} }
	for _, c := range []struct {
		args []string
		role bool
		want apiv1.Question
	}{
		{args: []string{"cce:node:get"}, want: apiv1.Question{Action: "cce:node:get"}},
		{args: []string{"cluster.create"}, want: apiv1.Question{Action: "cluster.create"}},
		{args: []string{"alice", "cce:node:get"}, want: apiv1.Question{Subject: user("alice"), Action: "cce:node:get"}},
		{args: []string{"alice", "cluster.create"}, want: apiv1.Question{Subject: user("alice"), Action: "cluster.create"}},
		{args: []string{"cce:node:get", "res"}, want: apiv1.Question{Action: "cce:node:get", Resource: "res"}},
		{args: []string{"me", "cce:node:get"}, want: apiv1.Question{Action: "cce:node:get"}},
		{args: []string{"me", "cluster.create", "res"}, want: apiv1.Question{Action: "cluster.create", Resource: "res"}},
		{args: []string{"alice", "cs:X", "acs:cs:*"}, want: apiv1.Question{Subject: user("alice"), Action: "cs:X", Resource: "acs:cs:*"}},
		{args: []string{"user/alice", "cs:X"}, want: apiv1.Question{Subject: user("alice"), Action: "cs:X"}},
		{args: []string{"role/w", "cs:X"}, want: apiv1.Question{Subject: apiv1.Subject{Type: "role", ID: "w"}, Action: "cs:X"}},
		{args: []string{"w", "cs:X"}, role: true, want: apiv1.Question{Subject: apiv1.Subject{Type: "role", ID: "w"}, Action: "cs:X"}},
		{args: []string{"root", "cs:X"}, want: apiv1.Question{Subject: apiv1.Subject{Type: "root", ID: "root"}, Action: "cs:X"}},
	} {
		q := question{asRole: c.role}
		got, err := q.of(c.args)
		if err != nil {
			t.Errorf("%v: %v", c.args, err)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%v (-want +got):\n%s", c.args, diff)
		}
	}
}

func TestQuestionsThatAreNotUnderstood(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		q    question
		args []string
	}{
		{question{}, []string{"group/viewers", "cs:X"}},
		{question{}, []string{"user/", "cs:X"}},
		{question{asRole: true}, []string{"user/alice", "cs:X"}},
		{question{asRole: true}, []string{"cs:X"}},
		{question{context: []string{"novalue"}}, []string{"cs:X"}},
		{question{context: []string{"=v"}}, []string{"cs:X"}},
	} {
		_, err := c.q.of(c.args)
		if _, ok := errors.AsType[*usageError](err); !ok {
			t.Errorf("%v with %+v: error %v, want a usage error", c.args, c.q, err)
		}
	}
}

func TestContextKeysMayRepeat(t *testing.T) {
	t.Parallel()
	got, err := contextOf([]string{"k=a=b", "k=", "other=1"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string][]string{"k": {"a=b", ""}, "other": {"1"}}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
