package api

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/internal/access"
	"github.com/pratique-iam/pratique/internal/audit"
	"github.com/pratique-iam/pratique/internal/cluster"
	"github.com/pratique-iam/pratique/internal/web"
)

type newClusterIn struct {
	Body apiv1.NewCluster `body:"changes"` // a kubeconfig may be large
}

// maxNodes is how many nodes a local cluster may simulate.
const maxNodes = 1000

// newCluster creates a local cluster or attaches one. Whoever does it is its creator.
func (a *API) newCluster(ctx context.Context, c Call, in newClusterIn) (created[apiv1.Cluster], error) {
	var none created[apiv1.Cluster]
	n := in.Body
	cl := pratique.Cluster{
		Meta: pratique.Meta{ID: pratique.At(a.Now()).NewID(pratique.KindCluster), Name: n.Name},
		Type: n.Type, Provisioner: pratique.ProvisionerLocal, Project: n.Project, EnterpriseProject: n.EnterpriseProject,
		Tags: n.Tags, Nodes: n.Nodes, Creator: access.PrincipalRef(c.Who),
	}
	var err error
	switch {
	case n.Billing != "" && n.Billing != "postpaid" && n.Billing != "prepaid":
		err = web.Invalid("billing is %q and must be postpaid or prepaid", short(n.Billing))
	case n.Nodes < 0 || n.Nodes > maxNodes:
		err = web.Invalid("nodes is %d and must be 0 to %d", n.Nodes, maxNodes)
	case n.Kubeconfig != "" && (n.Nodes != 0 || n.Billing != ""):
		err = web.Invalid("a cluster that is attached has its own nodes and is paid for elsewhere; leave nodes and billing out")
	case n.Kubeconfig == "" && n.Context != "":
		err = web.Invalid("context names one of a kubeconfig, and there is none")
	case n.Kubeconfig != "":
		cl.Provisioner = pratique.ProvisionerAttached
		cl.Server, cl.CA, cl.Sealed, err = a.sealed(c, cl.ID, n.Kubeconfig, n.Context)
	}
	if err != nil {
		return none, err
	}
	create := pratique.CreateCluster{Cluster: cl, Billing: n.Billing}
	if cl.Provisioner == pratique.ProvisionerLocal && !a.LocalClusters {
		if err := a.mayCreate(ctx, c, create); err != nil {
			return none, err
		}
		return none, &pratique.Error{
			Kind: pratique.ErrUnavailable, Message: "this server runs no clusters of its own",
			Hint: "attach one that runs elsewhere with pratique cluster attach, or start the server with --kube-dir",
		}
	}
	addons, err := a.dependencies(ctx, c, &cl, n.Addons)
	if err != nil {
		return none, err
	}
	result, err := a.Gate.Apply(ctx, a.intent(c, audit.ClusterChanged, a.with(create, addons)))
	if err != nil {
		return none, err
	}
	made, ok := result.Snapshot.Clusters.ID(cl.ID)
	if !ok {
		return none, fmt.Errorf("cluster %s is not there after it was created", cl.ID)
	}
	c.Snapshot = result.Snapshot
	out := a.view(c, made)
	operation, verb := "cluster.create", "create"
	if made.Provisioner == pratique.ProvisionerAttached {
		operation, verb = "cluster.attach", "attach"
		a.warnOfRights(ctx, c, made, &out)
	}
	if addons != nil {
		out.Job = a.createWith(ctx, c, made, addons).ID
		return created[apiv1.Cluster]{out}, nil
	}
	out.Job = a.watchCluster(ctx, c, made, operation, verb, a.reaches(c.Who.Account, made, cluster.PhaseRunning)).ID
	return created[apiv1.Cluster]{out}, nil
}

// warnOfRights tells whoever has just given a credential what it lacks, while they still have the cluster's administration at hand. It is no error:
// the cluster is attached, its rights may come later, and cluster.get shows what is missing until they do.
func (a *API) warnOfRights(ctx context.Context, c Call, cl *pratique.Cluster, out *apiv1.Cluster) {
	if a.Clusters == nil {
		return
	}
	found := []string{"what the credential may do cannot be found out"}
	if conn, err := a.Clusters.Connect(c.Snapshot, cl); err == nil {
		found = cluster.CheckRights(ctx, conn, c.Snapshot, cl)
	}
	for _, warning := range found {
		if !slices.Contains(out.Status.Warnings, warning) {
			out.Status.Warnings = append(slices.Clip(out.Status.Warnings), warning) // those of the status are the Manager's
		}
	}
}

