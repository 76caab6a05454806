package api

import (
	"path"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	quantity "k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/internal/web"
)

// storageObjects makes the object of Kubernetes that a request means: one of the two. Volumes are of two kinds only. What reaches into the nodes
// (hostPath, local) would make of whoever may create volumes an administrator of the nodes, and is refused.
func storageObjects(n apiv1.NewStorage) (*corev1.PersistentVolume, *corev1.PersistentVolumeClaim, error) {
	if len(validation.IsDNS1123Subdomain(n.Name)) > 0 {
		return nil, nil, web.Invalid("%q is no name of a volume or claim: use lower-case letters, digits, '-' and '.'", short(n.Name))
	}
	if n.Class != "" && len(validation.IsDNS1123Subdomain(n.Class)) > 0 {
		return nil, nil, web.Invalid("%q is no name of a storage class", short(n.Class))
	}
	size, err := quantity.ParseQuantity(n.Size)
	if err != nil || size.Sign() <= 0 {
		return nil, nil, web.Invalid("size %q is no amount of storage; write 10Gi", short(n.Size))
	}
	mode, err := accessMode(n.AccessMode)
	if err != nil {
		return nil, nil, err
	}
	amount := corev1.ResourceList{corev1.ResourceStorage: size}
	switch n.Kind {
	case apiv1.StorageClaim:
		if n.CSI != nil || n.NFS != nil {
			return nil, nil, web.Invalid("a claim asks for storage of a class; csi and nfs are for volumes")
		}
		if len(validation.IsDNS1123Label(n.Namespace)) > 0 {
			return nil, nil, web.Invalid("%q is no name of a namespace", short(n.Namespace))
		}
		claim := &corev1.PersistentVolumeClaim{
			ObjectMeta: metav1.ObjectMeta{Name: n.Name, Namespace: n.Namespace},
			Spec:       corev1.PersistentVolumeClaimSpec{AccessModes: mode, Resources: corev1.VolumeResourceRequirements{Requests: amount}},
		}
		if n.Class != "" {
			claim.Spec.StorageClassName = &n.Class
		}
		return nil, claim, nil
	case apiv1.StorageVolume:
		if n.Namespace != "" {
			return nil, nil, web.Invalid("a volume is in no namespace")
		}
		source, err := volumeSource(n)
		if err != nil {
			return nil, nil, err
		}
		return &corev1.PersistentVolume{
			ObjectMeta: metav1.ObjectMeta{Name: n.Name},
			Spec: corev1.PersistentVolumeSpec{
				AccessModes: mode, Capacity: amount, StorageClassName: n.Class, PersistentVolumeSource: source,
				PersistentVolumeReclaimPolicy: corev1.PersistentVolumeReclaimRetain, // what somebody else made is not ours to erase
			},
		}, nil, nil
	default:
		return nil, nil, web.Invalid("kind %q is neither volume nor claim", short(n.Kind))
	}
}

func volumeSource(n apiv1.NewStorage) (corev1.PersistentVolumeSource, error) {
	var none corev1.PersistentVolumeSource
	switch {
	case (n.CSI == nil) == (n.NFS == nil):
		err := web.Invalid("a volume needs exactly one of csi and nfs")
		err.Hint = "volumes on the disks of nodes (hostPath, local) are refused: they reach into the nodes"
		return none, err
	case n.CSI != nil:
		if len(validation.IsDNS1123Subdomain(n.CSI.Driver)) > 0 || n.CSI.Handle == "" || len(n.CSI.Handle) > 512 {
			return none, web.Invalid("csi needs driver, which is a domain name, and handle")
		}
		return corev1.PersistentVolumeSource{CSI: &corev1.CSIPersistentVolumeSource{Driver: n.CSI.Driver, VolumeHandle: n.CSI.Handle}}, nil
	default:
		if n.NFS.Server == "" || strings.ContainsAny(n.NFS.Server, " /,") || !path.IsAbs(n.NFS.Path) || path.Clean(n.NFS.Path) != n.NFS.Path {
			return none, web.Invalid("nfs needs server, a host, and path, which begins with / and has no . or .. in it")
		}
		return corev1.PersistentVolumeSource{NFS: &corev1.NFSVolumeSource{Server: n.NFS.Server, Path: n.NFS.Path}}, nil
	}
}

func accessMode(mode string) ([]corev1.PersistentVolumeAccessMode, error) {
	if mode == "" {
		return []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce}, nil
	}
	known := []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce, corev1.ReadOnlyMany, corev1.ReadWriteMany, corev1.ReadWriteOncePod}
	if !slices.Contains(known, corev1.PersistentVolumeAccessMode(mode)) {
		return nil, web.Invalid("access mode %q is not one of %v", short(mode), known)
	}
	return []corev1.PersistentVolumeAccessMode{corev1.PersistentVolumeAccessMode(mode)}, nil
}
