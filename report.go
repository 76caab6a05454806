package pratique

import (
	"cmp"
	"iter"
	"slices"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// Report is what a precheck found. Its name is its id. It says what held at one revision, and is no leave to do anything: authorizing and
// installing look again.
type Report struct {
	Meta
	Template    string         `json:"template"` // of the add-on
	Version     string         `json:"version"`
	Cluster     string         `json:"cluster,omitempty"` // id; empty for a cluster that is not there yet
	ClusterName string         `json:"clusterName"`
	ClusterType string         `json:"clusterType"`
	Place       JobPlace       `json:"place,omitzero"`
	Config      jsontext.Value `json:"config,omitzero"`
	By          Ref            `json:"by"`
	Passed      bool           `json:"passed"`

	// Settings are those that permissions depend on and that were found set: where, by path. They are kept because a cluster may not answer
	// when the report is authorized.
	Settings map[string]string `json:"settings,omitempty"`

	Items    []ReportItem `json:"items"`
	Revision uint64       `json:"revision"` // that it was made on
	Expires  time.Time    `json:"expires"`
}

func (*Report) kind() Kind { return KindReport }

// ReportLife is how long a report can be authorized.
const ReportLife = time.Hour

// ReportItem is one thing that was looked at.
type ReportItem struct {
	ID        string     `json:"id"`
	Item      string     `json:"item"`                // what: "MSE Ingress Authorization Check"
	NeededBy  string     `json:"neededBy"`            // the add-on, or the setting that makes it need this
	Principal string     `json:"principal,omitempty"` // that must hold it
	Status    ItemStatus `json:"status"`
	Error     string     `json:"error,omitempty"`
	Fix       string     `json:"fix,omitempty"` // what to do
	Actions   []string   `json:"actions,omitempty"`
	Missing   []string   `json:"missing,omitempty"` // of the actions, or the RBAC rules that cannot be granted
}

// ItemStatus says how an item stands.
type ItemStatus string

// The statuses of an item.
const (
	ItemOK          ItemStatus = "ok"
	ItemMissing     ItemStatus = "missing"
	ItemConditional ItemStatus = "conditional" // not held, and needed only once a setting is turned on; or not looked at. Does not fail the report
)

// ReportsOf walks the reports about a cluster.
func (s *Snapshot) ReportsOf(cluster string) iter.Seq[*Report] {
	return func(yield func(*Report) bool) {
		var of []*Report
		for r := range s.Reports.All() {
			if r.Cluster == cluster {
				of = append(of, r)
			}
		}
		for _, r := range of {
			if !yield(r) {
				return
			}
		}
	}
}

// Need is an operation on the report: on the add-on in the cluster that it is about.
func (r *Report) Need(operation string) Need {
	return Need{
		Operation: operation, Vars: map[string]string{"cluster": r.Cluster, "name": r.Template, "id": r.ID},
		Project: r.Place.Project, EnterpriseProject: r.Place.EnterpriseProject, ClusterType: r.ClusterType,
	}
}

// Planned is the cluster that a report is about which was made before there was one.
func (r *Report) Planned() *Cluster {
	return &Cluster{
		Meta: Meta{Name: r.ClusterName}, Type: r.ClusterType, Provisioner: ProvisionerLocal,
		Project: r.Place.Project, EnterpriseProject: r.Place.EnterpriseProject,
	}
}

// Expired reports whether the report can no longer be authorized.
func (r *Report) Expired(now time.Time) bool { return !now.Before(r.Expires) }

// MaxReports is how many an account keeps; the oldest make room.
const MaxReports = 2000

// FileReports keeps what prechecks found. It needs the operation of a precheck on each cluster, and for one that is not there yet the right to
// create it.
type FileReports struct {
	Reports []Report
	Again   bool // the server's own look after an authorization that was decided on: it needs nothing
}

func (c FileReports) apply(e *editor) error {
	for i := range c.Reports {
		r := c.Reports[i]
		switch {
		case c.Again:
		case r.Cluster == "":
			e.plan.Needs = append(e.plan.Needs, r.Planned().Need("cluster.create"))
		default:
			e.plan.Needs = append(e.plan.Needs, r.Need("addonInstance.precheck"))
		}
		if r.Cluster != "" {
			if _, ok := e.Clusters.ID(r.Cluster); !ok {
				return notFound(KindCluster, r.Cluster)
			}
		}
		if r.ID == "" {
			r.ID = e.at.NewID(KindReport)
		}
		r.Name = r.ID
		e.stamp(&r.Meta, nil, KindReport)
		e.Reports.set(&r)
		e.write(Create, &r, nil)
	}
	e.forgetReports(len(c.Reports))
	return nil
}

// forgetReports drops those that ran out a day ago, and the oldest when there are too many: at most as many as have just come, or a few.
func (e *editor) forgetReports(filed int) {
	most := max(filed, 20)
	var gone []*Report
	for _, r := range slices.SortedFunc(e.Reports.All(), func(a, b *Report) int { return cmp.Compare(a.Created, b.Created) }) {
		over := e.Reports.Len()-len(gone) > MaxReports
		if len(gone) == most || !over && !r.Expires.Before(e.at.Time.Add(-24*time.Hour)) {
			break
		}
		gone = append(gone, r)
	}
	for _, r := range gone {
		e.Reports.remove(r)
		e.write(Remove, r, nil)
		e.cascaded()
	}
}
