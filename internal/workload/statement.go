package workload

import (
	"fmt"
	"path"
	"strings"

	"github.com/pratique-iam/pratique/policy"
)

// statement has one to four action patterns, three in five of them literal, and one or two resources; one statement in eight denies, one in six
// has a condition.
func (w *Workload) statement() policy.Statement {
	s := policy.Statement{Effect: policy.Allow}
	if w.random.IntN(8) == 0 {
		s.Effect = policy.Deny
	}
	of := services()[w.random.IntN(len(services()))]
	for range 1 + w.random.IntN(4) {
		s.Actions = append(s.Actions, policy.Value{Text: w.action(of)})
	}
	for range 1 + w.random.IntN(2) {
		s.Resources = append(s.Resources, policy.Value{Text: w.resource(of) + "*"})
	}
	if w.random.IntN(6) == 0 {
		s.Conditions = append(s.Conditions, w.condition())
	}
	return s
}

func (w *Workload) action(s service) string {
	kind := s.kinds[w.random.IntN(len(s.kinds))]
	switch w.random.IntN(5) {
	case 0:
		return s.name + ":" + kind + ":*"
	case 1:
		return s.name + ":*:get*"
	}
	return s.name + ":" + kind + ":" + w.operation()
}

// resource is a name without its end: the team that a resource belongs to stands first in its path.
func (w *Workload) resource(s service) string {
	region := []string{"cn-north-4", "cn-east-3", "ap-southeast-1", "local-1"}[w.random.IntN(4)]
	return fmt.Sprintf("%s:%s:0a1b2c3d4e5f:%s:team-%d/", s.name, region, s.kinds[w.random.IntN(len(s.kinds))], w.random.IntN(50))
}

func (w *Workload) condition() policy.Condition {
	switch w.random.IntN(3) {
	case 0:
		return policy.Condition{Operator: "Bool", Key: "g:MFAPresent", Values: []policy.Value{{Text: "true"}}}
	case 1:
		return policy.Condition{Operator: "StringEquals", Key: "g:UserName", Values: []policy.Value{{Text: "alice"}, {Text: "bob"}}}
	}
	return policy.Condition{Operator: "IpAddress", Key: "g:SourceIp", Values: []policy.Value{{Text: "10.0.0.0/8"}}}
}

// request is about something that one of the user's statements is about, and more often than not it is about all of it.
func (w *Workload) request(sources []policy.Source) *policy.Request {
	d := sources[w.random.IntN(len(sources))].Document
	s := &d.Statements[w.random.IntN(len(d.Statements))]
	action := s.Actions[w.random.IntN(len(s.Actions))].Text
	if strings.Contains(action, "*") {
		action = w.literal(action)
	}
	resource := s.Resources[w.random.IntN(len(s.Resources))].Text
	if w.random.IntN(2) == 0 {
		resource = w.resource(serviceOf(action)) + "*"
	}
	return &policy.Request{
		Action:   action,
		Resource: fmt.Sprintf("%sresource-%d", resource[:len(resource)-1], w.random.IntN(1000)),
		Context: []policy.Attribute{
			{Key: "g:CurrentTime", Values: []string{"2026-11-21T12:00:00Z"}},
			{Key: "g:UserName", Values: []string{[]string{"alice", "carol"}[w.random.IntN(2)]}},
			{Key: "g:MFAPresent", Values: []string{[]string{"true", "false"}[w.random.IntN(2)]}},
			{Key: "g:SourceIp", Values: []string{[]string{"10.1.2.3", "192.0.2.7"}[w.random.IntN(2)]}},
		},
	}
}

// literal is an action of the service that the pattern matches.
func (w *Workload) literal(pattern string) string {
	s := serviceOf(pattern)
	for {
		action := s.name + ":" + s.kinds[w.random.IntN(len(s.kinds))] + ":" + w.operation()
		if ok, err := path.Match(pattern, action); ok && err == nil { // there is no '/' in actions, so path.Match means the same by '*'
			return action
		}
	}
}

func (w *Workload) operation() string {
	operations := []string{"get", "getDetail", "list", "create", "update", "delete", "start", "stop", "attach", "detach"}
	return operations[w.random.IntN(len(operations))]
}

type service struct {
	name  string
	kinds []string
}

// services are 8 with 40 types and 10 operations each: 400 actions. All are services of a project, so that one policy may name several.
func services() []service {
	return []service{
		{"cce", []string{"cluster", "node", "nodepool", "addonInstance", "release", "storage", "quota", "job"}},
		{"ecs", []string{"cloudServers", "cloudServerFlavors", "servers", "serverGroups", "serverKeypairs"}},
		{"vpc", []string{"vpcs", "subnets", "ports", "securityGroups", "securityGroupRules", "publicIps", "bandwidths"}},
		{"evs", []string{"volumes", "snapshots", "backups", "types"}},
		{"elb", []string{"loadbalancers", "listeners", "pools", "members", "certificates"}},
		{"ims", []string{"images", "serverImages", "dataImages"}},
		{"swr", []string{"namespace", "repo", "tag", "trigger"}},
		{"bms", []string{"servers", "flavors", "keypairs", "volumes"}},
	}
}

func serviceOf(action string) service {
	name, _, _ := strings.Cut(action, ":")
	for _, s := range services() {
		if s.name == name {
			return s
		}
	}
	return service{}
}
