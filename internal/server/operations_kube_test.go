//go:build kube

package server_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/catalog"
	"github.com/pratique-iam/pratique/client"
)

// fleetWorld is a server with clusters, its root, and two people: one holds a single action, the other all the others of the vendor's table.
type fleetWorld struct {
	root, only, others *client.Client
	cluster            string // name
	kind               string // its type
	serial             int
}

// deed is one operation, done once. It is prepared by root.
type deed struct {
	action  string
	prepare func(t *testing.T, w *fleetWorld) string // gives a name that the others use
	do      func(ctx context.Context, c *client.Client, w *fleetWorld, name string) error
}

// errNothingSeen is how a list that shows only what one may see refuses.
var errNothingSeen = errors.New("nothing is shown")

// finished waits for a job and gives its error.
func finished(ctx context.Context, c *client.Client, job apiv1.Job, err error) error {
	if err != nil {
		return err
	}
	done, err := c.WaitJob(ctx, job.ID, nil)
	if err != nil {
		return err
	}
	if done.State != string(pratique.JobSucceeded) {
		return fmt.Errorf("job %s is %s: %s; %s", done.ID, done.State, done.Error, done.Hint)
	}
	return nil
}

func seen[T any](list []T, err error) error {
	if err == nil && len(list) == 0 {
		return errNothingSeen
	}
	return err
}

func (w *fleetWorld) name(prefix string) string {
	w.serial++
	return fmt.Sprintf("%s-%d", prefix, w.serial)
}

// deeds lists every cce action of the vendor's table of CCE FullAccess.
func deeds() []deed {
	return slices.Concat(clusterDeeds(), nodeDeeds(), chartDeeds(), addonDeeds(), otherDeeds())
}

func clusterDeeds() []deed {
	return []deed{
		{action: "cce:cluster:create", do: func(ctx context.Context, c *client.Client, w *fleetWorld, _ string) error {
			made, err := c.NewCluster(ctx, apiv1.NewCluster{Name: w.name("made"), Type: w.kind})
			return finished(ctx, c, apiv1.Job{ID: made.Job}, err)
		}},
		{action: "cce:cluster:list", do: func(ctx context.Context, c *client.Client, _ *fleetWorld, _ string) error {
			list, err := c.Clusters(ctx, client.ClusterOptions{})
			return seen(list.Items, err)
		}},
		{action: "cce:cluster:get", do: func(ctx context.Context, c *client.Client, w *fleetWorld, _ string) error {
			_, err := c.Cluster(ctx, w.cluster)
			return err
		}},
		{action: "cce:cluster:update", do: func(ctx context.Context, c *client.Client, w *fleetWorld, _ string) error {
			tags := map[string]string{"round": w.name("r")}
			_, err := c.PatchCluster(ctx, w.cluster, apiv1.ClusterPatch{Tags: &tags})
			return err
		}},
		{action: "cce:cluster:upgrade", do: func(ctx context.Context, c *client.Client, w *fleetWorld, _ string) error {
			_, err := c.UpgradeCluster(ctx, w.cluster, "1.99")
			if errors.Is(err, pratique.ErrConflict) && !strings.Contains(err.Error(), "do not support") {
				return nil // the provisioner cannot, and says so: that is what the operation does
			}
			return err
		}},
		{action: "cce:cluster:stop", prepare: awake, do: func(ctx context.Context, c *client.Client, w *fleetWorld, _ string) error {
			cl, err := c.StopCluster(ctx, w.cluster)
			return finished(ctx, c, apiv1.Job{ID: cl.Job}, err)
		}},
		{action: "cce:cluster:start", prepare: asleep, do: func(ctx context.Context, c *client.Client, w *fleetWorld, _ string) error {
			cl, err := c.StartCluster(ctx, w.cluster)
			return finished(ctx, c, apiv1.Job{ID: cl.Job}, err)
		}},
		{action: "cce:cluster:delete", prepare: func(t *testing.T, w *fleetWorld) string {
			t.Helper()
			list, err := w.root.Clusters(t.Context(), client.ClusterOptions{Name: "made-"})
			if err != nil || len(list.Items) == 0 {
				t.Fatalf("no cluster was made: %v", err)
			}
			return list.Items[0].Name
		}, do: func(ctx context.Context, c *client.Client, _ *fleetWorld, name string) error {
			job, err := c.DeleteCluster(ctx, name)
			return finished(ctx, c, job, err)
		}},
	}
}

func awake(t *testing.T, w *fleetWorld) string {
	t.Helper()
	return turned(t, w, "running", w.root.StartCluster)
}

func asleep(t *testing.T, w *fleetWorld) string {
	t.Helper()
	return turned(t, w, "stopped", w.root.StopCluster)
}

