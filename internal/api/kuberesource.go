package api

import (
	"strings"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/internal/kube"
	"github.com/pratique-iam/pratique/internal/web"
)

// resource reads a resource as kubectl writes it: "pods", "deployments.apps", "pods/exec", "deploy". The kinds of Kubernetes itself are
// known by their short names and without their group, as kubectl finds them by asking the cluster; those of extensions need both
// in full.
func resource(text string, into *kube.Review) error {
	object, sub, hasSub := strings.Cut(text, "/")
	name, group, hasGroup := strings.Cut(object, ".")
	if name == "" || hasSub && sub == "" || hasGroup && group == "" || strings.ContainsAny(text, " \t\r\n*") || len(text) > 253 {
		err := web.Invalid("%q is not a resource", short(text))
		err.Hint = "resources look like pods, deployments.apps or pods/exec"
		return err
	}
	into.IsResource, into.Resource, into.Group, into.Subresource = true, strings.ToLower(name), strings.ToLower(group), sub
	if hasGroup {
		return nil
	}
	if known, ok := builtin(into.Resource); ok {
		into.Resource, into.Group = known.name, known.group
	}
	return nil
}

// kind is a resource of Kubernetes itself.
type kind struct {
	name  string
	group string
	also  string // other names, with a space between them
}

// kinds lists them. Events are those of the core group, as for kubectl.
func kinds() []kind {
	return []kind{
		{"bindings", "", "binding"},
		{"configmaps", "", "configmap cm"},
		{"endpoints", "", "ep"},
		{"events", "", "event ev"},
		{"limitranges", "", "limitrange limits"},
		{"namespaces", "", "namespace ns"},
		{"nodes", "", "node no"},
		{"persistentvolumeclaims", "", "persistentvolumeclaim pvc"},
		{"persistentvolumes", "", "persistentvolume pv"},
		{"pods", "", "pod po"},
		{"podtemplates", "", "podtemplate"},
		{"replicationcontrollers", "", "replicationcontroller rc"},
		{"resourcequotas", "", "resourcequota quota"},
		{"secrets", "", "secret"},
		{"serviceaccounts", "", "serviceaccount sa"},
		{"services", "", "service svc"},
		{"controllerrevisions", "apps", "controllerrevision"},
		{"daemonsets", "apps", "daemonset ds"},
		{"deployments", "apps", "deployment deploy"},
		{"replicasets", "apps", "replicaset rs"},
		{"statefulsets", "apps", "statefulset sts"},
		{"horizontalpodautoscalers", "autoscaling", "horizontalpodautoscaler hpa"},
		{"cronjobs", "batch", "cronjob cj"},
		{"jobs", "batch", "job"},
		{"certificatesigningrequests", "certificates.k8s.io", "certificatesigningrequest csr"},
		{"leases", "coordination.k8s.io", "lease"},
		{"endpointslices", "discovery.k8s.io", "endpointslice"},
		{"ingressclasses", "networking.k8s.io", "ingressclass"},
		{"ingresses", "networking.k8s.io", "ingress ing"},
		{"networkpolicies", "networking.k8s.io", "networkpolicy netpol"},
		{"poddisruptionbudgets", "policy", "poddisruptionbudget pdb"},
		{"clusterrolebindings", "rbac.authorization.k8s.io", "clusterrolebinding"},
		{"clusterroles", "rbac.authorization.k8s.io", "clusterrole"},
		{"rolebindings", "rbac.authorization.k8s.io", "rolebinding"},
		{"roles", "rbac.authorization.k8s.io", "role"},
		{"priorityclasses", "scheduling.k8s.io", "priorityclass pc"},
		{"csidrivers", "storage.k8s.io", "csidriver"},
		{"csinodes", "storage.k8s.io", "csinode"},
		{"storageclasses", "storage.k8s.io", "storageclass sc"},
		{"volumeattachments", "storage.k8s.io", "volumeattachment"},
		{"customresourcedefinitions", "apiextensions.k8s.io", "customresourcedefinition crd crds"},
		{"apiservices", "apiregistration.k8s.io", "apiservice"},
		{"mutatingwebhookconfigurations", "admissionregistration.k8s.io", "mutatingwebhookconfiguration"},
		{"validatingwebhookconfigurations", "admissionregistration.k8s.io", "validatingwebhookconfiguration"},
	}
}

func builtin(name string) (kind, bool) {
	for _, k := range kinds() {
		if name == k.name {
			return k, true
		}
		for also := range strings.FieldsSeq(k.also) {
			if name == also {
				return k, true
			}
		}
	}
	return kind{}, false
}

// verb checks the verb of a question, and says what the commands of kubectl are that are no verbs.
func verb(text string) (string, error) {
	verb := strings.ToLower(text)
	asked := map[string]string{
		"exec": "create pods/exec", "attach": "create pods/attach", "port-forward": "create pods/portforward", "logs": "get pods/log",
		"log": "get pods/log", "describe": "get", "apply": "patch, and create for what is not there", "edit": "patch",
		"scale": "patch deployments.apps/scale", "run": "create pods", "cp": "create pods/exec", "cordon": "patch nodes", "drain": "create pods/eviction",
	}
	if say, ok := asked[verb]; ok {
		return "", &pratique.Error{
			Kind: pratique.ErrInvalid, Message: verb + " is a command of kubectl and not a verb of Kubernetes", Hint: "ask about: " + say,
		}
	}
	if verb == "" || len(verb) > 64 || strings.Trim(verb, "abcdefghijklmnopqrstuvwxyz-") != "" {
		return "", &pratique.Error{
			Kind: pratique.ErrInvalid, Message: "verb is " + short(text) + ", which is not a verb of Kubernetes",
			Hint: "use get, list, watch, create, update, patch, delete or deletecollection",
		}
	}
	return verb, nil
}