// mayCreate decides without creating, so that nobody learns what the server can do before they may ask for it.
func (a *API) mayCreate(ctx context.Context, c Call, change pratique.Change) error {
	intent := a.intent(c, audit.ClusterChanged, change)
	intent.DryRun = true
	_, err := a.Gate.Apply(ctx, intent)
	return err
}

func (a *API) intent(c Call, event audit.Event, changes ...pratique.Change) access.Intent {
	return access.Intent{Who: c.Who, Event: event, Source: c.Source, Request: c.Request, Changes: changes}
}

// sealed takes a kubeconfig apart: the address and the authority in the clear, the credential sealed to the cluster.
func (a *API) sealed(c Call, clusterID, kubeconfig, kubeContext string) (server string, ca, sealed []byte, err error) {
	way, err := cluster.ParseKubeconfig([]byte(kubeconfig), kubeContext)
	if err != nil {
		return "", nil, nil, err
	}
	secret, err := way.Secret()
	if err != nil {
		return "", nil, nil, fmt.Errorf("write the credential of cluster %s: %w", clusterID, err)
	}
	if sealed, err = a.Sealer.Seal(secret, cluster.SealPath(c.Who.Account, clusterID)); err != nil {
		return "", nil, nil, fmt.Errorf("seal the credential of cluster %s: %w", clusterID, err)
	}
	return way.Server, way.CA, sealed, nil
}

type patchClusterIn struct {
	nameIn
	Body apiv1.ClusterPatch `body:"changes"`
}

// patchCluster changes what is set, all of it or nothing. Shadow is a matter of cluster.connect, the rest of cluster.update.
func (a *API) patchCluster(ctx context.Context, c Call, in patchClusterIn) (apiv1.Cluster, error) {
	id, old := in.identify(c)
	p := in.Body
	var changes []pratique.Change
	if p.Kubeconfig != nil {
		if old != nil && old.Provisioner != pratique.ProvisionerAttached && a.mayOn(c, old, "cluster.update") {
			return apiv1.Cluster{}, &pratique.Error{
				Kind: pratique.ErrConflict, Message: fmt.Sprintf("cluster %q runs on this server, which knows its way in", old.Name),
			}
		}
		server, ca, sealed, err := a.sealed(c, id, *p.Kubeconfig, p.Context)
		if err != nil {
			return apiv1.Cluster{}, err
		}
		changes = append(changes, pratique.ClusterUpdate{Name: id, Server: &server, CA: &ca, Sealed: &sealed})
	} else if p.Context != "" {
		return apiv1.Cluster{}, web.Invalid("context names one of a kubeconfig, and there is none")
	}
	if p.Shadow != nil {
		changes = append(changes, pratique.ClusterUpdate{Name: id, Shadow: p.Shadow})
	}
	if p.Name != nil || p.Tags != nil {
		changes = append(changes, pratique.ClusterUpdate{Name: id, Rename: p.Name, Tags: p.Tags})
	}
	if len(changes) == 0 {
		return apiv1.Cluster{}, web.Invalid("nothing is set that should change")
	}
	c, cl, err := a.changed(ctx, c, in.Name, "cluster.update", changes...)
	if err != nil {
		return apiv1.Cluster{}, err
	}
	out := a.view(c, cl)
	if p.Kubeconfig != nil {
		a.warnOfRights(ctx, c, cl, &out)
	}
	return out, nil
}

// identify is the id of the cluster that the path names, or the name when there is none, so that a change of it is refused by the Gate.
func (in nameIn) identify(c Call) (id string, cl *pratique.Cluster) {
	cl, ok := c.Snapshot.Clusters.Find(in.Name)
	if !ok {
		return in.Name, nil
	}
	return cl.ID, cl
}

