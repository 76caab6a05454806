package pratique

import (
	"maps"
	"slices"
)

// TagCluster puts tags on a cluster and takes others off. Both are operations of their own: policies can name tags, so that whoever changes
// them may change what those policies allow.
type TagCluster struct {
	Name   string // of the cluster, or its id
	Set    map[string]string
	Remove []string // keys; one that is not there is gone already
}

func (c TagCluster) apply(e *editor) error {
	old, ok := e.Clusters.Find(c.Name)
	for _, operation := range c.operations() {
		if ok {
			e.needOnCluster(operation, old)
		} else {
			e.need(operation, "cluster", c.Name, "name", c.Name)
		}
	}
	switch {
	case !ok:
		return notFound(KindCluster, c.Name)
	case len(c.Set)+len(c.Remove) == 0:
		return invalid("no tag is named that should change")
	}
	for _, key := range c.Remove {
		if _, both := c.Set[key]; both {
			return invalid("the tag %q cannot be set and taken off at once", key)
		}
	}
	n := *old
	n.Tags = maps.Clone(old.Tags)
	if n.Tags == nil {
		n.Tags = map[string]string{}
	}
	maps.Copy(n.Tags, c.Set)
	for _, key := range c.Remove {
		delete(n.Tags, key)
	}
	if err := e.checkCluster(&n); err != nil {
		return err
	}
	fields := diff(old.view(), n.view())
	if len(fields) == 0 {
		e.write(Unchanged, old, nil)
		return nil
	}
	e.stamp(&n.Meta, &old.Meta, KindCluster)
	e.Clusters.set(&n)
	e.write(Update, &n, fields)
	return nil
}

// operations are those that the change needs; a change of nothing needs the lesser right, so that it is refused like any other.
func (c TagCluster) operations() []string {
	var out []string
	if len(c.Set) > 0 || len(c.Remove) == 0 {
		out = append(out, "tag.create")
	}
	if len(c.Remove) > 0 {
		out = append(out, "tag.delete")
	}
	return slices.Clip(out)
}
