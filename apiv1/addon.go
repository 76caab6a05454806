package apiv1

import (
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/catalog"
)

// Addon is an add-on that can be installed. The manifests of its versions are left out.
type Addon struct {
	Name               string                 `json:"name"`
	Title              string                 `json:"title"`
	Description        string                 `json:"description"`
	Registered         bool                   `json:"registered,omitzero"` // one of the account's own, not of the catalogue
	Namespace          string                 `json:"namespace"`
	Workload           catalog.Workload       `json:"workload"`
	ServiceAccount     string                 `json:"serviceAccount,omitempty"`
	ClusterTypes       []string               `json:"clusterTypes"` // that it runs in
	Versions           []string               `json:"versions"`     // newest first
	Check              string                 `json:"check,omitempty"`
	Settings           *catalog.AddonSettings `json:"settings,omitempty"`
	Principals         []catalog.Controller   `json:"principals,omitempty"`
	ServiceLinkedRoles []string               `json:"serviceLinkedRoles,omitempty"`
	Permissions        []catalog.Permission   `json:"permissions,omitempty"`
	InstalledIn        []string               `json:"installedIn,omitempty"` // names of clusters that the caller may see
}

// AddonFile registers an add-on.
type AddonFile struct {
	File string `json:"file"` // YAML or JSON, as docs/addons.md says
}

// NewPrecheck asks what an add-on lacks in a cluster that is there.
type NewPrecheck struct {
	Version  string           `json:"version,omitempty"`  // empty: the newest
	Config   jsontext.Value   `json:"config,omitzero"`    // values of its chart
	Settings []jsontext.Value `json:"settings,omitempty"` // objects that will configure it, beside those that are in the cluster
}

// NewPrechecks asks the same of a cluster that is not there yet, or with Fleet of all clusters that the add-on can run in.
type NewPrechecks struct {
	NewPrecheck
	Addon             string `json:"addon"`
	Fleet             bool   `json:"fleet,omitzero"`
	Name              string `json:"name,omitempty"` // of the cluster
	Type              string `json:"type,omitempty"`
	Project           string `json:"project,omitempty"`           // name; empty: the default of the first region
	EnterpriseProject string `json:"enterpriseProject,omitempty"` // name; empty: the account's default
}

// Report is what a precheck found.
type Report struct {
	ID        string                `json:"id"`
	Addon     string                `json:"addon"`
	Version   string                `json:"version"`
	Check     string                `json:"check"`             // what the check is called: "MSE Ingress Authorization Check"
	Cluster   string                `json:"cluster,omitempty"` // name; of one that is not there yet, the name that it shall have
	ClusterID string                `json:"clusterID,omitempty"`
	Type      string                `json:"type"`
	Project   string                `json:"project,omitempty"`
	By        string                `json:"by"`
	Passed    bool                  `json:"passed"`
	Settings  map[string]string     `json:"settings,omitempty"` // that are set and need permissions: where, by path
	Items     []pratique.ReportItem `json:"items"`
	Revision  uint64                `json:"revision"`
	Created   time.Time             `json:"created"`
	Expires   time.Time             `json:"expires"`
}

// Authorize asks for what a report lacks.
type Authorize struct {
	SystemPolicy bool   `json:"systemPolicy,omitzero"` // the vendor's policy, instead of what is missing and no more
	Method       string `json:"method,omitempty"`      // refused when it is not the one that fits the cluster
	Reason       string `json:"reason,omitempty"`      // for the audit record
}

// AddonAuthorization says what was done, or would be in a dry run. Report is what a new precheck finds afterwards.
type AddonAuthorization struct {
	Revision uint64          `json:"revision"`
	DryRun   bool            `json:"dryRun,omitzero"`
	Steps    []pratique.Step `json:"steps"`
	Warnings []string        `json:"warnings,omitempty"`
	Report   Report          `json:"report"`
}
