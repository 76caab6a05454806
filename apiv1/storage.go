package apiv1

import "time"

// The kinds of storage.
const (
	StorageVolume = "volume" // a PersistentVolume
	StorageClaim  = "claim"  // a PersistentVolumeClaim
)

// Storage is a persistent volume of a cluster, or a claim to one.
type Storage struct {
	Kind       string    `json:"kind"` // volume or claim
	Namespace  string    `json:"namespace,omitempty"`
	Name       string    `json:"name"`
	Size       string    `json:"size"` // as Kubernetes writes it: 10Gi
	Class      string    `json:"class,omitempty"`
	AccessMode string    `json:"accessMode"`      // ReadWriteOnce, ReadOnlyMany, ReadWriteMany, ReadWriteOncePod; several are joined by commas
	Phase      string    `json:"phase"`           // Pending, Available, Bound, Released, Failed, Lost
	Bound      string    `json:"bound,omitempty"` // of a claim: its volume; of a volume: namespace/claim
	Source     string    `json:"source,omitempty"`
	Created    time.Time `json:"created"`
}

// NewStorage asks for a volume, or for a claim. A volume has exactly one of CSI and NFS.
type NewStorage struct {
	Kind       string     `json:"kind"`
	Namespace  string     `json:"namespace,omitempty"` // of a claim; empty: default
	Name       string     `json:"name"`
	Size       string     `json:"size"`
	Class      string     `json:"class,omitempty"`      // of a claim, empty: the cluster's default one
	AccessMode string     `json:"accessMode,omitempty"` // empty: ReadWriteOnce
	CSI        *CSIVolume `json:"csi,omitempty"`
	NFS        *NFSVolume `json:"nfs,omitempty"`
}

// CSIVolume is a volume that a storage driver provides.
type CSIVolume struct {
	Driver string `json:"driver"`
	Handle string `json:"handle"` // of the volume, as the driver knows it
}

// NFSVolume is a directory that an NFS server exports.
type NFSVolume struct {
	Server string `json:"server"`
	Path   string `json:"path"`
}
