package apiv1

import "time"

// Cluster is a cluster of the fleet, with what was last seen of it.
type Cluster struct {
	ID                string            `json:"id"`
	Name              string            `json:"name"`
	Type              string            `json:"type"`
	Provisioner       string            `json:"provisioner"`
	Project           string            `json:"project"`
	EnterpriseProject string            `json:"enterpriseProject"`
	Tags              map[string]string `json:"tags,omitempty"`
	Creator           string            `json:"creator"`
	Billing           string            `json:"billing,omitempty"` // prepaid, or absent: paid by use
	Stopped           bool              `json:"stopped,omitzero"`
	Shadow            bool              `json:"shadow,omitzero"`
	Server            string            `json:"server,omitempty"` // of the kube-apiserver; set for those who may have a kubeconfig
	Created           time.Time         `json:"created"`
	ResourceVersion   string            `json:"resourceVersion"`
	Status            ClusterStatus     `json:"status"`
	Note              string            `json:"note,omitempty"` // for whoever asks: what they may see, and may not do
	Job               string            `json:"job,omitempty"`  // id of the job that the request has started: it ends when the cluster is as it was asked to be
}

// ClusterList is a page of the clusters that the caller may see. Hint says what to do about an empty one.
type ClusterList struct {
	Items    []Cluster `json:"items"`
	Next     string    `json:"next,omitempty"` // pass as ?page=
	Revision uint64    `json:"revision"`
	Hint     string    `json:"hint,omitempty"`
}

// ClusterStatus is observed, not assumed.
type ClusterStatus struct {
	Phase      string    `json:"phase"` // starting, running, stopping, stopped, unreachable, unknown
	Version    string    `json:"version,omitempty"`
	Nodes      int       `json:"nodes"`
	NodesReady int       `json:"nodesReady"`
	Error      string    `json:"error,omitempty"`
	Warnings   []string  `json:"warnings,omitempty"` // it runs, but
	Seen       time.Time `json:"seen,omitzero"`
	Asked      time.Time `json:"asked,omitzero"` // when its kube-apiserver last asked this server about somebody; absent: not since the server started
}

// NewCluster creates a cluster with the local provisioner, or attaches one when Kubeconfig is set.
type NewCluster struct {
	Name              string            `json:"name"`
	Type              string            `json:"type"`
	Project           string            `json:"project,omitempty"`           // name; empty: the default of the first region
	EnterpriseProject string            `json:"enterpriseProject,omitempty"` // name; empty: the account's default
	Tags              map[string]string `json:"tags,omitempty"`
	Billing           string            `json:"billing,omitempty"` // postpaid (default) or prepaid
	Nodes             int               `json:"nodes,omitzero"`    // simulated, with the local provisioner
	Kubeconfig        string            `json:"kubeconfig,omitempty"`
	Context           string            `json:"context,omitempty"` // of the kubeconfig; empty: its current one
	Addons            []string          `json:"addons,omitempty"`  // to be installed once it runs; what they need is checked before anything is created
}

// ClusterPatch changes what is set.
type ClusterPatch struct {
	Name       *string            `json:"name,omitempty"`
	Tags       *map[string]string `json:"tags,omitzero"`
	Shadow     *bool              `json:"shadow,omitempty"`
	Kubeconfig *string            `json:"kubeconfig,omitempty"` // attached clusters: a new credential
	Context    string             `json:"context,omitempty"`
}

// UpgradeCluster asks for another version of Kubernetes.
type UpgradeCluster struct {
	Version string `json:"version"` // "1.36", "v1.36.3"
}

// ClusterToken is what kubectl's exec plugin hands to a cluster.
type ClusterToken struct {
	Token   string    `json:"token"`
	Expires time.Time `json:"expires"`
}

// ClusterAccess is what a kubeconfig needs to reach a cluster. Direct is empty where the cluster does not know our tokens; Proxy always works.
type ClusterAccess struct {
	Cluster string `json:"cluster"`
	ID      string `json:"id"`
	Direct  string `json:"direct,omitempty"` // address of the kube-apiserver
	CA      []byte `json:"ca,omitempty"`     // of the kube-apiserver, PEM
	Proxy   string `json:"proxy"`            // address of the access proxy, under this server's own certificate
}

