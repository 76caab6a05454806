package access_test

import (
	"encoding/csv"
	"os"
	"slices"
	"strings"
	"testing"
)

// tables are the vendor's own; they live outside the repository.
func table(t *testing.T, name string) [][]string {
	t.Helper()
	f, err := os.Open("../../../shared/catalog/" + name)
	if os.IsNotExist(err) {
		t.Skipf("skipped: the seed's table %s is not here", name)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows[1:]
}

// Tables 1 and 2: for every cell, a member of a group with the policy may do the action on that type of cluster exactly when the table has
// a tick.
func TestTheTablesOfTheSystemPoliciesHoldCellByCell(t *testing.T) {
	t.Parallel()
	for file, name := range map[string]string{"cce-full-access.csv": "CCE FullAccess", "cce-read-only-access.csv": "CCE ReadOnlyAccess"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rows := table(t, file)
			w := newWorld(t)
			w.user(t, "alice")
			w.grant(t, "alice", "{project: local-1}", name)
			for _, row := range rows {
				if row[1] == "" {
					continue // a row of another service: no operation of ours, see the catalogue's tests
				}
				cell(t, &w, row[1], "cce-standard", row[2])
				cell(t, &w, row[1], "cce-turbo", row[2])
				cell(t, &w, row[1], "cce-autopilot", row[3])
			}
		})
	}
}

func cell(t *testing.T, w *world, action, clusterType, tick string) {
	t.Helper()
	if tick == "yes" {
		w.allow(t, "alice", action, onType(clusterType))
	} else {
		w.deny(t, "alice", action, onType(clusterType))
	}
}

func TestReadOnlyAccessWritesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.user(t, "alice")
	w.grant(t, "alice", "{project: local-1}", "CCE ReadOnlyAccess")
	var readable []string
	for _, row := range table(t, "cce-read-only-access.csv") {
		readable = append(readable, row[1])
	}
	for _, row := range table(t, "cce-full-access.csv") {
		if row[1] != "" && !slices.Contains(readable, row[1]) {
			w.deny(t, "alice", row[1])
		}
	}
}

// The verification steps of seed B: buying a cluster is refused, other services too.
func TestReadOnlyAccessInEffect(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.user(t, "alice")
	w.grant(t, "alice", "{project: local-1}", "CCE ReadOnlyAccess")
	w.allow(t, "alice", "cce:cluster:list")
	w.allow(t, "alice", "cce:kubernetes:get")
	w.deny(t, "alice", "cce:cluster:create")
	w.deny(t, "alice", "ecs:cloudServers:delete")
	w.deny(t, "alice", "cce:cluster:list", w.project("eu-1"))
}

func TestTheThreeExamplesOfCustomPolicies(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.custom(t, "example-1", `{ "Version": "1.1", "Statement": [ { "Effect": "Allow", "Action": [ "cce:cluster:create" ] } ] }`)
	w.custom(t, "example-2", `{ "Version": "1.1", "Statement": [ { "Effect": "Deny", "Action": [ "cce:node:delete" ] } ] }`)
	w.custom(t, "example-3", `{ "Version": "1.1", "Statement": [ { "Action": [ "ecs:cloudServers:resize", "ecs:cloudServers:delete", "ecs:cloudServers:delete", "ims:images:list", "ims:serverImages:create" ], "Effect": "Allow" } ] }`)
	for _, name := range []string{"one", "two", "three"} {
		w.user(t, name)
	}
	w.grant(t, "one", "{project: local-1}", "example-1")
	w.allow(t, "one", "cce:cluster:create")
	w.deny(t, "one", "cce:cluster:delete")

	w.grant(t, "two", "{project: local-1}", "example-2")
	w.deny(t, "two", "cce:node:get") // a deny alone allows nothing
	w.grant(t, "two", "{project: local-1}", "CCE FullAccess")
	w.deny(t, "two", "cce:node:delete")
	for _, action := range []string{"cce:node:create", "cce:node:update", "cce:node:get", "cce:node:list", "cce:nodepool:delete"} {
		w.allow(t, "two", action)
	}

	w.grant(t, "three", "{project: local-1}", "example-3")
	for _, action := range []string{"ecs:cloudServers:resize", "ecs:cloudServers:delete", "ims:images:list", "ims:serverImages:create"} {
		w.allow(t, "three", action)
	}
	w.deny(t, "three", "ecs:cloudServers:create")
}

