package api

import (
	"context"
	"fmt"
	"regexp"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/internal/cluster/local"
	"github.com/pratique-iam/pratique/internal/web"
)

type upgradeClusterIn struct {
	nameIn
	Body apiv1.UpgradeCluster `body:""`
}

var kubernetesVersion = regexp.MustCompile(`^v?[0-9]{1,2}\.[0-9]{1,3}(\.[0-9]{1,3})?$`)

// upgradeCluster says why no cluster can be upgraded here, to whoever would be allowed to: neither way in which Pratique knows clusters lets
// it change their version. Nothing is changed, and nothing is pretended.
func (a *API) upgradeCluster(_ context.Context, c Call, in upgradeClusterIn) (apiv1.Cluster, error) {
	if !kubernetesVersion.MatchString(in.Body.Version) {
		return apiv1.Cluster{}, web.Invalid("version is %q and must be one of Kubernetes, such as v1.36.3", short(in.Body.Version))
	}
	cl := c.Cluster
	refusal := &pratique.Error{
		Kind: pratique.ErrConflict, Message: fmt.Sprintf("cluster %q is attached: somebody else runs its control plane, and its version is theirs to change", cl.Name),
		Hint: "upgrade it where it was made; nothing was changed here",
	}
	if cl.Provisioner == pratique.ProvisionerLocal {
		version := local.KubernetesVersion
		if seen := a.status(cl).Version; seen != "" {
			version = seen
		}
		refusal.Message = fmt.Sprintf("cluster %q runs Kubernetes %s, the only version that this server has programs of; it was not upgraded to %s",
			cl.Name, version, in.Body.Version)
		refusal.Hint = "a server that is started with other programs of Kubernetes, by --kube-dir, runs its clusters with those; nothing was changed"
	}
	return apiv1.Cluster{}, refusal
}
