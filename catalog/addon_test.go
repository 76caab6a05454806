package catalog

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/pratique-iam/pratique/policy"
)

// TestGoldenAddons keeps what the catalogue's add-ons need, cluster type by cluster type.
func TestGoldenAddons(t *testing.T) {
	t.Parallel()
	c := mustLoad(t)
	var b bytes.Buffer
	for i := range c.Addons {
		a := &c.Addons[i]
		fmt.Fprintf(&b, "%s: %s %s/%s\n", a.Name, a.Workload.Kind, a.Namespace, a.Workload.Name)
		for _, v := range a.Versions {
			objects, err := v.Objects()
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&b, "  version %s\n", v.Version)
			for _, o := range objects {
				fmt.Fprintf(&b, "    %s %s\n", o.Kind(), strings.TrimPrefix(o.Namespace()+"/"+o.Name(), "/"))
			}
		}
		for _, ct := range c.ClusterTypes {
			if !a.Supports(ct.Name) {
				continue
			}
			principal, ok := a.Principal(&ct)
			if !ok {
				fmt.Fprintf(&b, "  %s: nothing beyond the cluster\n", ct.Name)
				continue
			}
			fmt.Fprintf(&b, "  %s: %s %s, %s\n", ct.Name, principal.Controllers, dash(principal.Role), principal.Policy)
			for _, p := range a.Needs(&ct) {
				fmt.Fprintf(&b, "    %s %s on %s %v when %s\n", p.ID, strings.Join(p.Actions, " "), strings.Join(p.Resources, " "), p.Context, dash(p.When))
			}
		}
	}
	golden(t, "addons.txt", b.Bytes())
}

func mse(t *testing.T) *Addon {
	t.Helper()
	a, ok := mustLoad(t).Addon("mse-ingress-controller")
	if !ok {
		t.Fatal("there is no such add-on")
	}
	return a
}

// Seed A: on managed clusters the service role with its policy is enough, on dedicated ones AliyunMSEFullAccess is, until access logs are
// turned on.
func TestTheVendorsPolicyCoversWhatAnAddonNeeds(t *testing.T) {
	t.Parallel()
	c := mustLoad(t)
	a := mse(t)
	for _, ct := range c.ClusterTypes {
		principal, ok := a.Principal(&ct)
		if !a.Supports(ct.Name) {
			continue
		}
		if !ok || principal.Policy == "" {
			t.Fatalf("%s has no principal with a policy", ct.Name)
		}
		for _, p := range a.Needs(&ct) {
			if p.When != "" && ct.Controllers == "worker-role" {
				continue
			}
			if !policyCovers(t, principal.Policy, p) {
				t.Errorf("%s: %s does not cover %s", ct.Name, principal.Policy, p.ID)
			}
		}
	}
}

func policyCovers(t *testing.T, name string, p *Permission) bool {
	t.Helper()
	doc, ok := mustLoad(t).Policy(name)
	if !ok {
		t.Fatalf("no policy %s", name)
	}
	set := policy.Compile(policy.Source{Document: doc.Document})
	for _, action := range p.Actions {
		for _, r := range p.Resources {
			q := policy.Request{Action: action, Resource: strings.ReplaceAll(r, "*", "x")}
			for k, v := range p.Context {
				q.Context = append(q.Context, policy.Attribute{Key: k, Values: []string{v}})
			}
			if got, _, _ := set.Decide(&q); got != policy.Allow {
				return false
			}
		}
	}
	return true
}

func TestWhoeverManagesClustersHandsRolesToTheContainerServiceAlone(t *testing.T) {
	t.Parallel()
	p, _ := mustLoad(t).Policy("AliyunCSFullAccess")
	set := policy.Compile(policy.Source{Document: p.Document})
	for service, want := range map[string]policy.Effect{"cs.aliyuncs.com": policy.Allow, "ecs.aliyuncs.com": policy.Undecided, "": policy.Undecided} {
		q := policy.Request{Action: "ram:PassRole", Resource: "acs:ram::7:role/aliyuncsmanagedmserole"}
		if service != "" {
			q.Context = []policy.Attribute{{Key: "acs:Service", Values: []string{service}}}
		}
		if got, _, _ := set.Decide(&q); got != want {
			t.Errorf("to %q: %s, want %s", service, got, want)
		}
	}
}

func TestOpenSourceAddonsNeedNothingOfTheCloudAndRunEverywhere(t *testing.T) {
	t.Parallel()
	c := mustLoad(t)
	for _, name := range []string{"kube-state-metrics", "descheduler"} {
		a, ok := c.Addon(name)
		if !ok || len(a.Permissions) > 0 || a.ClusterTypes != nil {
			t.Errorf("%s: %+v", name, a)
		}
	}
}