// Table 3: a grant on an enterprise project has no effect on what does not support enterprise projects.
func TestEnterpriseProjectsReachWhatSupportsThem(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "kind: EnterpriseProject\nmetadata: {name: payments}")
	w.user(t, "alice")
	w.grant(t, "alice", "{enterpriseProject: payments}", "CCE FullAccess")
	for _, row := range table(t, "enterprise-project-support.csv") {
		action := map[string]string{"tag": "cce:cluster:update"}[row[0]]
		if action == "" {
			action = "cce:" + row[0] + ":list"
		}
		if row[0] == "quota" {
			action = "cce:quota:get"
		}
		if row[2] == "yes" {
			w.allow(t, "alice", action, w.enterprise("payments"))
			w.deny(t, "alice", action, w.enterprise("default"))
			w.deny(t, "alice", action)
		} else {
			w.deny(t, "alice", action, w.enterprise("payments"))
		}
	}
}

func TestTheProjectIsAskedBeforeTheEnterpriseProject(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "kind: EnterpriseProject\nmetadata: {name: payments}")
	w.custom(t, "no-delete", `{"Version": "1.1", "Statement": [{"Effect": "Deny", "Action": ["cce:cluster:delete"]}]}`)
	for _, name := range []string{"ann", "ben", "cleo"} {
		w.user(t, name)
	}
	w.grant(t, "ann", "{project: local-1}", "CCE FullAccess")
	w.grant(t, "ann", "{enterpriseProject: payments}", "no-delete")
	w.allow(t, "ann", "cce:cluster:delete", w.enterprise("payments")) // the project's allow ends the walk

	w.grant(t, "ben", "{project: local-1}", "no-delete")
	w.grant(t, "ben", "{enterpriseProject: payments}", "CCE FullAccess")
	w.deny(t, "ben", "cce:cluster:delete", w.enterprise("payments"))
	w.allow(t, "ben", "cce:cluster:get", w.enterprise("payments")) // undecided in the project

	w.grant(t, "cleo", "{enterpriseProject: payments}", "CCE FullAccess", "no-delete")
	w.deny(t, "cleo", "cce:cluster:delete", w.enterprise("payments"))
}

func TestBasicRolesOfIAM(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, name := range []string{"admin", "guest", "security", "both", "agent"} {
		w.user(t, name)
	}
	w.grant(t, "admin", "{allProjects: true}", "Tenant Administrator")
	w.grant(t, "admin", "{account: true}", "Tenant Administrator")
	w.allow(t, "admin", "cce:cluster:delete")
	w.allow(t, "admin", "ecs:cloudServers:delete")
	w.deny(t, "admin", "iam:users:listUsers")
	w.deny(t, "admin", "iam:groups:listGroups")

	w.grant(t, "guest", "{allProjects: true}", "Tenant Guest")
	w.allow(t, "guest", "cce:cluster:get")
	w.allow(t, "guest", "cce:node:list")
	w.deny(t, "guest", "cce:node:delete")
	w.deny(t, "guest", "iam:users:listUsers")

	// All of IAM but switching roles; only these see groups and what they hold.
	w.grant(t, "security", "{account: true}", "Security Administrator")
	w.allow(t, "security", "iam:groups:listGroups")
	w.allow(t, "security", "grant.list")
	w.allow(t, "security", "iam:users:createUser")
	w.deny(t, "security", "iam:agencies:assume")
	w.deny(t, "security", "iam:tokens:assume")
	w.deny(t, "security", "cce:cluster:get")
	w.grant(t, "agent", "{account: true}", "Agent Operator")
	w.allow(t, "agent", "iam:agencies:assume")

	// Roles add up: the administrator's carve-out does not reach into the security administrator's allow.
	w.grant(t, "both", "{account: true}", "Tenant Administrator", "Security Administrator")
	w.grant(t, "both", "{allProjects: true}", "Tenant Administrator")
	w.allow(t, "both", "iam:users:createUser")
	w.allow(t, "both", "cce:cluster:delete")
}

