package catalog

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
)

// TestFaultyDataIsRefused makes one mistake at a time in the real files.
func TestFaultyDataIsRefused(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ file, old, new, want string }{
		"unknown key": {"services.yaml", "code: cce\n", "cod: cce\n", "unknown field"},
		"repeated key": {
			"services.yaml", "    level: project\n    resources: true\n", "    level: project\n    level: global\n", "already set",
		},
		"unknown level":     {"services.yaml", "level: project\n", "level: galaxy\n", `unknown level "galaxy"`},
		"service twice":     {"services.yaml", "{code: tms,", "{code: obs,", "service is there twice"},
		"foreign action":    {"services.yaml", `"tms:resourceTags:list"`, `"cts:trace:list"`, "is not an action of this service"},
		"unknown provider":  {"cluster-types.yaml", "provider: Alibaba", "provider: Nobody", "unknown provider"},
		"unknown gate":      {"cluster-types.yaml", "gate: open", "gate: ajar", "unknown gate"},
		"operation twice":   {"operations/node.yaml", "id: node.get,", "id: node.list,", "operation is there twice"},
		"id of other noun":  {"operations/node.yaml", "id: node.get,", "id: pod.get,", "the noun is the kind"},
		"no description":    {"operations/node.yaml", `description: "Show one node."`, `description: ""`, "without a description"},
		"unknown access":    {"operations/node.yaml", "access: Read", "access: Peek", "unknown access"},
		"no action":         {"operations/node.yaml", `huawei: "cce:node:update", clusterTypes`, `clusterTypes`, "without an action"},
		"wrong dialect":     {"operations/node.yaml", `"cs:AttachInstances"`, `"cce:node:attach"`, "not an action in RAM"},
		"wildcard":          {"operations/node.yaml", `"cce:node:get"`, `"cce:node:*"`, "is not an action of a service"},
		"unknown service":   {"operations/node.yaml", `"cce:node:get"`, `"ccx:node:get"`, "is not an action of a service"},
		"ambiguous alias":   {"operations/node.yaml", `"cs:GetNodepools"`, `"cs:GetClusterById"`, "means cs:DescribeClusterDetail as well"},
		"alias of a name":   {"operations/node.yaml", `"cs:GetNodepools"`, `"cs:DescribeClusterNodes"`, "means cs:DescribeClusterNodes as well"},
		"two spellings":     {"operations/node.yaml", `"cce:node:delete", ram: "cs:RemoveClusterNodes"`, `"cce:node:Delete", ram: "cs:RemoveClusterNodes"`, "is spelt"},
		"placeholder":       {"operations/node.yaml", "node:{cluster}/{name}", "node:{cluster}/{nam}", `unknown placeholder "nam"`},
		"no cluster type":   {"operations/node.yaml", "ack-dedicated]", "ack-imaginary]", "unknown cluster type"},
		"type without name": {"operations/cluster.yaml", `"cce:cluster:stop", clusterTypes: [cce-standard`, `"cce:cluster:stop", clusterTypes: [acs`, "this operation has no name"},
		"unknown role":      {"operations/cluster.yaml", "[te_admin, cce_adm]", "[te_admin, cce_boss]", `unknown role "cce_boss"`},
		"no reason":         {"operations/authorization.yaml", `reason: "cce:*:* must not let its holder give itself rights inside clusters"`, `reason: ""`, "a requirement needs a reason"},
		"odd condition":     {"operations/cluster.yaml", "when: billing=prepaid", "when: prepaid", "is not attribute=value"},
		"unregistered need": {"operations/cluster.yaml", "bss:order:pay", "bss:order:payy", `unknown action "bss:order:payy"`},
		"divided support":   {"operations/authorization.yaml", "cce:userAuthorization:get", "cce:cluster:get", "only one supports enterprise projects"},
		"stray variant":     {"operations/permission.yaml", `user: {huawei: "iam:permissions:grantRoleToUserOnDomain"`, `user: {huawei: "iam:users:getUser"`, "neither the action nor an alias"},
		"unknown principal": {"operations/permission.yaml", "          user: {huawei", "          robot: {huawei", `unknown kind of principal "robot"`},
		"missing document":  {"policies.yaml", "id: sys-cce-adm,", "id: sys-cce-admin,", "file does not exist"},
		"name twice":        {"policies.yaml", "alias: elb_adm", "alias: server_adm", "names another policy as well"},
		"role of a policy":  {"policies.yaml", "name: CCE FullAccess, type: policy", "name: CCE FullAccess, type: role", "with a document of version 1.1"},
		"provenance":        {"policies.yaml", "provenance: pratique", "provenance: rumour", "unknown provenance"},
		"project in RAM":    {"policies.yaml", "name: AliyunCSFullAccess, type: policy, level: global", "name: AliyunCSFullAccess, type: policy, level: project", "RAM knows no projects"},
		"broken document":   {"policies/sys-cce-adm.json", `"Version": "1.0"`, `"Version": "9"`, "policies/sys-cce-adm.json"},
		"missing role":      {"policies/sys-cce-adm.json", "Tenant Guest", "Tenant Ghost", `"Tenant Ghost", which is not there`},
		"unknown action":    {"policies/sys-cce-readonlyaccess.json", "kms:cmk:get", "kmx:cmk:get", `unknown action "kmx:cmk:get"`},
		"unknown table":     {"cce-tables.yaml", "policy: CCE FullAccess", "policy: CCE AllAccess", "no such policy"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := read(withFault(t, tc.file, tc.old, tc.new))
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want an error with %q", err, tc.want)
			}
		})
	}
}

// withFault copies the files and replaces the first occurrence of a text in one of them.
func withFault(t *testing.T, file, old, replacement string) fs.FS {
	t.Helper()
	files := fstest.MapFS{}
	err := fs.WalkDir(embedded, "data", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(embedded, name)
		files[name] = &fstest.MapFile{Data: data}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	f := files["data/"+file]
	if !strings.Contains(string(f.Data), old) {
		t.Fatalf("%s does not contain %q", file, old)
	}
	f.Data = []byte(strings.Replace(string(f.Data), old, replacement, 1))
	return files
}

func TestMissingFileIsNamed(t *testing.T) {
	t.Parallel()
	if _, err := read(fstest.MapFS{}); err == nil || !strings.Contains(err.Error(), "services.yaml") {
		t.Errorf("got %v", err)
	}
}
