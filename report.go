package pratique

import (
	"iter"
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
	Items       []ReportItem   `json:"items"`
	Revision    uint64         `json:"revision"` // that it was made on
	Expires     time.Time      `json:"expires"`
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
	ItemConditional ItemStatus = "conditional" // needed only once a setting is turned on; does not fail the report
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

// MaxReports is how many an account keeps; the oldest make room.
const MaxReports = 2000

// FileReports keeps what prechecks found. It needs the operation of a precheck on each cluster.
type FileReports struct{ Reports []Report }

func (c FileReports) apply(e *editor) error {
	for i := range c.Reports {
		r := c.Reports[i]
		e.plan.Needs = append(e.plan.Needs, r.Need("addonInstance.precheck"))
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
	e.forgetReports()
	return nil
}

// forgetReports drops those that have run out, a few with every new one.
func (e *editor) forgetReports() {
	const most = 20
	var gone []*Report
	for r := range e.Reports.All() {
		if len(gone) < most && r.Expires.Before(e.at.Time.Add(-24*time.Hour)) {
			gone = append(gone, r)
		}
	}
	if over := e.Reports.Len() - MaxReports; over > 0 {
		for r := range e.Reports.All() {
			if len(gone) < min(over, most) && r.Expires.Before(e.at.Time) {
				gone = append(gone, r)
			}
		}
	}
	for _, r := range gone {
		if _, there := e.Reports.ID(r.ID); there {
			e.Reports.remove(r)
			e.write(Remove, r, nil)
			e.cascaded()
		}
	}
}
