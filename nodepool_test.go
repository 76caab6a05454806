package pratique_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pratique-iam/pratique"
)

func TestScalingAPoolIsAnOperationOfItsOwn(t *testing.T) {
	t.Parallel()
	s, _ := do(t, newAccount(t), cluster("lab", "ack-managed"), pratique.CreateNodePool{Cluster: "lab", Pool: "web", Count: 3})
	two, labels := 2, map[string]string{"tier": "web"}
	for want, change := range map[string]pratique.Change{
		"nodepool.scale":  pratique.UpdateNodePool{Cluster: "lab", Pool: "web", Count: &two},
		"nodepool.update": pratique.UpdateNodePool{Cluster: "lab", Pool: "web", Count: &two, Labels: &labels},
		"nodepool.delete": pratique.DeleteNodePool{Cluster: "lab", Pool: "web"},
	} {
		_, plan := do(t, s, change)
		if diff := cmp.Diff([]string{want}, needs(plan)); diff != "" {
			t.Error(diff)
		}
	}
}

func TestTheNameOfAPoolBeginsThoseOfItsNodes(t *testing.T) {
	t.Parallel()
	s, _ := do(t, newAccount(t), cluster("lab", "ack-managed"), cluster("auto", "cce-autopilot"))
	for _, name := range []string{"Web", "we_b", "web.a", "", "pratique-x", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"} {
		refuse(t, s, pratique.ErrInvalid, "", pratique.CreateNodePool{Cluster: "lab", Pool: name, Count: 1})
	}
	refuse(t, s, pratique.ErrInvalid, "0 to 1000 nodes", pratique.CreateNodePool{Cluster: "lab", Pool: "web", Count: 1001})
	refuse(t, s, pratique.ErrConflict, "have no node pools", pratique.CreateNodePool{Cluster: "auto", Pool: "web", Count: 1})
}

func TestAnAccountHasAsManyClustersAsItMayHave(t *testing.T) {
	t.Parallel()
	s := newAccount(t)
	s.Rules().Limits.Clusters = 2 // these rules are this test's own
	s, _ = do(t, s, cluster("one", "cce-standard"), cluster("two", "cce-standard"))
	refuse(t, s, pratique.ErrConflict, "the account has 2 clusters, and may not have more", cluster("three", "cce-standard"))
	s, _ = do(t, s, pratique.DeleteCluster{Name: "one"})
	do(t, s, cluster("three", "cce-standard"))
	if got := pratique.DefaultLimits().Clusters; got != 50 {
		t.Errorf("the default is %d", got)
	}
}

func TestTagsNeedWhatIsDoneWithThem(t *testing.T) {
	t.Parallel()
	s, _ := do(t, newAccount(t), cluster("lab", "ack-managed"))
	s, plan := do(t, s, pratique.TagCluster{Name: "lab", Set: map[string]string{"env": "test", "team": "web"}})
	if diff := cmp.Diff([]string{"tag.create"}, needs(plan)); diff != "" {
		t.Error(diff)
	}
	next, plan := do(t, s, pratique.TagCluster{Name: "lab", Set: map[string]string{"env": "prod"}, Remove: []string{"team", "never"}})
	if diff := cmp.Diff([]string{"tag.create", "tag.delete"}, needs(plan)); diff != "" {
		t.Error(diff)
	}
	if plan.Needs[0].Tags["env"] != "test" { // what policies say of the cluster as it was counts
		t.Errorf("decided on the tags %v", plan.Needs[0].Tags)
	}
	c, _ := next.Clusters.Name("lab")
	if diff := cmp.Diff(map[string]string{"env": "prod"}, c.Tags); diff != "" {
		t.Error(diff)
	}
	refuse(t, s, pratique.ErrInvalid, "no tag is named", pratique.TagCluster{Name: "lab"})
	refuse(t, s, pratique.ErrInvalid, "at once", pratique.TagCluster{Name: "lab", Set: map[string]string{"env": "a"}, Remove: []string{"env"}})
	refuse(t, s, pratique.ErrNotFound, "does not exist", pratique.TagCluster{Name: "bal", Remove: []string{"env"}})
}

func TestAnOrderIsRemembered(t *testing.T) {
	t.Parallel()
	create := cluster("lab", "cce-standard")
	create.Billing = pratique.Prepaid
	s, plan := do(t, newAccount(t), create)
	if c, _ := s.Clusters.Name("lab"); c.Billing != pratique.Prepaid || plan.Needs[0].Billing != pratique.Prepaid {
		t.Errorf("billing %q, need %+v", c.Billing, plan.Needs[0])
	}
}
