package api_test

import (
	"strings"
	"testing"

	"github.com/pratique-iam/pratique/apiv1"
)

// What a new credential lacks is said in the answer and stands in nobody's way. Here the cluster cannot even be asked, which is said as well; what
// one that answers says is in internal/cluster and in the stories.
func TestANewCredentialIsLookedAtAtOnce(t *testing.T) {
	t.Parallel()
	w := harbour(t)
	warned := func(what string, c apiv1.Cluster) {
		t.Helper()
		if len(c.Status.Warnings) != 1 || !strings.Contains(c.Status.Warnings[0], "what the credential may do cannot be found out: the address 127.0.0.1 is on this machine") {
			t.Errorf("%s warns of %q", what, c.Status.Warnings)
		}
	}
	var c apiv1.Cluster
	w.root.post("/v1/clusters", apiv1.NewCluster{Name: "new", Type: "cce-standard", Kubeconfig: kubeconfig(t)}).want(201).into(&c)
	warned("attaching", c)
	text := kubeconfig(t)
	c = apiv1.Cluster{}
	w.root.patch("/v1/clusters/new", apiv1.ClusterPatch{Kubeconfig: &text}).want(200).into(&c)
	warned("another credential", c)
	c = apiv1.Cluster{}
	tags := map[string]string{"env": "test"}
	w.root.patch("/v1/clusters/new", apiv1.ClusterPatch{Tags: &tags}).want(200).into(&c)
	if len(c.Status.Warnings) > 0 {
		t.Errorf("a tag warns of %q", c.Status.Warnings)
	}
}
