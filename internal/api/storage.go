package api

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/internal/web"
)

func (a *API) storageRoutes() []Route {
	const all = "/v1/clusters/{name}/storage"
	return []Route{
		{http.MethodGet, all, "gate: storage.list", "List persistent volumes and claims", signedIn(a.storage)},
		{http.MethodPost, all, "gate: storage.create", "Create a persistent volume or a claim", signedIn(a.newStorage)},
		{http.MethodDelete, all + "/{kind}/{object}", "gate: storage.delete", "Delete a persistent volume or a claim", signedIn(a.deleteStorage)},
	}
}

type storageIn struct {
	nameIn
	Namespace string `query:"namespace" doc:"only claims in this namespace; empty: everything"`
}

type newStorageIn struct {
	nameIn
	Body apiv1.NewStorage `body:""`
}

type oneStorageIn struct {
	nameIn
	Kind      string `path:"kind" doc:"volume or claim"`
	Object    string `path:"object" doc:"name of the volume or claim"`
	Namespace string `query:"namespace" doc:"of a claim; empty: default"`
}

// storedIn says on which volume or claim an operation is done. Volumes are in no namespace.
func storedIn(namespace, name string) func(*pratique.Need) {
	return func(n *pratique.Need) { n.Vars["namespace"], n.Vars["name"] = namespace, name }
}

// storage lists by Pratique's own credential: the cluster permission is what counts here, not what somebody may do inside.
func (a *API) storage(ctx context.Context, c Call, in storageIn) (apiv1.List[apiv1.Storage], error) {
	out := apiv1.List[apiv1.Storage]{Items: []apiv1.Storage{}, Revision: c.Snapshot.Generation}
	cl, err := a.mayInside(c, in.Name, "storage.list", storedIn(in.Namespace, ""))
	if err != nil {
		return out, err
	}
	conn, err := a.reach(c, cl)
	if err != nil {
		return out, err
	}
	core := conn.Client.CoreV1()
	if in.Namespace == "" {
		volumes, err := core.PersistentVolumes().List(ctx, metav1.ListOptions{})
		if err != nil {
			return out, inside(cl, err)
		}
		for i := range volumes.Items {
			out.Items = append(out.Items, volumeView(&volumes.Items[i]))
		}
	}
	claims, err := core.PersistentVolumeClaims(in.Namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return out, inside(cl, err)
	}
	for i := range claims.Items {
		out.Items = append(out.Items, claimView(&claims.Items[i]))
	}
	return out, nil
}

// newStorage creates a claim, or a volume. The record is kept before the cluster is touched.
func (a *API) newStorage(ctx context.Context, c Call, in newStorageIn) (created[apiv1.Storage], error) {
	var none created[apiv1.Storage]
	n := in.Body
	if n.Kind == apiv1.StorageClaim && n.Namespace == "" {
		n.Namespace = metav1.NamespaceDefault
	}
	cl, err := a.mayInside(c, in.Name, "storage.create", storedIn(n.Namespace, n.Name))
	if err != nil {
		return none, err
	}
	volume, claim, err := storageObjects(n)
	if err != nil {
		return none, err
	}
	conn, err := a.reach(c, cl)
	if err != nil {
		return none, err
	}
	if err := a.recordNode(ctx, c, fmt.Sprintf("create %s in cluster %s", storageText(n.Kind, n.Namespace, n.Name), cl.Name)); err != nil {
		return none, err
	}
	options := metav1.CreateOptions{FieldManager: "pratique"}
	if volume != nil {
		v, err := conn.Client.CoreV1().PersistentVolumes().Create(ctx, volume, options)
		if err != nil {
			return none, inside(cl, err)
		}
		return created[apiv1.Storage]{volumeView(v)}, nil
	}
	p, err := conn.Client.CoreV1().PersistentVolumeClaims(n.Namespace).Create(ctx, claim, options)
	if err != nil {
		return none, inside(cl, err)
	}
	return created[apiv1.Storage]{claimView(p)}, nil
}