// turned brings the cluster into a phase; one whose type cannot sleep stays as it is.
func turned(t *testing.T, w *fleetWorld, phase string, turn func(context.Context, string) (apiv1.Cluster, error)) string {
	t.Helper()
	cl, err := w.root.Cluster(t.Context(), w.cluster)
	if err != nil {
		t.Fatal(err)
	}
	if cl.Status.Phase == phase {
		return ""
	}
	next, err := turn(t.Context(), w.cluster)
	if errors.Is(err, pratique.ErrConflict) {
		return ""
	}
	if err := finished(t.Context(), w.root, apiv1.Job{ID: next.Job}, err); err != nil {
		t.Fatal(err)
	}
	return ""
}

func nodeDeeds() []deed {
	node := func(t *testing.T, w *fleetWorld) string {
		t.Helper()
		awake(t, w)
		name := w.name("node")
		if _, err := w.root.NewNodes(t.Context(), w.cluster, apiv1.NewNodes{Name: name}); err != nil && !errors.Is(err, pratique.ErrConflict) {
			t.Fatal(err)
		}
		list, err := w.root.Nodes(t.Context(), w.cluster)
		if err != nil || len(list) == 0 {
			return name
		}
		return list[len(list)-1].Name
	}
	pool := func(t *testing.T, w *fleetWorld) string {
		t.Helper()
		name := w.name("pool")
		if _, err := w.root.NewNodePool(t.Context(), w.cluster, apiv1.NewNodePool{Name: name, Count: 1}); err != nil && !errors.Is(err, pratique.ErrConflict) {
			t.Fatal(err)
		}
		return name
	}
	return []deed{
		{action: "cce:node:create", prepare: awake, do: func(ctx context.Context, c *client.Client, w *fleetWorld, _ string) error {
			_, err := c.NewNodes(ctx, w.cluster, apiv1.NewNodes{Name: w.name("new")})
			return err
		}},
		{action: "cce:node:list", prepare: node, do: func(ctx context.Context, c *client.Client, w *fleetWorld, _ string) error {
			list, err := c.Nodes(ctx, w.cluster)
			return seen(list, err)
		}},
		{action: "cce:node:get", prepare: node, do: func(ctx context.Context, c *client.Client, w *fleetWorld, name string) error {
			_, err := c.Node(ctx, w.cluster, name)
			return err
		}},
		{action: "cce:node:update", prepare: node, do: func(ctx context.Context, c *client.Client, w *fleetWorld, name string) error {
			off := false
			_, err := c.PatchNode(ctx, w.cluster, name, apiv1.NodePatch{Schedulable: &off})
			return err
		}},
		{action: "cce:node:delete", prepare: node, do: func(ctx context.Context, c *client.Client, w *fleetWorld, name string) error {
			return c.DeleteNode(ctx, w.cluster, name)
		}},
		{action: "cce:nodepool:create", do: func(ctx context.Context, c *client.Client, w *fleetWorld, _ string) error {
			_, err := c.NewNodePool(ctx, w.cluster, apiv1.NewNodePool{Name: w.name("np"), Count: 1})
			return err
		}},
		{action: "cce:nodepool:list", prepare: pool, do: func(ctx context.Context, c *client.Client, w *fleetWorld, _ string) error {
			list, err := c.NodePools(ctx, w.cluster)
			return seen(list, err)
		}},
		{action: "cce:nodepool:get", prepare: pool, do: func(ctx context.Context, c *client.Client, w *fleetWorld, name string) error {
			_, err := c.NodePool(ctx, w.cluster, name)
			return err
		}},
		{action: "cce:nodepool:update", prepare: pool, do: func(ctx context.Context, c *client.Client, w *fleetWorld, name string) error {
			n := 2
			_, err := c.PatchNodePool(ctx, w.cluster, name, apiv1.NodePoolPatch{Count: &n})
			return err
		}},
		{action: "cce:nodepool:delete", prepare: pool, do: func(ctx context.Context, c *client.Client, w *fleetWorld, name string) error {
			return c.DeleteNodePool(ctx, w.cluster, name)
		}},
	}
}

// chart packs a small chart. Its content differs each time.
func chart(version string) ([]byte, error) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	for name, text := range map[string]string{
		"tiny/Chart.yaml":         "apiVersion: v2\nname: tiny\nversion: " + version + "\ndescription: made at " + time.Now().Format(time.RFC3339Nano) + "\n",
		"tiny/templates/map.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}\ndata:\n  version: \"" + version + "\"\n",
	} {
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(text))}); err != nil {
			return nil, err
		}
		if _, err := w.Write([]byte(text)); err != nil {
			return nil, err
		}
	}
	err := errors.Join(w.Close(), z.Close())
	return b.Bytes(), err
}

// upload packs and uploads one.
func upload(ctx context.Context, c *client.Client, version string) error {
	data, err := chart(version)
	if err == nil {
		_, err = c.UploadChart(ctx, data)
	}
	return err
}

