package catalog

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pratique-iam/pratique/policy"
)

// vendorTable reads a table as it was taken from the vendor's page, without its head.
func vendorTable(t *testing.T, name string) [][]string {
	t.Helper()
	f, err := os.Open(filepath.Join("..", "..", "shared", "catalog", name))
	if os.IsNotExist(err) {
		t.Skipf("the vendor's table %s does not lie beside the repository", name)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows[1:]
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func TestTablesAreThoseOfTheVendor(t *testing.T) {
	t.Parallel()
	for name, file := range map[string]string{"CCE FullAccess": "cce-full-access.csv", "CCE ReadOnlyAccess": "cce-read-only-access.csv"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var ours [][]string
			for _, r := range table(t, name).Rows {
				ours = append(ours, []string{r.Action, r.Specific, yesNo(r.Standard), yesNo(r.Autopilot)})
			}
			if diff := cmp.Diff(vendorTable(t, file), ours); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func table(t *testing.T, policyName string) Table {
	t.Helper()
	c := mustLoad(t)
	i := slices.IndexFunc(c.Tables, func(table Table) bool { return table.Policy == policyName })
	if i < 0 {
		t.Fatalf("no table for %s", policyName)
	}
	return c.Tables[i]
}

func TestPoliciesHoldTheActionsOfTheirTablesInOrder(t *testing.T) {
	t.Parallel()
	c := mustLoad(t)
	for _, table := range c.Tables {
		var want, got []string
		for _, r := range table.Rows {
			if !slices.Contains(want, r.Action) {
				want = append(want, r.Action)
			}
		}
		p, _ := c.Policy(table.Policy)
		for _, s := range p.Document.Statements {
			for _, a := range s.Actions {
				got = append(got, a.Text)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", table.Policy, diff)
		}
	}
}

// TestTablesCellByCell asks for each concrete action and each cluster type: the policy allows it, and the operation is supported, exactly
// where the table says yes.
func TestTablesCellByCell(t *testing.T) {
	t.Parallel()
	c := mustLoad(t)
	for _, table := range c.Tables {
		cells := 0
		for _, row := range table.Rows {
			if row.Specific == "" {
				continue
			}
			ops := c.ByAction(row.Specific)
			if len(ops) == 0 {
				t.Errorf("%s: no operation for %s", table.Policy, row.Specific)
			}
			allowed := decide(t, table.Policy, row.Specific, "") == policy.Allow
			for _, clusterType := range []string{"cce-standard", "cce-turbo", "cce-autopilot"} {
				supported := slices.ContainsFunc(ops, func(o *Operation) bool { return Supported(o, clusterType) })
				if got, want := allowed && supported, row.Supports(clusterType); got != want {
					t.Errorf("%s: %s on %s is %v, want %v", table.Policy, row.Specific, clusterType, got, want)
				}
				cells++
			}
		}
		if cells == 0 {
			t.Errorf("%s: nothing was compared", table.Policy)
		}
	}
}

func TestTablesSayNothingOfOtherClusterTypes(t *testing.T) {
	t.Parallel()
	if row := table(t, "CCE FullAccess").Rows[0]; row.Supports("ack-managed") {
		t.Error("the vendor's table speaks of another vendor's cluster")
	}
}

func TestEnterpriseProjectSupport(t *testing.T) {
	t.Parallel()
	c := mustLoad(t)
	for _, row := range vendorTable(t, "enterprise-project-support.csv") {
		found := false
		for i := range c.Operations {
			o := &c.Operations[i]
			if o.Kind != row[0] {
				continue
			}
			found = true
			if got := yesNo(o.EnterpriseProject); got != row[2] {
				t.Errorf("%s: %s, want %s", o.ID, got, row[2])
			}
		}
		if !found {
			t.Errorf("no operation on a %s", row[0])
		}
	}
}

func TestEnterpriseProjectSupportOfActions(t *testing.T) {
	t.Parallel()
	c := mustLoad(t)
	for action, want := range map[string][2]bool{ // supported, known
		"cce:node:delete":             {true, true},
		"CCE:NODE:DELETE":             {true, true},
		"cs:DeleteCluster":            {true, true},
		"cce:kubernetes:get":          {true, true},
		"cce:kubernetes:somethingNew": {true, true}, // as the others of its type
		"k8s:SomethingNew":            {true, true},
		"cce:quota:get":               {false, true},
		"cce:chart:upload":            {false, true},
		"cce:addonTemplate:list":      {false, true},
		"cce:userAuthorization:get":   {false, true},
		"iam:users:createUser":        {false, true},
		"iam:permissions:grantRoleToGroupOnEnterpriseProject": {true, true},
		"iam:permissions:somethingNew":                        {false, false}, // its type is of two minds
		"ecs:cloudServers:get":                                {false, false},
		"nonsense":                                            {false, false},
	} {
		if supported, known := c.EnterpriseProject(action); supported != want[0] || known != want[1] {
			t.Errorf("%s: supported %v, known %v; want %v", action, supported, known, want)
		}
	}
}

func TestPermissionMethodsOfClusterTypes(t *testing.T) {
	t.Parallel()
	c := mustLoad(t)
	methods := map[[2]string]string{}
	for _, row := range vendorTable(t, "mse-permission-methods.csv") {
		methods[[2]string{row[0], row[1]}] = row[2]
	}
	for _, clusterType := range c.ClusterTypes {
		if got, want := clusterType.Existing, methods[[2]string{clusterType.Name, "existing cluster"}]; got != want {
			t.Errorf("existing %s: %q, want %q", clusterType.Name, got, want)
		}
		if got, want := clusterType.New, methods[[2]string{clusterType.Name, "new cluster"}]; got != want {
			t.Errorf("new %s: %q, want %q", clusterType.Name, got, want)
		}
	}
}