func TestNobodyButSecurityAdministratorsSeesGroups(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, p := range []string{"CCE FullAccess", "CCE ReadOnlyAccess", "Tenant Administrator", "Tenant Guest", "CCE Administrator"} {
		name := strings.ToLower(strings.ReplaceAll(p, " ", "-"))
		w.user(t, name)
		w.grant(t, name, "{account: true}", p)
		w.grant(t, name, "{allProjects: true}", p)
		w.deny(t, name, "iam:groups:listGroups")
		w.deny(t, name, "group.list")
		w.deny(t, name, "grant.list")
	}
}

func TestAPolicysDenyBeatsARole(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.user(t, "alice")
	w.custom(t, "no-stop", `{"Version": "1.1", "Statement": [{"Effect": "Deny", "Action": ["cce:cluster:stop"]}]}`)
	w.grant(t, "alice", "{allProjects: true}", "Tenant Administrator", "no-stop")
	w.deny(t, "alice", "cce:cluster:stop")
	w.allow(t, "alice", "cce:cluster:start")
}

func TestARoleWorksOnlyBesideTheRolesItDependsOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.user(t, "david")
	w.grant(t, "david", "{allProjects: true}", "CCE Administrator")
	w.deny(t, "david", "cce:cluster:create")
	w.grant(t, "david", "{allProjects: true}", "Tenant Guest", "Server Administrator", "ELB Administrator", "SFS Administrator", "SWR Admin")
	w.grant(t, "david", "{project: local-1}", "APM FullAccess")
	w.grant(t, "david", "{account: true}", "OBS Administrator")
	w.deny(t, "david", "cce:cluster:create") // one of them is granted in a narrower scope
	w.grant(t, "david", "{allProjects: true}", "APM FullAccess")
	w.allow(t, "david", "cce:cluster:create")
	w.allow(t, "david", "cce:cluster:create", w.project("eu-1"))
}

func TestPrepaidPurchasesNeedTheRightToPay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.custom(t, "payer", `{"Version": "1.1", "Statement": [{"Effect": "Allow", "Action": ["bss:*:*"]}]}`)
	w.user(t, "alice")
	w.grant(t, "alice", "{project: local-1}", "CCE FullAccess")
	w.allow(t, "alice", "cce:cluster:create")
	w.allow(t, "alice", "cce:cluster:create", with("billing", "postpaid"))
	w.deny(t, "alice", "cce:cluster:create", with("billing", "prepaid"))
	w.deny(t, "alice", "cce:node:create", with("billing", "prepaid"))
	w.grant(t, "alice", "{account: true}", "payer")
	w.allow(t, "alice", "cce:cluster:create", with("billing", "prepaid"))
	w.allow(t, "alice", "cce:node:create", with("billing", "prepaid"))
}

// FullAccess excludes privileged administrator operations, although cce:*:* covers their names.
func TestCertificatesNeedAnAdministratorRole(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, name := range []string{"full", "tenant"} {
		w.user(t, name)
	}
	w.grant(t, "full", "{allProjects: true}", "CCE FullAccess")
	w.grant(t, "tenant", "{allProjects: true}", "Tenant Administrator")
	w.deny(t, "full", "cluster.clustercert", onType("cce-standard"))
	w.allow(t, "tenant", "cluster.clustercert", onType("cce-standard"))
}

func TestUnsupportedOperationsAreRefusedWhoeverAsks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.allow(t, "root", "cce:cluster:stop", onType("cce-standard"))
	w.deny(t, "root", "cce:cluster:stop", onType("cce-autopilot"))
}
