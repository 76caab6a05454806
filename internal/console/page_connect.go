package console

import (
	"context"
	"encoding/base64"
	"fmt"

	"sigs.k8s.io/yaml"

	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/internal/console/ui"
)

// connectPage says how kubectl gets into a cluster.
type connectPage struct {
	base
	Tabs       ui.Tabs
	Name       string
	Note       string
	Server     string
	Commands   string
	Kubeconfig string
	Download   string
}

func (*connectPage) template() string { return "connect" }

func (c *Console) connect(ctx context.Context, v *visit) (answer, error) {
	cl, err := v.api.Cluster(ctx, v.path("name"))
	if err != nil {
		return nil, err
	}
	p := &connectPage{base: base{v.frame("clusters", "Connect to "+cl.Name)}, Tabs: clusterTabs(cl.Name, "Connect"), Name: cl.Name, Note: cl.Note}
	p.Crumbs = clusterCrumbs(cl.Name)
	access, err := v.api.ClusterAccess(ctx, cl.Name)
	if err != nil {
		p.Problem = problem(err)
		return p, nil
	}
	p.Commands = fmt.Sprintf("pratique login --user %s\npratique kubeconfig %s --merge\nkubectl --context %s get pods\n", v.me.Name, cl.Name, cl.Name)
	text, err := kubeconfigOf(access)
	if err != nil {
		return nil, err
	}
	p.Kubeconfig, p.Download = string(text), at("clusters", cl.Name, "kubeconfig")
	return p, nil
}

func (c *Console) kubeconfig(ctx context.Context, v *visit) (answer, error) {
	access, err := v.api.ClusterAccess(ctx, v.path("name"))
	if err != nil {
		return nil, err
	}
	text, err := kubeconfigOf(access)
	if err != nil {
		return nil, err
	}
	return download{name: "kubeconfig.yaml", contentType: "application/yaml", body: text}, nil
}

// kubeconfigOf holds no credential: kubectl asks the program pratique for a token of ten minutes each time.
func kubeconfigOf(a apiv1.ClusterAccess) ([]byte, error) {
	cluster := map[string]any{"server": a.Proxy}
	if a.Direct != "" {
		cluster = map[string]any{"server": a.Direct, "certificate-authority-data": base64.StdEncoding.EncodeToString(a.CA)}
	}
	return yaml.Marshal(map[string]any{
		"apiVersion": "v1", "kind": "Config", "current-context": a.Cluster,
		"clusters": []any{map[string]any{"name": a.Cluster, "cluster": cluster}},
		"contexts": []any{map[string]any{"name": a.Cluster, "context": map[string]any{"cluster": a.Cluster, "user": "pratique-" + a.Cluster}}},
		"users": []any{map[string]any{"name": "pratique-" + a.Cluster, "user": map[string]any{"exec": map[string]any{
			"apiVersion": "client.authentication.k8s.io/v1", "command": "pratique", "args": []string{"token", a.ID}, "interactiveMode": "Never",
			"installHint": "pratique is not in your PATH; install it, then sign in with: pratique login",
		}}}},
	})
}