// ConnectCluster asks for the files that make a kube-apiserver ask Pratique, and for the credential in one of them.
type ConnectCluster struct {
	Shadow *bool  `json:"shadow,omitempty"` // only say what would be denied, and deny nothing
	Dir    string `json:"dir,omitempty"`    // where the files will be on the control plane; empty: /etc/kubernetes/pratique
}

// ClusterFiles make a self-managed kube-apiserver ask Pratique.
type ClusterFiles struct {
	Authentication    string    `json:"authentication"`    // AuthenticationConfiguration
	Authorization     string    `json:"authorization"`     // AuthorizationConfiguration
	WebhookKubeconfig string    `json:"webhookKubeconfig"` // holds a credential
	Expires           time.Time `json:"expires"`           // of that credential
	Shadow            bool      `json:"shadow,omitzero"`
	Steps             []string  `json:"steps"`
}

// Namespaces are those of a cluster that the caller may look into, with what is in them. Note says what to do where that is not all.
type Namespaces struct {
	Items []Namespace `json:"items"`
	Next  string      `json:"next,omitempty"` // pass as ?page=
	Note  string      `json:"note,omitempty"`
}

// Namespace is one of them.
type Namespace struct {
	Name      string         `json:"name"`
	Resources []ResourceSeen `json:"resources"`
}

// ResourceSeen is how many objects of a resource there are, or why that is not told.
type ResourceSeen struct {
	Resource string `json:"resource"` // as kubectl writes it: pods, deployments.apps
	Count    int    `json:"count"`
	More     bool   `json:"more,omitzero"`     // there are more than Count
	Refused  string `json:"refused,omitempty"` // the cluster's own words
}

// KubeQuestion asks about a request inside a cluster. Subject is empty for oneself.
type KubeQuestion struct {
	Subject     Subject `json:"subject,omitzero"`
	Cluster     string  `json:"cluster"`
	Verb        string  `json:"verb"`
	Resource    string  `json:"resource"` // as kubectl writes it: pods, deployments.apps, pods/exec
	Name        string  `json:"name,omitempty"`
	Namespace   string  `json:"namespace,omitempty"`
	Path        string  `json:"path,omitempty"` // instead of a resource
	AtLeast     uint64  `json:"atLeast,omitzero"`
	Explanation bool    `json:"explanation,omitzero"`
}

// KubeAnswer shows both layers: the gate, and Kubernetes RBAC behind it.
type KubeAnswer struct {
	Allowed  bool     `json:"allowed"`
	Reason   string   `json:"reason"`
	Gate     Answer   `json:"gate"`
	RBAC     RBAC     `json:"rbac"`
	Smallest []string `json:"smallest,omitempty"` // the smallest changes that would allow it
}

// RBAC is what the cluster's own roles say.
type RBAC struct {
	Consulted bool   `json:"consulted"` // false: the gate settled it, or the cluster cannot be reached
	Allowed   bool   `json:"allowed"`
	Reason    string `json:"reason"` // the binding and rule that allow, or what is nearest
}

// RBACPlan is what makes a cluster's RBAC objects what the namespace permissions say.
type RBACPlan struct {
	Cluster string     `json:"cluster"`
	Steps   []RBACStep `json:"steps"`
	Error   string     `json:"error,omitempty"` // of the last attempt
	Synced  time.Time  `json:"synced,omitzero"`
}

// RBACState is how far a cluster is with the namespace permissions of the directory, as this server knows it without asking the cluster.
type RBACState struct {
	Cluster   string    `json:"cluster"`
	Synced    bool      `json:"synced"`             // everything that can be in force is
	Bindings  int       `json:"bindings"`           // that should be there
	Waiting   int       `json:"waiting,omitzero"`   // for a namespace or a ClusterRole that is not there
	Conflicts int       `json:"conflicts,omitzero"` // somebody else's objects stand in the place of ours
	Error     string    `json:"error,omitempty"`    // why it is not synced
	Failing   time.Time `json:"failing,omitzero"`   // since when
	Last      time.Time `json:"last,omitzero"`      // when it was last looked at
}

// RBACStep is one object.
type RBACStep struct {
	Action      string `json:"action"` // create, update, replace, delete, unchanged, waiting, conflict
	Kind        string `json:"kind"`
	Namespace   string `json:"namespace,omitempty"`
	Name        string `json:"name"`
	ClusterRole string `json:"clusterRole,omitempty"`
	Subject     string `json:"subject,omitempty"`
	Because     string `json:"because,omitempty"` // the namespace permission, or what is waited for
}
