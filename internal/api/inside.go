package api

import (
	"errors"
	"slices"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/catalog"
	"github.com/pratique-iam/pratique/internal/access"
	"github.com/pratique-iam/pratique/internal/cluster"
)

// mayInside finds a cluster for somebody who may do an operation on something in it, as cluster does for the cluster itself. The operation alone
// counts: whoever may delete nodes of a cluster need not be shown its settings. fill says on what, and may be nil.
func (a *API) mayInside(c Call, name, operation string, fill func(*pratique.Need)) (*pratique.Cluster, error) {
	cl, ok := c.Snapshot.Clusters.Find(name)
	if !ok {
		_, err := a.cluster(c, name, operation)
		return nil, err
	}
	need := cl.Need(operation)
	if fill != nil {
		fill(&need)
	}
	err := a.Gate.May(c.Snapshot, c.Who, need, c.Source)
	switch {
	case err == nil:
		return cl, nil
	case a.mayOn(c, cl, "cluster.get") || a.almost(c, cl, need):
		return nil, unsupported(err, cl)
	}
	if err := a.nowhere(c, name, operation); err != nil {
		return nil, err
	}
	return nil, invisible(name)
}

// almost reports whether only the type of the cluster, or the right to pay, stands against an operation: with another cluster of the same provider,
// or paid by use, the caller would be allowed. They may then know what the matter is.
func (a *API) almost(c Call, cl *pratique.Cluster, need pratique.Need) bool {
	need.Billing = ""
	rows := c.Snapshot.Rules().Catalog
	if op, ok := rows.Operation(need.Operation); ok && !catalog.Supported(op, cl.Type) {
		at := slices.IndexFunc(rows.ClusterTypes, func(t catalog.ClusterType) bool {
			return t.Dialect == c.Snapshot.Dialect(cl) && catalog.Supported(op, t.Name)
		})
		if at < 0 {
			return false
		}
		need.ClusterType = rows.ClusterTypes[at].Name
	}
	return a.Gate.May(c.Snapshot, c.Who, need, c.Source) == nil
}

// named says on which thing in a cluster an operation is done.
func named(name string) func(*pratique.Need) {
	return func(n *pratique.Need) { n.Vars["name"] = name }
}

// reach is the way into a cluster that mayInside has found.
func (a *API) reach(c Call, cl *pratique.Cluster) (*cluster.Conn, error) {
	if a.Clusters == nil {
		return nil, without("access to clusters")
	}
	return a.Clusters.Connect(c.Snapshot, cl)
}

// bluntInside keeps an error about something in a cluster from telling what exists to those who may not know it.
func (a *API) bluntInside(c Call, name, operation string, fill func(*pratique.Need), err error) error {
	if _, denied := errors.AsType[*access.DeniedError](err); !denied && !errors.Is(err, pratique.ErrNotFound) {
		return err
	}
	if _, refusal := a.mayInside(c, name, operation, fill); refusal != nil {
		return refusal
	}
	return err
}
