//go:build kube

package server_test

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/client"
	"github.com/pratique-iam/pratique/internal/cluster/local"
	"github.com/pratique-iam/pratique/internal/server"
	"github.com/pratique-iam/pratique/internal/strictjson"
)

const storyPassword = "a long enough password"

// Every cce action of the vendor's tables is one that a cluster can really do: whoever holds exactly that action does it, and whoever holds
// all the others is refused with its name. Where the type of the cluster does not have it, it is refused whoever asks.
func TestEveryActionOfTheTablesOpensItsOperationAndNoOther(t *testing.T) {
	t.Parallel()
	binaries, err := local.DefaultBinaries()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	runServer(t, server.Config{
		Data: dir, Listen: "127.0.0.1:0", KubeDir: binaries, UnsafeNoFsync: true,
		Log: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn})),
	})
	w := fleetPeople(t, dir)
	for _, kind := range []string{"cce-standard", "cce-autopilot"} {
		w.cluster, w.kind = "of-"+kind, kind
		made, err := w.root.NewCluster(t.Context(), apiv1.NewCluster{Name: w.cluster, Type: kind, Nodes: 1})
		if err := finished(t.Context(), w.root, apiv1.Job{ID: made.Job}, err); err != nil {
			t.Fatal(err)
		}
		rows := vendorRows(t, kind)
		done := map[string]bool{}
		for _, d := range deeds() {
			done[d.action] = true
			t.Run(kind+"/"+d.action, func(t *testing.T) { w.perform(t, d, rows) })
		}
		for action := range rows {
			if !done[action] {
				t.Errorf("nobody performs %s", action)
			}
		}
	}
}

// perform has the two people do a deed, the one who may not first.
func (w *fleetWorld) perform(t *testing.T, d deed, rows map[string]bool) {
	t.Helper()
	all := slices.Sorted(maps.Keys(rows))
	others := slices.DeleteFunc(slices.Clone(all), func(a string) bool { return a == d.action })
	w.hold(t, "only", []string{d.action})
	w.hold(t, "others", others)
	name := ""
	if d.prepare != nil {
		name = d.prepare(t, w)
	}
	refused := d.do(t.Context(), w.others, w, name)
	allowed := d.do(t.Context(), w.only, w, name)
	if !rows[d.action] {
		for _, err := range []error{refused, allowed} {
			if !errors.Is(err, pratique.ErrConflict) && !errors.Is(err, pratique.ErrDenied) {
				t.Errorf("clusters of this type have no %s, and yet: %v", d.action, err)
			}
		}
		return
	}
	switch {
	case refused == nil:
		t.Errorf("whoever holds everything but %s does it all the same", d.action)
	case errors.Is(refused, errNothingSeen):
	case !errors.Is(refused, pratique.ErrDenied), !strings.Contains(refused.Error(), d.action):
		t.Errorf("the refusal does not name %s: %v", d.action, refused)
	}
	if allowed != nil {
		t.Errorf("whoever holds exactly %s: %v", d.action, allowed)
	}
}

// hold gives somebody a policy with exactly these actions.
func (w *fleetWorld) hold(t *testing.T, who string, actions []string) {
	t.Helper()
	doc, err := strictjson.Marshal(map[string]any{"Version": "1.1", "Statement": []any{map[string]any{"Effect": "Allow", "Action": actions}}})
	if err != nil {
		t.Fatal(err)
	}
	w.put(t, pratique.KindPolicy, "holds-"+who, pratique.PolicySpec{Document: jsontext.Value(doc)})
	w.put(t, pratique.KindGrant, "grant-"+who, pratique.GrantSpec{User: who, Policy: "holds-" + who, Scope: pratique.ScopeSpec{Project: "local-1"}})
}

func (w *fleetWorld) put(t *testing.T, kind pratique.Kind, name string, spec any) {
	t.Helper()
	data, err := strictjson.Marshal(spec)
	if err != nil {
		t.Fatal(err)
	}
	m := pratique.Manifest{APIVersion: pratique.APIVersion, Kind: kind, Metadata: pratique.Metadata{Name: name}, Spec: data}
	if _, err := w.root.Change(t.Context(), apiv1.Changes{Changes: []apiv1.Change{{Put: &m}}}); err != nil {
		t.Fatal(err)
	}
}

// fleetPeople signs root and the two people in. Inside clusters RBAC opens everything to them, so that what refuses them is their actions.
func fleetPeople(t *testing.T, dir string) *fleetWorld {
	t.Helper()
	secret, err := os.ReadFile(filepath.Join(dir, "bootstrap-secret"))
	if err != nil {
		t.Fatal(err)
	}
	nobody := connect(t, dir, "")
	login := func(l apiv1.Login) *client.Client {
		token, err := nobody.Login(t.Context(), l)
		if err != nil {
			t.Fatal(err)
		}
		return nobody.WithToken(token.Token)
	}
	w := &fleetWorld{root: login(apiv1.Login{User: "root", Secret: strings.TrimSpace(string(secret))})}
	for _, who := range []string{"only", "others"} {
		w.put(t, pratique.KindUser, who, pratique.UserSpec{})
		if err := w.root.SetPassword(t.Context(), apiv1.NewPassword{User: who, New: storyPassword}); err != nil {
			t.Fatal(err)
		}
		w.put(t, pratique.KindNamespacePermission, "inside-"+who, pratique.NamespacePermissionSpec{
			User: who, ClusterRole: "cluster-admin", Clusters: []string{pratique.AllClusters}, Namespaces: []string{pratique.AllNamespaces},
		})
	}
	w.only, w.others = login(apiv1.Login{User: "only", Password: storyPassword}), login(apiv1.Login{User: "others", Password: storyPassword})
	return w
}

// runServer serves until the test ends.
func runServer(t *testing.T, c server.Config) {
	t.Helper()
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	s, err := server.Open(ctx, c)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := errors.Join(<-ended, s.Close()); err != nil {
			t.Error(err)
		}
	})
}
