package apiv1

import (
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// AddonInstance is an add-on in a cluster, with what was last seen of its pods.
type AddonInstance struct {
	Name      string       `json:"name"`
	Title     string       `json:"title"`
	Cluster   string       `json:"cluster"`
	Version   string       `json:"version"`
	State     string       `json:"state"`          // installing, installed, failed, removing
	Role      string       `json:"role,omitempty"` // as which its controller acts
	By        string       `json:"by"`
	Installed time.Time    `json:"installed"`
	Workload  WorkloadName `json:"workload"`
	Wanted    int          `json:"wanted"` // pods
	Ready     int          `json:"ready"`
	Message   string       `json:"message,omitempty"` // why it is not installed, or why its pods do not run
	Newer     string       `json:"newer,omitempty"`   // the newest version, where that is another
	Job       string       `json:"job,omitempty"`     // that works on it, or did last
}

// WorkloadName is an object with pods.
type WorkloadName struct {
	Kind      string `json:"kind"`
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
}

// InstallAddon installs an add-on, or changes one that is installed.
type InstallAddon struct {
	Version string         `json:"version,omitempty"` // empty: the newest; of a change: the one that is there
	Config  jsontext.Value `json:"config,omitzero"`   // values of its chart; those of an add-on without one are none
}

// AddonDoctor compares what a controller needs, what its principal holds, and what it has asked about since the server started.
type AddonDoctor struct {
	Addon     string         `json:"addon"`
	Cluster   string         `json:"cluster"`
	Principal string         `json:"principal,omitempty"` // the role as which it acts
	Rows      []DoctorRow    `json:"rows"`
	Missing   []string       `json:"missing,omitempty"` // is needed and not held
	Surplus   []string       `json:"surplus,omitempty"` // is held, and neither needed nor used
	Policy    jsontext.Value `json:"policy,omitzero"`   // the smallest policy that is enough
	Advice    []string       `json:"advice,omitempty"`
}

// DoctorRow is one action on one pattern of resources.
type DoctorRow struct {
	Permission string    `json:"permission"` // what it is for
	Action     string    `json:"action"`
	Resource   string    `json:"resource"`
	NeededBy   string    `json:"neededBy"` // the add-on, or the setting that makes it need this
	Needed     bool      `json:"needed"`
	Held       bool      `json:"held"`
	Used       bool      `json:"used"`
	LastUsed   time.Time `json:"lastUsed,omitzero"`
}
