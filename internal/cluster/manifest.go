package cluster

import (
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/pratique-iam/pratique/internal/kube"
)

// Manifest is what an administrator of the cluster applies once: a service account for Pratique, its rights, a token, and in comments what each
// right is for and how the kubeconfig is made that attaches the cluster. It is pure.
func (o Onboarding) Manifest() []byte {
	const settled = `[{kind: ServiceAccount, name: ` + OnboardingAccount + `, namespace: ` + OnboardingNamespace + `}]`
	var b strings.Builder
	b.WriteString(o.preamble())
	object := func(format string, args ...any) { fmt.Fprintf(&b, "---\n"+format, args...) }
	object("apiVersion: v1\nkind: Namespace\nmetadata: {name: %s}\n", OnboardingNamespace)
	object("apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: %s, namespace: %s}\nautomountServiceAccountToken: false\n", OnboardingAccount, OnboardingNamespace)
	object("# The credential: Kubernetes puts the token into it. Deleting it ends the access of Pratique at once.\n"+
		"apiVersion: v1\nkind: Secret\ntype: kubernetes.io/service-account-token\nmetadata:\n  name: %s\n  namespace: %s\n"+
		"  annotations: {kubernetes.io/service-account.name: %s}\n", OnboardingToken, OnboardingNamespace, OnboardingAccount)
	object("apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: %s}\nrules:\n%s", OnboardingRole, o.rules(""))
	object("apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: %s}\n"+
		"roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: %s}\nsubjects: %s\n", OnboardingRole, OnboardingRole, settled)
	if rules := o.rules(metav1.NamespaceSystem); rules != "" {
		object("apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: %s, namespace: %s}\nrules:\n%s", OnboardingRole, metav1.NamespaceSystem, rules)
		object("apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: %s, namespace: %s}\n"+
			"roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: %s}\nsubjects: %s\n", OnboardingRole, metav1.NamespaceSystem, OnboardingRole, settled)
	}
	if slices.Contains(o.Without, PartAdministrators) && !slices.Contains(o.Without, PartProxy) {
		object("# Pratique may not make this binding, so it stands here. Without it the administrators of the account have no rights through the access proxy.\n"+
			"apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: %s}\n"+
			"roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: %s}\n"+
			"subjects: [{apiGroup: rbac.authorization.k8s.io, kind: Group, name: %q}]\n", AdministratorsBinding, clusterAdmin, kube.AdministratorsGroup)
	}
	return []byte(b.String())
}

// rules writes those of a namespace, or of the whole cluster, each with its reason. JSON is YAML, and what kubectl reads need not be pretty.
func (o Onboarding) rules(namespace string) string {
	var b strings.Builder
	for _, r := range o.Rights() {
		if r.Namespace != namespace {
			continue
		}
		fmt.Fprintf(&b, "# To %s.\n- {apiGroups: %s, resources: %s", r.For, list(r.Rule.APIGroups), list(r.Rule.Resources))
		if len(r.Rule.ResourceNames) > 0 {
			fmt.Fprintf(&b, ", resourceNames: %s", list(r.Rule.ResourceNames))
		}
		fmt.Fprintf(&b, ", verbs: %s}\n", list(r.Rule.Verbs))
	}
	return b.String()
}

func list(items []string) string {
	quoted := make([]string, len(items))
	for i, item := range items {
		quoted[i] = quote(item)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

// preamble tells the administrator what they are about to give away, and what to do next. The lines behind four blanks are a program.
func (o Onboarding) preamble() string {
	var b strings.Builder
	b.WriteString(`# What Pratique needs in a cluster that it is attached to. Apply it once, as an administrator of the cluster: kubectl apply -f FILE
# To end it all: kubectl delete -f FILE
#
# The credential is worth what stands here. Read it before you apply it:
# - Pratique writes bindings, and may bind the ClusterRoles that are named under "bind" and no others. It may not "escalate", which would let
#   it write itself any role, and it may not change roles. It could delete bindings of others; it touches none but its own.
`)
	if !slices.Contains(o.Without, PartAdministrators) {
		fmt.Fprintf(&b, "# - %s is one of them, for two bindings: %s and %s. Leave it out with --without %s.\n", clusterAdmin, AdministratorsBinding, CreatorBinding, PartAdministrators)
	}
	if !slices.Contains(o.Without, PartProxy) {
		fmt.Fprintf(&b, "# - It may impersonate, because the access proxy acts for people. RBAC cannot limit that to names that begin with %s, so that whoever steals\n"+
			"#   the credential may be anybody in the cluster. Pratique itself sends no other names. Where the kube-apiserver asks Pratique by itself\n"+
			"#   (pratique cluster connect) it can be left out: --without %s.\n", kube.Prefix, PartProxy)
	}
	fmt.Fprintf(&b, `#
# Then make a kubeconfig of the token, with the address and the authority that your own kubectl uses; Pratique must reach that address too:
#
#    server=$(kubectl config view --minify --flatten --raw -o jsonpath='{.clusters[0].cluster.server}')
#    ca=$(kubectl config view --minify --flatten --raw -o jsonpath='{.clusters[0].cluster.certificate-authority-data}')
#    token=$(kubectl get secret %[1]s -n %[2]s -o jsonpath='{.data.token}' | base64 -d)
#    (umask 077; cat > pratique.kubeconfig) <<END
#    {apiVersion: v1, kind: Config, current-context: pratique, contexts: [{name: pratique, context: {cluster: pratique, user: pratique}}],
#    clusters: [{name: pratique, cluster: {server: "$server", certificate-authority-data: "$ca"}}], users: [{name: pratique, user: {token: "$token"}}]}
#    END
#
# Attach the cluster with it, and delete the file: Pratique keeps the credential encrypted.
#
#    pratique cluster attach NAME --type TYPE --kubeconfig pratique.kubeconfig
`, OnboardingToken, OnboardingNamespace)
	return b.String()
}
