package rbacsync

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/pratique-iam/pratique/internal/cluster"
)

// Diff plans how to get from what is there to what should be. It is pure; the steps are in the order of their keys.
func Diff(clusterName string, desired []Object, live Live) Plan {
	plan := Plan{Cluster: clusterName, Steps: make([]Step, 0, len(desired))}
	wanted := make(map[Key]bool, len(desired))
	creates := map[Key]int{} // by namespace and permission: a step that may take the place of an old object
	for _, d := range desired {
		wanted[d.Key] = true
		step := live.step(d)
		if step.Verb == Create {
			creates[Key{d.Namespace, d.Permission}] = len(plan.Steps)
		}
		plan.Steps = append(plan.Steps, step)
	}
	for _, key := range slices.SortedFunc(maps.Keys(live.Bindings), Key.compare) {
		b := live.Bindings[key]
		if !b.Ours || wanted[key] {
			continue
		}
		permission := b.Meta.Labels[LabelPermission]
		at := Key{key.Namespace, permission}
		if i, ok := creates[at]; ok && b.Meta.Labels[cluster.LabelCluster] == plan.Steps[i].Cluster {
			delete(creates, at)
			plan.Steps[i].Verb, plan.Steps[i].Replaces, plan.Steps[i].live = Replace, key.Name, &b
			plan.Steps[i].Reason = "it gave " + b.RoleRef.Name
			continue
		}
		plan.Steps = append(plan.Steps, Step{
			Verb: Delete, live: &b, Reason: "no permission asks for it",
			Object: Object{Key: key, Permission: permission, ClusterRole: b.RoleRef.Name, Subject: first(b.Subjects)},
		})
	}
	slices.SortStableFunc(plan.Steps, func(a, b Step) int { return cmp.Or(a.compare(b.Key), cmp.Compare(a.Verb, b.Verb)) })
	return plan
}

// step compares one binding.
func (l *Live) step(d Object) Step {
	b, there := l.Bindings[d.Key]
	step := Step{Object: d, live: &b}
	switch {
	case there && !b.Ours:
		step.Verb, step.Reason, step.live = Conflict, "the object was not made by Pratique for this cluster; delete it, or add Pratique's labels", nil
	case there && b.RoleRef != d.roleRef():
		step.Verb, step.Replaces, step.Reason = Replace, d.Name, fmt.Sprintf("somebody made it give %s %s", b.RoleRef.Kind, b.RoleRef.Name)
	case there && !slices.Equal(b.Subjects, []rbacv1.Subject{d.Subject}):
		step.Verb, step.Reason = Update, "somebody changed its subjects"
	case there && !contains(b.Meta.Labels, d.labels()):
		step.Verb, step.Reason = Update, "somebody changed its labels"
	case there:
		step.Verb = Unchanged
	default:
		step.Verb, step.live = Create, nil
		l.wait(&step)
	}
	return step
}

// wait holds a step back that cannot be done, or should not: a binding to a role that is not there would give power to whoever may make
// that role.
func (l *Live) wait(step *Step) {
	alive, there := l.Namespaces[step.Namespace]
	switch {
	case step.Namespace != "" && !there:
		step.Verb, step.Reason = Waiting, "the namespace does not exist"
	case step.Namespace != "" && !alive:
		step.Verb, step.Reason = Waiting, "the namespace is being deleted"
	case !l.ClusterRoles[step.ClusterRole]:
		step.Verb, step.Reason = Waiting, fmt.Sprintf("the ClusterRole %s does not exist", step.ClusterRole)
	}
}

func contains(all, some map[string]string) bool {
	for k, v := range some {
		if got, ok := all[k]; !ok || got != v {
			return false
		}
	}
	return true
}

func first(subjects []rbacv1.Subject) rbacv1.Subject {
	if len(subjects) == 0 {
		return rbacv1.Subject{Kind: "nobody"}
	}
	return subjects[0]
}