// change is changed, and shows the cluster as it is then.
func (a *API) change(ctx context.Context, c Call, name, operation string, changes ...pratique.Change) (apiv1.Cluster, error) {
	c, cl, err := a.changed(ctx, c, name, operation, changes...)
	if err != nil {
		return apiv1.Cluster{}, err
	}
	return a.view(c, cl), nil
}

// changed puts changes of one cluster through the Gate, which records a refusal; who may not see the cluster does not hear of it. The call goes on
// with the snapshot that the changes have made.
func (a *API) changed(ctx context.Context, c Call, name, operation string, changes ...pratique.Change) (Call, *pratique.Cluster, error) {
	result, err := a.Gate.Apply(ctx, a.intent(c, audit.ClusterChanged, changes...))
	if err != nil {
		return c, nil, a.bluntCluster(c, name, operation, err)
	}
	id, _ := nameIn{name}.identify(c)
	cl, ok := result.Snapshot.Clusters.ID(id)
	if !ok {
		return c, nil, fmt.Errorf("cluster %s is not there after it was changed", id)
	}
	c.Snapshot = result.Snapshot
	return c, cl, nil
}

// bluntCluster keeps an error about a cluster from telling what exists to those who may not see it.
func (a *API) bluntCluster(c Call, name, operation string, err error) error {
	if !errors.Is(err, pratique.ErrDenied) && !errors.Is(err, pratique.ErrNotFound) {
		return err
	}
	cl, ok := c.Snapshot.Clusters.Find(name)
	if ok && (a.mayOn(c, cl, "cluster.get") || a.almost(c, cl, cl.Need(operation))) {
		return unsupported(err, cl)
	}
	if _, refusal := a.cluster(c, name, operation); refusal != nil {
		return refusal
	}
	return err
}

func (a *API) startCluster(ctx context.Context, c Call, in nameIn) (apiv1.Cluster, error) {
	return a.hibernate(ctx, c, in, "cluster.start", false)
}

func (a *API) stopCluster(ctx context.Context, c Call, in nameIn) (apiv1.Cluster, error) {
	return a.hibernate(ctx, c, in, "cluster.stop", true)
}

// hibernate stops or wakes the control plane of a cluster. Only where Pratique runs it: to say that an attached one is stopped would be a
// lie.
func (a *API) hibernate(ctx context.Context, c Call, in nameIn, operation string, stopped bool) (apiv1.Cluster, error) {
	id, cl := in.identify(c)
	if cl != nil && cl.Provisioner == pratique.ProvisionerAttached && a.mayOn(c, cl, operation) {
		return apiv1.Cluster{}, &pratique.Error{
			Kind: pratique.ErrConflict, Message: fmt.Sprintf("cluster %q is attached: somebody else runs its control plane", cl.Name),
			Hint: "stop and start it where it was made",
		}
	}
	c, cl, err := a.changed(ctx, c, in.Name, operation, pratique.ClusterUpdate{Name: id, Stopped: &stopped})
	if err != nil {
		return apiv1.Cluster{}, err
	}
	verb, want := "start", cluster.PhaseRunning
	if stopped {
		verb, want = "stop", cluster.PhaseStopped
	}
	out := a.view(c, cl)
	out.Job = a.watchCluster(ctx, c, cl, operation, verb, a.reaches(c.Who.Account, cl, want)).ID
	return out, nil
}

// deleteCluster takes a cluster out of the directory at once; the answer is the job that watches what is left of it go.
func (a *API) deleteCluster(ctx context.Context, c Call, in nameIn) (accepted[apiv1.Job], error) {
	var none accepted[apiv1.Job]
	id, cl := in.identify(c)
	if _, err := a.Gate.Apply(ctx, a.intent(c, audit.ClusterChanged, pratique.DeleteCluster{Name: id})); err != nil {
		return none, a.bluntCluster(c, in.Name, "cluster.delete", err)
	}
	if cl == nil { // it came and went between the request and the change
		return none, nil
	}
	return accepted[apiv1.Job]{jobView(a.watchCluster(ctx, c, cl, "cluster.delete", "delete", a.goes(cl)))}, nil
}
