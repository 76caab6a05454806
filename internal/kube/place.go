package kube

import (
	"maps"
	"slices"
	"strings"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/policy"
)

// Place is a cluster with what every query about it begins with. It is never modified and safe for concurrent use.
type Place struct {
	cluster *pratique.Cluster
	project *pratique.Project
	account string
	dialect policy.Dialect
	before  string // of a resource name: up to the type, or up to the namespace in RAM
	after   string // behind the type, up to the namespace
	always  []policy.Attribute
}

// PlaceOf prepares the queries about a cluster.
func PlaceOf(s *pratique.Snapshot, c *pratique.Cluster) *Place {
	p := &Place{cluster: c, account: s.Account.ID, dialect: s.Dialect(c)}
	region := s.Rules().Regions[0]
	if project, ok := s.Projects.ID(c.Project); ok {
		p.project, region = project, project.Region
	}
	service, vendor := "cce:", "g:"
	if p.dialect == policy.RAM {
		service, vendor = "k8s:", "acs:"
	}
	b := escape([]byte(pick(p.dialect == policy.RAM, "acs:k8s:", "cce:")), region, false)
	b = escape(append(b, ':'), s.Account.ID, false)
	if p.dialect == policy.RAM {
		p.before = string(escape(append(b, ":cluster/"...), c.ID, false)) + "/namespace/"
	} else {
		p.before = string(b) + ":"
		p.after = string(escape([]byte(":"), c.ID, false)) + "/"
	}
	p.always = []policy.Attribute{
		{Key: service + "ClusterId", Values: []string{c.ID}},
		{Key: service + "ClusterName", Values: []string{c.Name}},
		{Key: service + "ClusterType", Values: []string{c.Type}},
	}
	p.always = appendTags(p.always, service+"ClusterTag/", c.Tags)
	p.always = appendTags(p.always, vendor+"ResourceTag/", c.Tags)
	return p
}

// Current reports whether the place still is what PlaceOf would make: objects of a snapshot never change in place.
func (p *Place) Current(s *pratique.Snapshot, c *pratique.Cluster) bool {
	project, _ := s.Projects.ID(c.Project)
	return p.cluster == c && p.project == project && p.account == s.Account.ID
}

// appendTags adds the tags of a cluster. Tags that differ in case alone are one condition key with several values.
func appendTags(list []policy.Attribute, prefix string, tags map[string]string) []policy.Attribute {
	first := len(list)
	for _, k := range slices.Sorted(maps.Keys(tags)) {
		same := func(a policy.Attribute) bool { return strings.EqualFold(a.Key[len(prefix):], k) }
		if at := slices.IndexFunc(list[first:], same); at >= 0 {
			list[first+at].Values = append(list[first+at].Values, tags[k])
			continue
		}
		list = append(list, policy.Attribute{Key: prefix + k, Values: []string{tags[k]}})
	}
	return list
}
