package apiv1

import "github.com/pratique-iam/pratique"

// Tags are those of a cluster.
type Tags struct {
	Tags map[string]string `json:"tags"`
}

// TagChange puts tags on a cluster and takes others off, all or none.
type TagChange struct {
	Set    map[string]string `json:"set,omitempty"`
	Remove []string          `json:"remove,omitempty"` // keys
}

// Quotas is what an account has, and may have.
type Quotas struct {
	Items    []Quota `json:"items"`
	Revision uint64  `json:"revision"`
}

// Quota is one limit. Where it holds for each of several owners, Used is that of the one that has most.
type Quota struct {
	Name  string `json:"name"`
	Used  int    `json:"used"`
	Limit int    `json:"limit,omitzero"` // zero: none but the size of the store
	Per   string `json:"per,omitempty"`  // the owner, "user"; empty: the account
	Most  string `json:"most,omitempty"` // name of the owner that has most
}

// ClusterResources is what a cluster is made of.
type ClusterResources struct {
	Cluster      string          `json:"cluster"`
	ID           string          `json:"id"`
	Type         string          `json:"type"`
	Provisioner  string          `json:"provisioner"`
	Server       string          `json:"server,omitempty"` // of the kube-apiserver; set for those who may have a kubeconfig
	Billing      string          `json:"billing"`          // postpaid or prepaid
	WorkerRole   *RoleResource   `json:"workerRole,omitempty"`
	ServiceRoles []RoleResource  `json:"serviceRoles,omitempty"`
	Addons       []AddonResource `json:"addons,omitempty"`
	NodePools    []NodePool      `json:"nodePools,omitempty"`
	Nodes        int             `json:"nodes"`
	NodesReady   int             `json:"nodesReady"`
	Revision     uint64          `json:"revision"`
}

// RoleResource is a role that something in a cluster acts by.
type RoleResource struct {
	Name     string   `json:"name"`
	ID       string   `json:"id,omitempty"` // empty: there is no such role
	Service  string   `json:"service"`      // that it trusts
	Policies []string `json:"policies,omitempty"`
	Addons   []string `json:"addons,omitempty"` // that use it
}

// AddonResource is an add-on that is installed.
type AddonResource struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	State   string `json:"state"`
	Role    string `json:"role,omitempty"` // that it acts by
}

// ServiceLinkedRole is a role that a service brings along.
type ServiceLinkedRole struct {
	Service     string   `json:"service"`
	Role        string   `json:"role"`
	ID          string   `json:"id,omitempty"` // empty: it is not in the account
	Policies    []string `json:"policies,omitempty"`
	Description string   `json:"description"`
	Created     bool     `json:"created,omitzero"` // by this request
}

// NewServiceLinkedRole names the service.
type NewServiceLinkedRole struct {
	Service string `json:"service"`
}

// Authorization says which service roles the add-ons of the catalogue want in the account, and which are there.
type Authorization struct {
	Complete bool            `json:"complete"`
	Roles    []ServiceRole   `json:"roles"`
	Revision uint64          `json:"revision"`
	DryRun   bool            `json:"dryRun,omitzero"`
	Steps    []pratique.Step `json:"steps,omitempty"` // that were taken, or would be
	Warnings []string        `json:"warnings,omitempty"`
}

// ServiceRole is one of them.
type ServiceRole struct {
	Name    string   `json:"name"`
	Service string   `json:"service"`
	Policy  string   `json:"policy,omitempty"`
	Addons  []string `json:"addons"`
	Missing []string `json:"missing,omitempty"`
}