const small = `
name: small
title: Small
description: "A controller."
namespace: small
workload: {kind: Deployment, name: small}
clusterTypes: [ack-managed]
settings: {group: example.com, version: v1, resource: smalls, kind: Small}
principals: [{controllers: service-role, role: SmallRole, service: cs.aliyuncs.com}]
permissions:
  - {id: one, title: One, actions: ["mse:AddGateway"], resources: ["*"], when: spec.on}
versions:
  - version: 1.0.0
    manifests: |
      apiVersion: apps/v1
      kind: Deployment
      metadata: {name: small, namespace: small}
`

func TestAnAddonFileIsReadStrictly(t *testing.T) {
	t.Parallel()
	c := mustLoad(t)
	a, err := ParseAddon([]byte(small))
	if err != nil {
		t.Fatal(err)
	}
	if err := c.CheckAddon(&a); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct{ old, new, want string }{
		"unknown member":      {"namespace: small\nwork", "namespaces: small\nwork", `unknown field "namespaces"`},
		"member twice":        {"title: Small", "title: Small\ntitle: Smaller", `already set`},
		"unknown type":        {"[ack-managed]", "[ack-lunar]", `cluster type "ack-lunar" is not known`},
		"unknown action":      {"mse:AddGateway", "ram:AddGateway", `"ram:AddGateway" is not the name of one action`},
		"wildcard":            {"mse:AddGateway", "mse:*", `"mse:*" is not the name of one action`},
		"other language":      {`resources: ["*"]`, `resources: ["cce:*:*:node:*"]`, "is not in the language of the actions"},
		"setting of nothing":  {"settings: {group: example.com, version: v1, resource: smalls, kind: Small}\n", "", "the add-on has no settings"},
		"no path":             {"when: spec.on", "when: 'spec[0]'", "must be a path"},
		"principal":           {"role: SmallRole, ", "", "a service role needs role and service"},
		"nobody holds it":     {"principals: [{controllers: service-role, role: SmallRole, service: cs.aliyuncs.com}]\n", "", "permissions without principals"},
		"other principal":     {"when: spec.on", "when: spec.on, controllers: worker-role", `controllers "worker-role" has no principal`},
		"no workload":         {"metadata: {name: small, ", "metadata: {name: smaller, ", "there is no Deployment small in namespace small"},
		"no object":           {"kind: Deployment\n      meta", "kinds: Deployment\n      meta", "document 1 has no apiVersion, kind or metadata.name"},
		"neither":             {"    manifests: |\n      apiVersion: apps/v1\n      kind: Deployment\n      metadata: {name: small, namespace: small}\n", "", "needs either manifests or chart"},
		"terminal":            {`"A controller."`, `"A \x1b[2J controller."`, "description must be a line of text"},
		"name of a namespace": {"namespace: small\nwork", "namespace: ../small\nwork", `namespace "../small"`},
		"odd version":         {"1.0.0", "1.0 && true", "must be letters, digits"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if !strings.Contains(small, tc.old) {
				t.Fatalf("%q is not in the file", tc.old)
			}
			a, err := ParseAddon([]byte(strings.Replace(small, tc.old, tc.new, 1)))
			if err == nil {
				err = c.CheckAddon(&a)
			}
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want an error with %q", err, tc.want)
			}
		})
	}
}

func TestASettingIsSetWhenSomethingStandsThere(t *testing.T) {
	t.Parallel()
	o := Object{"spec": map[string]any{
		"block": map[string]any{}, "no": false, "yes": true, "none": nil, "text": "", "list": []any{}, "number": 0.0,
		"deep": map[string]any{"er": "x"},
	}}
	for path, want := range map[string]bool{
		"spec.block": true, "spec.yes": true, "spec.number": true, "spec.deep.er": true, "spec.no": false, "spec.none": false, "spec.text": false,
		"spec.list": false, "spec.absent": false, "spec.deep.er.more": false, "other": false,
	} {
		if got := o.Set(path); got != want {
			t.Errorf("%s is %t, want %t", path, got, want)
		}
	}
	if diff := slices.Compare(mse(t).Paths(), []string{"spec.common.network.vSwitches", "spec.global.ipAccessControl", "spec.monitor.logging.sls"}); diff != 0 {
		t.Errorf("paths: %v", mse(t).Paths())
	}
}

// FuzzParseAddon: whatever is read can be checked without a crash, and what passes can be used.
func FuzzParseAddon(f *testing.F) {
	f.Add([]byte(small))
	f.Add([]byte("name: x\npermissions: [{}]\nversions: [{manifests: '---\n{}'}]"))
	for _, a := range mustLoad(f).Addons {
		f.Add([]byte("name: " + a.Name + "\nversions: [{version: '1', manifests: |\n  " + strings.ReplaceAll(a.Versions[0].Manifests, "\n", "\n  ") + "}]"))
	}
	c := mustLoad(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		a, err := ParseAddon(data)
		if err != nil || c.CheckAddon(&a) != nil {
			return
		}
		if _, ok := a.Version(""); !ok {
			t.Fatal("an add-on without versions passed")
		}
		for _, v := range a.Versions {
			if _, err := v.Objects(); err != nil {
				t.Fatal(err)
			}
		}
	})
}
