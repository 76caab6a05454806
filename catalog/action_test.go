package catalog

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pratique-iam/pratique/policy"
)

func TestRegistryKnowsActions(t *testing.T) {
	t.Parallel()
	c := mustLoad(t)
	for action, want := range map[string]bool{
		"cce:cluster:create":           true,
		"CCE:Cluster:Create":           true,
		"cce:kubernetes:get":           true,
		"cce:kubernetes:*":             true, // wildcards are welcome
		"ccx:*:*":                      true,
		"cs:GetClusterById":            true, // an alias
		"ecs:cloudServers:resize":      true,
		"ecs:cloudServers:neverListed": true, // an open service
		"mse:NeverListed":              true,
		"log:GetProductDataCollection": true,
		"ram:CreateServiceLinkedRole":  true,
		"sts:AssumeRole":               true,
		"cce:cluster:explode":          false, // a closed service
		"cs:ExplodeCluster":            false,
		"bss:order:steal":              false,
		"ccx:cluster:create":           false, // no such service
		"cce:DeleteCluster":            false, // not a service of RAM
		"cs:cluster:delete":            false, // not a service of Huawei
		"":                             false,
		"cce":                          false,
	} {
		if got, _ := c.Action(action); got != want {
			t.Errorf("%q is known: %v, want %v", action, got, want)
		}
	}
	if c.Listed("ecs:cloudServers:neverListed") {
		t.Error("an action that nobody listed is listed")
	}
}

func TestKelvinSignIsNoLetter(t *testing.T) {
	t.Parallel()
	if known, _ := mustLoad(t).Action("cce:\u212Aubernetes:get"); known {
		t.Error("a Kelvin sign passed for a k")
	}
}

func TestUnknownActionsAreToldTheNearest(t *testing.T) {
	t.Parallel()
	c := mustLoad(t)
	for action, first := range map[string]string{
		"cce:nodes:delete":             "cce:node:delete",
		"cce:cluster:craete":           "cce:cluster:create",
		"cce:kubernetes:lists":         "cce:kubernetes:list",
		"cs:DeleteClusters":            "cs:DeleteCluster",
		"ccee:cluster:get":             "cce:cluster:get",
		"ram:CreateServiceLinkedRoles": "ram:CreateServiceLinkedRole",
		"eps:enterpriseProject:list":   "eps:enterpriseProjects:list",
	} {
		known, nearest := c.Action(action)
		if known || len(nearest) == 0 || len(nearest) > 3 || nearest[0] != first {
			t.Errorf("%s: known %v, nearest %v, want %s first", action, known, nearest, first)
		}
		for _, name := range nearest {
			if policy.DialectOf(name) != policy.DialectOf(action) {
				t.Errorf("%s: %s is of the other dialect", action, name)
			}
		}
		if _, again := c.Action(action); !slices.Equal(nearest, again) {
			t.Errorf("%s: %v, then %v", action, nearest, again)
		}
	}
	if _, nearest := c.Action("something:altogether:different"); len(nearest) != 0 {
		t.Errorf("nothing is near, but got %v", nearest)
	}
}

func TestExpandListsWhatAPatternCovers(t *testing.T) {
	t.Parallel()
	c := mustLoad(t)
	want := []string{
		"cce:node:create", "cce:node:delete", "cce:node:get", "cce:node:list", "cce:node:update",
	}
	if diff := cmp.Diff(want, c.Expand("CCE:node:*")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"cce:node:get"}, c.Expand("cce:node:?et")); diff != "" {
		t.Error(diff)
	}
	for _, name := range c.Expand("ecs:*") {
		if policy.DialectOf(name) != policy.RAM {
			t.Errorf("a pattern in RAM covers %s", name)
		}
	}
	if all := c.Expand("*"); len(all) != len(c.names) || !slices.IsSorted(all) {
		t.Errorf("* covers %d of %d", len(all), len(c.names))
	}
	if none := c.Expand("ccx:*:*"); len(none) != 0 {
		t.Errorf("an unknown service has %v", none)
	}
}

func TestCovers(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		pattern, text string
		want          bool
	}{
		{"", "", true},
		{"*", "", true},
		{"", "a", false},
		{"a*", "a", true},
		{"?", "", false},
		{"a*b*c", "a:b:b:c", true},
		{"a*b*c", "a:b:b:d", false},
		{"*ab", "aab", true},
		{"a?c", "abc", true},
		{strings.Repeat("*a", 30) + "b", strings.Repeat("a", 4000), false},
	} {
		if got := covers(tc.pattern, tc.text); got != tc.want {
			t.Errorf("covers(%q, %.20q) = %v", tc.pattern, tc.text, got)
		}
	}
}

func TestLevelOfActions(t *testing.T) {
	t.Parallel()
	c := mustLoad(t)
	for action, want := range map[string]Level{
		"cce:cluster:get":             Project,
		"iam:users:getUser":           Global,
		"eps:enterpriseProjects:list": Global,
		"OBS:bucket:HeadBucket":       Global,
		"bss:order:pay":               Global,
		"ecs:cloudServers:get":        Project,
		"ecs:DescribeInstances":       Global, // RAM has no projects
		"nonesuch:a:b":                Project,
		"nonsense":                    Project,
	} {
		if got := c.Level(action); got != want {
			t.Errorf("%s is %s, want %s", action, got, want)
		}
	}
}

func TestLevelOfDocuments(t *testing.T) {
	t.Parallel()
	c := mustLoad(t)
	for name, tc := range map[string]struct {
		document string
		want     Level
		mixed    bool
	}{
		"project":        {`{"Version":"1.1","Statement":[{"Effect":"Allow","Action":["cce:node:get","ecs:*:*"]}]}`, Project, false},
		"global":         {`{"Version":"1.1","Statement":[{"Effect":"Allow","Action":["iam:*:get*"]},{"Effect":"Deny","Action":["eps:*:*"]}]}`, Global, false},
		"mixed":          {`{"Version":"1.1","Statement":[{"Effect":"Allow","Action":["cce:node:get"]},{"Effect":"Deny","Action":["iam:*:*"]}]}`, Project, true},
		"any service":    {`{"Version":"1.1","Statement":[{"Effect":"Allow","Action":["*:*:get"]}]}`, Both, false},
		"any and global": {`{"Version":"1.1","Statement":[{"Effect":"Allow","Action":["*:*:get","iam:*:*"]}]}`, Global, false},
		"RAM":            {`{"Version":"1","Statement":[{"Effect":"Allow","Action":["cs:*","ram:*"],"Resource":"*"}]}`, Global, false},
	} {
		d, err := policy.Parse([]byte(tc.document))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got, mixed := c.PolicyLevel(d); got != tc.want || mixed != tc.mixed {
			t.Errorf("%s is %s, mixed %v; want %s, %v", name, got, mixed, tc.want, tc.mixed)
		}
	}
}