func chartDeeds() []deed {
	uploaded := func(t *testing.T, w *fleetWorld) string {
		t.Helper()
		version := strings.ReplaceAll(w.name("0.0"), "-", ".")
		if err := upload(t.Context(), w.root, version); err != nil {
			t.Fatal(err)
		}
		return pratique.ChartName("tiny", version)
	}
	released := func(t *testing.T, w *fleetWorld) string {
		t.Helper()
		awake(t, w)
		name := w.name("rel")
		job, err := w.root.InstallRelease(t.Context(), w.cluster, apiv1.NewRelease{Namespace: "default", Release: name, Chart: uploaded(t, w)})
		if err := finished(t.Context(), w.root, job, err); err != nil {
			t.Fatal(err)
		}
		return name
	}
	return []deed{
		{action: "cce:chart:upload", do: func(ctx context.Context, c *client.Client, w *fleetWorld, _ string) error {
			return upload(ctx, c, strings.ReplaceAll(w.name("1.0"), "-", "."))
		}},
		{action: "cce:chart:list", prepare: uploaded, do: func(ctx context.Context, c *client.Client, _ *fleetWorld, _ string) error {
			list, err := c.Charts(ctx)
			return seen(list, err)
		}},
		{action: "cce:chart:get", prepare: uploaded, do: func(ctx context.Context, c *client.Client, _ *fleetWorld, name string) error {
			_, err := c.ChartArchive(ctx, name)
			return err
		}},
		{action: "cce:chart:update", prepare: uploaded, do: func(ctx context.Context, c *client.Client, _ *fleetWorld, name string) error {
			data, err := chart(strings.TrimPrefix(name, "tiny-"))
			if err == nil {
				_, err = c.UpdateChart(ctx, name, data)
			}
			return err
		}},
		{action: "cce:chart:delete", prepare: uploaded, do: func(ctx context.Context, c *client.Client, _ *fleetWorld, name string) error {
			return c.DeleteChart(ctx, name)
		}},
		{
			action: "cce:release:create", prepare: func(t *testing.T, w *fleetWorld) string {
				t.Helper()
				awake(t, w)
				return uploaded(t, w)
			},
			do: func(ctx context.Context, c *client.Client, w *fleetWorld, name string) error {
				job, err := c.InstallRelease(ctx, w.cluster, apiv1.NewRelease{Namespace: "default", Release: w.name("in"), Chart: name})
				return finished(ctx, c, job, err)
			},
		},
		{action: "cce:release:list", prepare: released, do: func(ctx context.Context, c *client.Client, w *fleetWorld, _ string) error {
			list, err := c.Releases(ctx, w.cluster, "default")
			return seen(list, err)
		}},
		{action: "cce:release:get", prepare: released, do: func(ctx context.Context, c *client.Client, w *fleetWorld, name string) error {
			_, err := c.Release(ctx, w.cluster, "default", name, false)
			return err
		}},
		{action: "cce:release:update", prepare: released, do: func(ctx context.Context, c *client.Client, w *fleetWorld, name string) error {
			charts, err := w.root.Charts(ctx)
			if err != nil {
				return err
			}
			job, err := c.UpgradeRelease(ctx, w.cluster, "default", name, apiv1.UpgradeRelease{Chart: charts[0].Name})
			return finished(ctx, c, job, err)
		}},
		{action: "cce:release:delete", prepare: released, do: func(ctx context.Context, c *client.Client, w *fleetWorld, name string) error {
			job, err := c.DeleteRelease(ctx, w.cluster, "default", name)
			return finished(ctx, c, job, err)
		}},
	}
}

const controller = "kube-state-metrics"

