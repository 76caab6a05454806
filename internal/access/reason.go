package access

import (
	"fmt"
	"strings"

	"github.com/pratique-iam/pratique/policy"
)

// Reason is the decision in a sentence for people.
func (d *Decision) Reason() string {
	switch d.Cause {
	case Nobody:
		return "there is no such principal, or it is disabled"
	case UnknownThing:
		return "no operation has this name: actions look like cce:cluster:create (Huawei) or cs:CreateCluster (RAM)"
	case Unsupported:
		return fmt.Sprintf("clusters of this type do not support %s", d.operation.ID)
	case Root:
		return "the root identity of the account is never restricted"
	case Service:
		return fmt.Sprintf("policies allow it, but the service %s: %s", d.unmet, d.operation.Requires.Reason)
	case Refused:
		return d.unmet
	case Policy, Implicit:
	}
	w := &d.walks[d.decisive]
	if d.Effect == policy.Undecided {
		return d.implicit()
	}
	verb := "allowed"
	if d.Effect == policy.Deny {
		verb = "denied"
	}
	src, ok := w.source()
	if !ok {
		return verb
	}
	return fmt.Sprintf("%s by statement %d of policy %q %s, granted by %s on %s",
		verb, w.decision.Statement+1, src.Policy, src.Version, src.Grant, src.Scope)
}

func (d *Decision) implicit() string {
	w := &d.walks[d.decisive]
	on, resource, end := " on ", w.resources[w.resource], ""
	if resource == "" || resource == "*" || strings.HasSuffix(resource, ":") || strings.HasSuffix(resource, "/") {
		on, resource = "", ""
	}
	if d.Narrowed() {
		end = "; the policy of the session must allow it as well"
	}
	return "no statement in force allows " + d.names(" or ") + on + resource + end
}

// source is the policy that decided.
func (w *walkResult) source() (policy.Source, bool) {
	dec := w.decision
	if dec.Tier < 0 || dec.Tier >= len(w.chain) || dec.Set < 0 || dec.Source < 0 {
		return policy.Source{}, false
	}
	return w.chain[dec.Tier].Sets[dec.Set].Sources()[dec.Source], true
}

func (d *Decision) names(between string) string {
	if d.n == 1 {
		return d.walks[0].action
	}
	var names []string
	for i := range d.n {
		names = append(names, d.walks[i].action)
	}
	return strings.Join(names, between)
}

// actions names what was asked, in every dialect that was walked.
func (d *Decision) actions() string {
	names := d.names(" / ")
	if names == "" && d.operation != nil {
		return d.operation.ID
	}
	return names
}

// resource is the name that the settling walk asked about.
func (d *Decision) resource() string {
	if d.n == 0 {
		return ""
	}
	w := &d.walks[d.decisive]
	return w.resources[w.resource]
}

// Action names what was asked: the action of the walk that settled it.
func (d *Decision) Action() string {
	if d.n == 0 {
		return d.actions()
	}
	return d.walks[d.decisive].action
}

// Resource is the full name of the resource that the answer is about.
func (d *Decision) Resource() string { return d.resource() }
