// Package workload makes the policies, requests and directories that Pratique is measured and tested with. Everything comes from a seed that
// stands in the code: the same arguments give the same workload, byte by byte, on every machine.
//
// W(P) is P policies of four statements, in groups of five policies, and users in four groups each: 80 statements are in force for a user.
// Every other request of a user is allowed.
package workload

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/pratique-iam/pratique/policy"
)

// The shape of W(P).
const (
	Statements = 4 // per policy
	PerGroup   = 5 // policies granted to a group
	Groups     = 4 // that a user is in
	Requests   = 8 // per user, the first and every other one allowed
)

// Workload is W(P). It is not safe for concurrent use: what is drawn from it depends on what was drawn before.
type Workload struct {
	Policies []policy.Source // compiled

	random *rand.Rand
}

// New makes the policies of W(P); what else is wanted is drawn from the result.
func New(policies int) *Workload {
	w := &Workload{random: rand.New(rand.NewPCG(2026, uint64(policies)))} //nolint:gosec // the same numbers every time are what is wanted
	for i := range policies {
		d := &policy.Document{Version: "1.1", Dialect: policy.Huawei}
		for range Statements {
			d.Statements = append(d.Statements, w.statement())
		}
		w.Policies = append(w.Policies, policy.Source{
			Document: d, Compiled: policy.CompileDocument(d), Policy: fmt.Sprintf("policy-%d", i), ID: fmt.Sprintf("p%d", i), Version: "v1",
		})
	}
	return w
}

// Membership draws the groups of a user, by number. A group may be drawn twice.
func (w *Workload) Membership() []int {
	var groups []int
	for range Groups {
		groups = append(groups, w.random.IntN(len(w.Policies)/PerGroup))
	}
	return groups
}

// Sources are the policies of groups, in their order.
func (w *Workload) Sources(groups []int) []policy.Source {
	var sources []policy.Source
	for _, g := range groups {
		sources = append(sources, w.Policies[g*PerGroup:(g+1)*PerGroup]...)
	}
	return sources
}

// User is a chain of one tier with one set, as a principal's policies are merged, and requests that the user makes.
type User struct {
	Chain    policy.Chain
	Requests []*policy.Request
}

// Users draws users who are in four groups of five policies.
func (w *Workload) Users(n int) []User {
	users := make([]User, n)
	for i := range users {
		users[i] = w.User(w.Sources(w.Membership()))
	}
	return users
}

// User merges policies and draws requests.
func (w *Workload) User(sources []policy.Source) User {
	chain := policy.Chain{{Name: "project", Sets: []*policy.Set{policy.Compile(sources...)}}}
	return User{chain, w.Requests(sources, func(r *policy.Request) bool { return chain.Decide(r).Allowed() })}
}

// Requests draws requests about what the policies are about, of which every other one is allowed, the first too.
func (w *Workload) Requests(sources []policy.Source, allowed func(*policy.Request) bool) []*policy.Request {
	var requests []*policy.Request
	for len(requests) < Requests {
		if r := w.request(sources); allowed(r) == (len(requests)%2 == 0) {
			requests = append(requests, r)
		}
	}
	return requests
}

// Question is one request and who makes it.
type Question struct {
	Chain   policy.Chain
	Request *policy.Request
}

// Questions are the requests of all users in an order in which no user comes twice in a row for long: with many users neither their sets nor the
// policies stay in the caches of the processor. The requests are copied in the order of asking, because in a server a request comes fresh from
// the parser, and it is the policies that are cold.
func (w *Workload) Questions(users []User) []Question {
	var questions []Question
	for _, u := range users {
		for _, r := range u.Requests {
			questions = append(questions, Question{u.Chain, r})
		}
	}
	w.Shuffle(len(questions), func(i, j int) { questions[i], questions[j] = questions[j], questions[i] })
	for i := range questions {
		questions[i].Request = clone(questions[i].Request)
	}
	return questions
}

// Shuffle puts n things into an order that is drawn.
func (w *Workload) Shuffle(n int, swap func(i, j int)) { w.random.Shuffle(n, swap) }

func clone(r *policy.Request) *policy.Request {
	c := &policy.Request{Action: strings.Clone(r.Action), Resource: strings.Clone(r.Resource), Context: slices.Clone(r.Context)}
	for i := range c.Context {
		c.Context[i].Values = slices.Clone(c.Context[i].Values)
	}
	return c
}
