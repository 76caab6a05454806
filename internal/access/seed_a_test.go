package access_test

import (
	"testing"
)

// The custom policy of seed A, attached to the worker role of a dedicated cluster.
const slsPolicy = `{
    "Version": "1",
    "Statement": [
        {
            "Action": ["log:CloseProductDataCollection", "log:OpenProductDataCollection", "log:GetProductDataCollection"],
            "Resource": ["acs:mse:*:*:instance/*", "acs:log:*:*:project/*/logstore/mse_*"],
            "Effect": "Allow"
        },
        {"Action": "ram:PassRole", "Resource": "acs:ram::*:role/aliyunserviceroleforslsaudit", "Effect": "Allow"},
        {
            "Action": "ram:CreateServiceLinkedRole",
            "Resource": "*",
            "Effect": "Allow",
            "Condition": {"StringEquals": {"ram:ServiceName": "audit.log.aliyuncs.com"}}
        }
    ]}`

func TestTheLogServicePolicyOnAWorkerRole(t *testing.T) {
	t.Parallel()
	w := newWorld(t, `
kind: Role
metadata: {name: KubernetesWorkerRole-c1}
spec:
  trust: {"Version": "1", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": ["ecs.aliyuncs.com"]}}]}`)
	w.custom(t, "sls", slsPolicy)
	const role = "KubernetesWorkerRole-c1"
	w.deny(t, role, "log:OpenProductDataCollection", on("acs:mse:cn-hangzhou:1:instance/gw-1"))
	w.apply(t, "kind: Grant\nmetadata: {name: worker-sls}\nspec: {role: "+role+", policy: sls, scope: {account: true}}")

	for _, action := range []string{"log:CloseProductDataCollection", "log:OpenProductDataCollection", "log:GetProductDataCollection"} {
		w.allow(t, role, action, on("acs:mse:cn-hangzhou:1000000000000001:instance/gw-1"))
		w.allow(t, role, action, on("acs:log:cn-hangzhou:1000000000000001:project/p1/logstore/mse_access"))
		w.deny(t, role, action, on("acs:log:cn-hangzhou:1000000000000001:project/p1/logstore/nginx"))
		w.deny(t, role, action, on("acs:mse:cn-hangzhou:1000000000000001:cluster/c1"))
	}
	w.deny(t, role, "log:DeleteProject", on("acs:log:cn-hangzhou:1:project/p1"))

	// Role names compare without regard to case, as the vendor's own documents need.
	w.allow(t, role, "ram:PassRole", on("acs:ram::1000000000000001:role/AliyunServiceRoleForSLSAudit"))
	w.allow(t, role, "ram:PassRole", on("acs:ram::1000000000000001:role/aliyunserviceroleforslsaudit"))
	w.deny(t, role, "ram:PassRole", on("acs:ram::1000000000000001:role/AdministratorRole"))

	slr := on("acs:ram:*:1000000000000001:role/*")
	w.allow(t, role, "ram:CreateServiceLinkedRole", slr, with("ram:ServiceName", "audit.log.aliyuncs.com"))
	w.deny(t, role, "ram:CreateServiceLinkedRole", slr, with("ram:ServiceName", "mse.aliyuncs.com"))
	w.deny(t, role, "ram:CreateServiceLinkedRole", slr)
}

func TestAResourceGroupGrantReachesItsGroupOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "kind: EnterpriseProject\nmetadata: {name: payments}")
	w.custom(t, "no-delete", `{"Version": "1", "Statement": [{"Effect": "Deny", "Action": "cs:DeleteCluster", "Resource": "*"}]}`)
	w.user(t, "alice")
	w.grant(t, "alice", "{enterpriseProject: payments}", "AliyunCSFullAccess")
	w.allow(t, "alice", "cs:DeleteCluster", w.enterprise("payments"), on("acs:cs:local-1:1000000000000001:cluster/c1"))
	w.deny(t, "alice", "cs:DeleteCluster", w.enterprise("default"), on("acs:cs:local-1:1000000000000001:cluster/c1"))
	// An account-scope answer ends the walk, so a resource group's deny is not consulted after an allow there.
	w.grant(t, "alice", "{account: true}", "AliyunCSFullAccess")
	w.grant(t, "alice", "{enterpriseProject: payments}", "no-delete")
	w.allow(t, "alice", "cs:DeleteCluster", w.enterprise("payments"), on("acs:cs:local-1:1000000000000001:cluster/c1"))
}

func TestAPolicyOfOneLanguageNeverMatchesTheOther(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.user(t, "ram")
	w.user(t, "huawei")
	w.grant(t, "ram", "{account: true}", "AdministratorAccess")
	w.grant(t, "huawei", "{allProjects: true}", "CCE FullAccess")
	w.allow(t, "ram", "cs:DeleteCluster")
	w.deny(t, "ram", "cce:cluster:delete")
	w.allow(t, "huawei", "cce:cluster:delete")
	w.deny(t, "huawei", "cs:DeleteCluster")
}

// An identity operation has a name in both languages: either allows it, and an explicit deny in either denies it.
func TestIdentityOperationsAreAllowedInEitherLanguage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.custom(t, "no-users", `{"Version": "1.1", "Statement": [{"Effect": "Deny", "Action": ["iam:users:createUser"]}]}`)
	w.user(t, "ram")
	w.grant(t, "ram", "{account: true}", "AliyunRAMFullAccess")
	w.allow(t, "ram", "user.create")
	w.allow(t, "ram", "iam:users:createUser")
	w.grant(t, "ram", "{account: true}", "no-users")
	w.deny(t, "ram", "user.create")
	w.deny(t, "ram", "ram:CreateUser")
	w.allow(t, "ram", "user.delete")
}

func TestOlderNamesOfAnOperationAreHonoured(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.custom(t, "old-read", `{"Version": "1", "Statement": [{"Effect": "Allow", "Action": "cs:GetClusterById", "Resource": "*"}]}`)
	w.custom(t, "old-deny", `{"Version": "1", "Statement": [{"Effect": "Deny", "Action": "cs:GetClusterById", "Resource": "*"}]}`)
	w.user(t, "alice")
	w.grant(t, "alice", "{account: true}", "old-read")
	w.allow(t, "alice", "cs:DescribeClusterDetail")
	w.grant(t, "alice", "{account: true}", "old-deny", "AliyunCSFullAccess")
	w.deny(t, "alice", "cs:DescribeClusterDetail")
	w.allow(t, "alice", "cs:DeleteCluster")
}

func TestTheRightToGrantToUsersIsNotThatToGrantToGroups(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.custom(t, "attach", `{"Version": "1", "Statement": [{"Effect": "Allow", "Action": "ram:AttachPolicyToUser", "Resource": "*"}]}`)
	w.user(t, "alice")
	w.grant(t, "alice", "{account: true}", "attach")
	w.allow(t, "alice", "grant.create.account", forPrincipal("user"))
	w.deny(t, "alice", "grant.create.account", forPrincipal("group"))
	w.deny(t, "alice", "grant.create.account", forPrincipal("role"))
}
