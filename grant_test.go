package pratique_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pratique-iam/pratique"
)

func grantManifest(spec string) string { return "kind: Grant\nmetadata: {name: g}\nspec: " + spec }

func TestAGrantNamesOnePrincipalAndOneScope(t *testing.T) {
	t.Parallel()
	s, _ := apply(t, newAccount(t), people)
	for spec, sentence := range map[string]string{
		`{policy: CCE FullAccess, scope: {account: true}}`:                                   "names 0 principals",
		`{group: viewers, user: bob, policy: CCE FullAccess, scope: {account: true}}`:        "names 2 principals",
		`{group: viewers, policy: CCE FullAccess, scope: {}}`:                                "has 0 scopes",
		`{group: viewers, policy: CCE FullAccess, scope: {account: true, project: local-1}}`: "has 2 scopes",
		`{group: viewers, policy: AliyunCSFullAccess, scope: {project: local-1}}`:            "knows no projects",
		`{group: viewers, policy: CCE FullAccess, scope: {account: true}, surprise: yes}`:    "surprise",
	} {
		refuse(t, s, pratique.ErrInvalid, sentence, puts(t, grantManifest(spec))...)
	}
	for spec, sentence := range map[string]string{
		`{group: nobodies, policy: CCE FullAccess, scope: {account: true}}`:  `group "nobodies" does not exist`,
		`{group: viewers, policy: CCE AllAccess, scope: {account: true}}`:    `policy "CCE AllAccess" does not exist`,
		`{group: viewers, policy: CCE FullAccess, scope: {project: mars-1}}`: `project "mars-1" does not exist`,
	} {
		refuse(t, s, pratique.ErrNotFound, sentence, puts(t, grantManifest(spec))...)
	}
}

func TestGrantsWithoutEffectAreAcceptedWithAWarning(t *testing.T) {
	t.Parallel()
	s, _ := apply(t, newAccount(t), people)
	s, _ = apply(t, s, `
kind: Policy
metadata: {name: charts}
spec:
  document: {"Version": "1.1", "Statement": [{"Effect": "Allow", "Action": ["cce:chart:list", "cce:release:list"]}]}`)
	for spec, sentence := range map[string]string{
		`{group: viewers, policy: CCE ReadOnlyAccess, scope: {account: true}}`:     "at account scope they have no effect",
		`{group: viewers, policy: IAM ReadOnlyAccess, scope: {allProjects: true}}`: "in a project they have no effect",
		`{group: viewers, policy: charts, scope: {enterpriseProject: default}}`:    "no effect: cce:chart:list",
	} {
		_, plan := apply(t, s, grantManifest(spec))
		if all := strings.Join(plan.Warnings, "\n"); !strings.Contains(all, sentence) {
			t.Errorf("%s\n warns %q, want %q", spec, all, sentence)
		}
	}
}

func TestARoleWithoutTheRolesItDependsOnIsGrantedWithAWarning(t *testing.T) {
	t.Parallel()
	s, _ := apply(t, newAccount(t), people)
	s, plan := apply(t, s, grantManifest(`{group: viewers, policy: CCE Administrator, scope: {allProjects: true}}`))
	g, _ := s.Grants.Name("g")
	missing := s.MissingRoles(g)
	want := []string{"Tenant Guest", "Server Administrator", "ELB Administrator", "OBS Administrator", "SFS Administrator", "SWR Admin", "APM FullAccess"}
	if diff := cmp.Diff(want, missing); diff != "" {
		t.Errorf("missing roles (-want +got):\n%s", diff)
	}
	if all := strings.Join(plan.Warnings, "\n"); !strings.Contains(all, "does not work until group viewers also holds") {
		t.Errorf("nobody was told: %q", all)
	}
	manifests := ""
	for _, role := range want {
		scope := "allProjects"
		if role == "OBS Administrator" { // of a global service
			scope = "account"
		}
		manifests += "\n---\nkind: Grant\nmetadata: {name: dep-" + strings.ReplaceAll(role, " ", "-") + "}\nspec: {group: viewers, policy: " + role + ", scope: {" + scope + ": true}}"
	}
	s, plan = apply(t, s, manifests)
	if got := s.MissingRoles(g); len(got) != 0 {
		t.Errorf("still missing %v; warnings %q", got, plan.Warnings)
	}
}
