package release

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Revision is what people see of a record.
type Revision struct {
	Release     string
	Namespace   string
	Revision    int
	Status      string
	Chart       string
	Version     string
	AppVersion  string
	Description string
	Notes       string
	Updated     time.Time
	Values      map[string]any // may hold secrets
	Manifest    string         // likewise
}

func revision(r *record) *Revision {
	m := r.Chart.Metadata
	return &Revision{
		Release: r.Name, Namespace: r.Namespace, Revision: r.Version, Status: r.Info.Status.String(), Chart: m.Name, Version: m.Version,
		AppVersion: m.AppVersion, Description: r.Info.Description, Notes: r.Info.Notes, Updated: r.Info.LastDeployed, Values: r.Config, Manifest: r.Manifest,
	}
}

// List gives the newest revision of each release in the namespace; with none, in all of them, which takes the right to read Secrets everywhere. A
// record that cannot be read is left out.
func (t *Target) List(ctx context.Context) ([]*Revision, error) {
	list, err := t.client.CoreV1().Secrets(t.Namespace).List(ctx, metav1.ListOptions{LabelSelector: "owner=helm"})
	if err != nil {
		return nil, t.failed("list the releases", err)
	}
	newest := map[string]int{} // of namespace and name: index
	number := func(i int) int {
		n, _ := strconv.Atoi(list.Items[i].Labels["version"]) // not one of Helm's: the oldest of all
		return n
	}
	for i := range list.Items {
		s := &list.Items[i]
		key := s.Namespace + "/" + s.Labels["name"]
		if have, ok := newest[key]; s.Type == recordType && (!ok || number(i) > number(have)) {
			newest[key] = i
		}
	}
	out := []*Revision{}
	for _, i := range newest {
		if r, err := decode(&list.Items[i]); err == nil {
			out = append(out, revision(r))
		}
	}
	slices.SortFunc(out, func(a, b *Revision) int {
		if c := strings.Compare(a.Namespace, b.Namespace); c != 0 {
			return c
		}
		return strings.Compare(a.Release, b.Release)
	})
	return out, nil
}

// History gives all revisions of a release, the newest first.
func (t *Target) History(ctx context.Context, release string) ([]*Revision, error) {
	all, err := t.history(ctx, release)
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, t.absent(release)
	}
	out := make([]*Revision, 0, len(all))
	for _, r := range slices.Backward(all) {
		out = append(out, revision(r))
	}
	return out, nil
}