func addonDeeds() []deed {
	installed := func(t *testing.T, w *fleetWorld) string {
		t.Helper()
		awake(t, w)
		if in, err := w.root.ClusterAddon(t.Context(), w.cluster, controller); err == nil && in.State == "installed" {
			return ""
		}
		job, err := w.root.InstallAddon(t.Context(), w.cluster, controller, apiv1.InstallAddon{})
		if err := finished(t.Context(), w.root, job, err); err != nil {
			t.Fatal(err)
		}
		return ""
	}
	return []deed{
		{action: "cce:addonTemplate:list", do: func(ctx context.Context, c *client.Client, _ *fleetWorld, _ string) error {
			list, err := c.Addons(ctx)
			return seen(list, err)
		}},
		{action: "cce:addonTemplate:get", do: func(ctx context.Context, c *client.Client, _ *fleetWorld, _ string) error {
			_, err := c.Addon(ctx, controller)
			return err
		}},
		{action: "cce:addonInstance:create", prepare: awake, do: func(ctx context.Context, c *client.Client, w *fleetWorld, _ string) error {
			job, err := c.InstallAddon(ctx, w.cluster, controller, apiv1.InstallAddon{Version: "2.15.0"})
			return finished(ctx, c, job, err)
		}},
		{action: "cce:addonInstance:list", prepare: installed, do: func(ctx context.Context, c *client.Client, w *fleetWorld, _ string) error {
			list, err := c.ClusterAddons(ctx, w.cluster)
			return seen(list, err)
		}},
		{action: "cce:addonInstance:get", prepare: installed, do: func(ctx context.Context, c *client.Client, w *fleetWorld, _ string) error {
			_, err := c.ClusterAddon(ctx, w.cluster, controller)
			return err
		}},
		{action: "cce:addonInstance:update", prepare: installed, do: func(ctx context.Context, c *client.Client, w *fleetWorld, _ string) error {
			job, err := c.UpgradeAddon(ctx, w.cluster, controller, apiv1.InstallAddon{Version: "2.16.0"})
			return finished(ctx, c, job, err)
		}},
		{action: "cce:addonInstance:delete", prepare: installed, do: func(ctx context.Context, c *client.Client, w *fleetWorld, _ string) error {
			job, err := c.UninstallAddon(ctx, w.cluster, controller)
			return finished(ctx, c, job, err)
		}},
	}
}

func otherDeeds() []deed {
	claim := func(w *fleetWorld) apiv1.NewStorage {
		return apiv1.NewStorage{Kind: apiv1.StorageClaim, Namespace: "default", Name: w.name("claim"), Size: "1Gi"}
	}
	stored := func(t *testing.T, w *fleetWorld) string {
		t.Helper()
		awake(t, w)
		s, err := w.root.NewStorage(t.Context(), w.cluster, claim(w))
		if err != nil {
			t.Fatal(err)
		}
		return s.Name
	}
	job := func(t *testing.T, w *fleetWorld) string {
		t.Helper()
		list, err := w.root.Jobs(t.Context(), client.JobOptions{Cluster: w.cluster})
		if err != nil {
			t.Fatal(err)
		}
		for _, j := range list {
			if j.By == "root" && j.Ended() {
				return j.ID
			}
		}
		t.Fatal("root has begun no job")
		return ""
	}
	return []deed{
		{action: "cce:storage:create", prepare: awake, do: func(ctx context.Context, c *client.Client, w *fleetWorld, _ string) error {
			_, err := c.NewStorage(ctx, w.cluster, claim(w))
			return err
		}},
		{action: "cce:storage:list", prepare: stored, do: func(ctx context.Context, c *client.Client, w *fleetWorld, _ string) error {
			list, err := c.Storage(ctx, w.cluster, "default")
			return seen(list, err)
		}},
		{action: "cce:storage:delete", prepare: stored, do: func(ctx context.Context, c *client.Client, w *fleetWorld, name string) error {
			return c.DeleteStorage(ctx, w.cluster, apiv1.StorageClaim, "default", name)
		}},
		{action: "cce:job:list", prepare: job, do: func(ctx context.Context, c *client.Client, w *fleetWorld, id string) error {
			list, err := c.Jobs(ctx, client.JobOptions{Cluster: w.cluster})
			if err == nil && !slices.ContainsFunc(list, func(j apiv1.Job) bool { return j.ID == id }) {
				return errNothingSeen
			}
			return err
		}},
		{action: "cce:job:get", prepare: job, do: func(ctx context.Context, c *client.Client, _ *fleetWorld, id string) error {
			_, err := c.Job(ctx, id)
			return err
		}},
		{action: "cce:job:delete", prepare: job, do: func(ctx context.Context, c *client.Client, _ *fleetWorld, id string) error {
			_, err := c.DeleteJob(ctx, id)
			return err
		}},
		{action: "cce:userAuthorization:get", do: func(ctx context.Context, c *client.Client, _ *fleetWorld, _ string) error {
			_, err := c.Authorization(ctx)
			return err
		}},
		{action: "cce:userAuthorization:create", do: func(ctx context.Context, c *client.Client, _ *fleetWorld, _ string) error {
			_, err := c.Authorize(ctx, true)
			if err != nil && strings.Contains(err.Error(), "userAuthorization") {
				return err
			}
			return nil // what the roles themselves need is another permission, and asked for by its own name
		}},
	}
}

// vendorRows are the cce actions of the vendor's table of CCE FullAccess, and whether a type of clusters has them.
func vendorRows(t *testing.T, kind string) map[string]bool {
	t.Helper()
	rows, err := catalog.Load()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]bool{}
	for _, table := range rows.Tables {
		for _, r := range table.Rows {
			if strings.HasPrefix(r.Specific, "cce:") {
				out[r.Specific] = out[r.Specific] || r.Supports(kind)
			}
		}
	}
	return out
}