// deleteStorage deletes one. Kubernetes itself keeps what is in use until it is not any more.
func (a *API) deleteStorage(ctx context.Context, c Call, in oneStorageIn) (done, error) {
	if in.Kind == apiv1.StorageClaim && in.Namespace == "" {
		in.Namespace = metav1.NamespaceDefault
	}
	cl, err := a.mayInside(c, in.Name, "storage.delete", storedIn(in.Namespace, in.Object))
	if err != nil {
		return done{}, err
	}
	conn, err := a.reach(c, cl)
	if err != nil {
		return done{}, err
	}
	core := conn.Client.CoreV1()
	var remove func() error
	switch {
	case in.Kind == apiv1.StorageVolume && in.Namespace != "":
		return done{}, web.Invalid("a volume is in no namespace")
	case in.Kind == apiv1.StorageVolume:
		_, err = core.PersistentVolumes().Get(ctx, in.Object, metav1.GetOptions{})
		remove = func() error { return core.PersistentVolumes().Delete(ctx, in.Object, metav1.DeleteOptions{}) }
	case in.Kind == apiv1.StorageClaim:
		_, err = core.PersistentVolumeClaims(in.Namespace).Get(ctx, in.Object, metav1.GetOptions{})
		remove = func() error {
			return core.PersistentVolumeClaims(in.Namespace).Delete(ctx, in.Object, metav1.DeleteOptions{})
		}
	default:
		return done{}, web.Invalid("kind %q is neither volume nor claim", short(in.Kind))
	}
	if err != nil {
		return done{}, inside(cl, err)
	}
	if err := a.recordNode(ctx, c, fmt.Sprintf("delete %s of cluster %s", storageText(in.Kind, in.Namespace, in.Object), cl.Name)); err != nil {
		return done{}, err
	}
	if err := remove(); err != nil {
		return done{}, inside(cl, err)
	}
	return done{}, nil
}

func storageText(kind, namespace, name string) string {
	if namespace != "" {
		name = namespace + "/" + name
	}
	return kind + " " + short(name)
}

func volumeView(v *corev1.PersistentVolume) apiv1.Storage {
	out := apiv1.Storage{
		Kind: apiv1.StorageVolume, Name: v.Name, Size: v.Spec.Capacity.Storage().String(), Class: v.Spec.StorageClassName,
		AccessMode: modesText(v.Spec.AccessModes), Phase: string(v.Status.Phase), Source: sourceText(&v.Spec), Created: v.CreationTimestamp.Time,
	}
	if out.Phase == "" {
		out.Phase = string(corev1.VolumePending)
	}
	if r := v.Spec.ClaimRef; r != nil {
		out.Bound = r.Namespace + "/" + r.Name
	}
	return out
}

func claimView(p *corev1.PersistentVolumeClaim) apiv1.Storage {
	out := apiv1.Storage{
		Kind: apiv1.StorageClaim, Namespace: p.Namespace, Name: p.Name, Size: p.Spec.Resources.Requests.Storage().String(),
		AccessMode: modesText(p.Spec.AccessModes), Phase: string(p.Status.Phase), Bound: p.Spec.VolumeName, Created: p.CreationTimestamp.Time,
	}
	if p.Spec.StorageClassName != nil {
		out.Class = *p.Spec.StorageClassName
	}
	return out
}

func modesText(modes []corev1.PersistentVolumeAccessMode) string {
	var out []string
	for _, m := range modes {
		out = append(out, string(m))
	}
	slices.Sort(out)
	return strings.Join(out, ",")
}

// sourceText says what kind of storage is behind a volume, and which where that is no secret of a node.
func sourceText(v *corev1.PersistentVolumeSpec) string {
	switch {
	case v.CSI != nil:
		return "csi " + v.CSI.Driver
	case v.NFS != nil:
		return "nfs " + v.NFS.Server
	case v.Local != nil:
		return "local"
	case v.HostPath != nil:
		return "hostPath"
	default:
		return "other"
	}
}
