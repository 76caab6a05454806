package policy

import (
	"fmt"
	"math/rand/v2"
)

// workload is W(P): P policies of 4 statements in groups of 5 policies, and users in 4 groups each, so that 80 statements are in force for every
// user. Half of the requests are allowed. The same P gives the same workload, byte by byte.
type workload struct {
	random   *rand.Rand
	policies []Source
	users    []workloadUser
}

// workloadUser is a chain of one tier with one set, as a principal's policies are merged, and requests that the user makes.
type workloadUser struct {
	chain    Chain
	requests []*Request
}

const (
	workloadStatements = 4
	workloadPerGroup   = 5
	workloadGroups     = 4
	workloadRequests   = 8 // per user, half of them allowed
)

// newWorkload makes the policies; users come with addUsers.
func newWorkload(policies int) *workload {
	w := &workload{random: rand.New(rand.NewPCG(2026, uint64(policies)))}
	for i := range policies {
		d := &Document{Version: "1.1", Dialect: Huawei}
		for range workloadStatements {
			d.Statements = append(d.Statements, w.statement())
		}
		w.policies = append(w.policies, Source{
			Document: d, Compiled: CompileDocument(d), Policy: fmt.Sprintf("policy-%d", i), ID: fmt.Sprintf("p%d", i), Version: "v1",
		})
	}
	return w
}

// addUsers adds users who are in four groups of five policies, each with requests of which every other one is allowed.
func (w *workload) addUsers(n int) {
	groups := len(w.policies) / workloadPerGroup
	for range n {
		var sources []Source
		for range workloadGroups {
			g := w.random.IntN(groups) * workloadPerGroup
			sources = append(sources, w.policies[g:g+workloadPerGroup]...)
		}
		w.addUser(sources)
	}
}

func (w *workload) addUser(sources []Source) {
	u := workloadUser{chain: Chain{{Name: "project", Sets: []*Set{Compile(sources...)}}}}
	for len(u.requests) < workloadRequests {
		r := w.request(sources)
		if u.chain.Decide(r).Allowed() == (len(u.requests)%2 == 0) {
			u.requests = append(u.requests, r)
		}
	}
	w.users = append(w.users, u)
}

// statement has one to four action patterns, three in five of them literal, and one or two resources; one statement in eight denies, one in six
// has a condition.
func (w *workload) statement() Statement {
	s := Statement{Effect: Allow}
	if w.random.IntN(8) == 0 {
		s.Effect = Deny
	}
	service := w.service()
	for range 1 + w.random.IntN(4) {
		s.Actions = append(s.Actions, Value{Text: w.action(service)})
	}
	for range 1 + w.random.IntN(2) {
		s.Resources = append(s.Resources, Value{Text: w.resource(service) + "*"})
	}
	if w.random.IntN(6) == 0 {
		s.Conditions = append(s.Conditions, w.condition())
	}
	return s
}

func (w *workload) action(s workloadService) string {
	kind := s.kinds[w.random.IntN(len(s.kinds))]
	switch w.random.IntN(5) {
	case 0:
		return s.name + ":" + kind + ":*"
	case 1:
		return s.name + ":*:get*"
	}
	return s.name + ":" + kind + ":" + workloadOperations()[w.random.IntN(len(workloadOperations()))]
}

// resource is a name without its end: the team that a resource belongs to stands first in its path.
func (w *workload) resource(s workloadService) string {
	region := []string{"cn-north-4", "cn-east-3", "ap-southeast-1", "local-1"}[w.random.IntN(4)]
	return fmt.Sprintf("%s:%s:0a1b2c3d4e5f:%s:team-%d/", s.name, region, s.kinds[w.random.IntN(len(s.kinds))], w.random.IntN(50))
}

func (w *workload) condition() Condition {
	switch w.random.IntN(3) {
	case 0:
		return Condition{Operator: "Bool", Key: "g:MFAPresent", Values: []Value{{Text: "true"}}}
	case 1:
		return Condition{Operator: "StringEquals", Key: "g:UserName", Values: []Value{{Text: "alice"}, {Text: "bob"}}}
	}
	return Condition{Operator: "IpAddress", Key: "g:SourceIp", Values: []Value{{Text: "10.0.0.0/8"}}}
}

// request is about something that one of the user's statements is about, and more often than not it is about all of it.
func (w *workload) request(sources []Source) *Request {
	d := sources[w.random.IntN(len(sources))].Document
	s := &d.Statements[w.random.IntN(len(d.Statements))]
	action := s.Actions[w.random.IntN(len(s.Actions))].Text
	if hasWildcard(action) {
		action = w.literal(action)
	}
	resource := s.Resources[w.random.IntN(len(s.Resources))].Text
	if w.random.IntN(2) == 0 {
		resource = w.resource(w.serviceOf(action)) + "*"
	}
	return &Request{
		Action:   action,
		Resource: fmt.Sprintf("%sresource-%d", resource[:len(resource)-1], w.random.IntN(1000)),
		Context: []Attribute{
			{Key: "g:CurrentTime", Values: []string{"2026-11-21T12:00:00Z"}},
			{Key: "g:UserName", Values: []string{[]string{"alice", "carol"}[w.random.IntN(2)]}},
			{Key: "g:MFAPresent", Values: []string{[]string{"true", "false"}[w.random.IntN(2)]}},
			{Key: "g:SourceIp", Values: []string{[]string{"10.1.2.3", "192.0.2.7"}[w.random.IntN(2)]}},
		},
	}
}

// literal is an action of the service that the pattern matches.
func (w *workload) literal(pattern string) string {
	s := w.serviceOf(pattern)
	for {
		kind := s.kinds[w.random.IntN(len(s.kinds))]
		action := s.name + ":" + kind + ":" + workloadOperations()[w.random.IntN(len(workloadOperations()))]
		if glob(foldText(pattern), foldText(action), false) {
			return action
		}
	}
}

type workloadService struct {
	name  string
	kinds []string
}

func (w *workload) service() workloadService {
	return workloadServices()[w.random.IntN(len(workloadServices()))]
}

func (w *workload) serviceOf(action string) workloadService {
	for _, s := range workloadServices() {
		if len(action) > len(s.name) && action[:len(s.name)+1] == s.name+":" {
			return s
		}
	}
	return workloadServices()[0]
}

// 8 services, 40 types, 10 operations each: 400 actions.
func workloadServices() []workloadService {
	return []workloadService{
		{"cce", []string{"cluster", "node", "nodepool", "addonInstance", "release", "storage", "quota", "job"}},
		{"ecs", []string{"cloudServers", "cloudServerFlavors", "servers", "serverGroups", "serverKeypairs"}},
		{"vpc", []string{"vpcs", "subnets", "ports", "securityGroups", "securityGroupRules", "publicIps", "bandwidths"}},
		{"evs", []string{"volumes", "snapshots", "backups", "types"}},
		{"elb", []string{"loadbalancers", "listeners", "pools", "members", "certificates"}},
		{"ims", []string{"images", "serverImages", "dataImages"}},
		{"swr", []string{"namespace", "repo", "tag", "trigger"}},
		{"iam", []string{"users", "groups", "roles", "agencies"}},
	}
}

func workloadOperations() []string {
	return []string{"get", "getDetail", "list", "create", "update", "delete", "start", "stop", "attach", "detach"}
}
