package addon

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/component-helpers/auth/rbac/validation"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/catalog"
	"github.com/pratique-iam/pratique/internal/rbacsync"
)

// Requester is whoever would install the add-on, as the cluster knows them.
type Requester struct {
	Name      string // for people
	User      string
	Groups    []string
	Unlimited bool // nothing stops them: the root, Tenant and CCE Administrators
}

// NotLookedAt is the item for the half inside the cluster where that cannot be read. It fails nothing: installing looks again.
func NotLookedAt(a *catalog.Addon, reason string) pratique.ReportItem {
	return pratique.ReportItem{
		ID: "in-cluster", Item: "rights inside the cluster", NeededBy: a.Name, Status: pratique.ItemConditional, Error: "not looked at: " + reason,
	}
}

// InCluster says what a requester may not make of the objects of an add-on: what they may not create, and, role by role, the rules that they may not
// grant because they do not hold them (Kubernetes refuses privilege escalation through RBAC: whoever writes a role or binds one must hold what is
// in it, or hold escalate or bind on it).
//
// It reads what the cluster holds now, as kube-apiserver will; what the IAM gate says is another question, that is asked at each request.
func InCluster(a *catalog.Addon, view *rbacsync.View, who Requester, objects []catalog.Object) []pratique.ReportItem {
	i := inside{addon: a, view: view, who: who, objects: objects, plurals: plurals(objects)}
	items := []pratique.ReportItem{i.creating()}
	for _, o := range objects {
		switch o.Kind() {
		case "Role", "ClusterRole":
			items = append(items, i.granting(o, o.Namespace(), rulesOf(o)))
		case "RoleBinding", "ClusterRoleBinding":
			if item, foreign := i.binding(o); foreign {
				items = append(items, item)
			}
		}
	}
	return items
}

type inside struct {
	addon   *catalog.Addon
	view    *rbacsync.View
	who     Requester
	objects []catalog.Object
	plurals map[string]string
}

func (i *inside) item(id, what string) pratique.ReportItem {
	return pratique.ReportItem{ID: "in-cluster/" + id, Item: what, NeededBy: i.addon.Name, Principal: i.who.Name, Status: pratique.ItemOK}
}

// may asks Kubernetes' own rules.
func (i *inside) may(verb string, o catalog.Object) (ok bool, request string) {
	r := rbacsync.Request{Verb: verb, Group: o.Group(), Resource: i.resource(o.Kind()), Namespace: o.Namespace(), Name: o.Name()}
	if verb == "create" {
		r.Name = "" // a name is not known to the authorizer before the object is
	}
	if i.who.Unlimited {
		return true, r.String()
	}
	answer := i.view.Evaluate(i.who.User, i.who.Groups, r)
	r.Name = ""
	return answer.Allowed, r.String()
}

// creating: objects are applied server-side, which is a patch, and a create as well where they are not there yet.
func (i *inside) creating() pratique.ReportItem {
	item := i.item("create", fmt.Sprintf("create %d objects", len(i.objects)))
	for _, o := range i.objects {
		var verbs []string
		var what string
		for _, verb := range []string{"create", "patch"} {
			if verb == "create" && o.Kind() == "Namespace" && i.there(o.Name()) {
				continue
			}
			if ok, request := i.may(verb, o); !ok {
				verbs, what = append(verbs, verb), strings.TrimPrefix(request, verb+" ")
			}
		}
		if text := strings.Join(verbs, ", ") + " " + what; len(verbs) > 0 && !slices.Contains(item.Missing, text) {
			item.Missing = append(item.Missing, text)
		}
	}
	if len(item.Missing) > 0 {
		item.Status = pratique.ItemMissing
		item.Error = i.who.Name + " may not " + strings.Join(item.Missing, "; ")
		item.Fix = "a namespace permission that allows it, or somebody who has one installs the add-on"
	}
	return item
}

func (i *inside) there(namespace string) bool {
	for _, n := range i.view.Namespaces {
		if n.Name == namespace {
			return true
		}
	}
	return false
}

// granting compares the rules of a role with what the requester holds where the role would hold. Empty namespace: everywhere.
func (i *inside) granting(o catalog.Object, namespace string, rules []rbacv1.PolicyRule) pratique.ReportItem {
	item := i.item("grant/"+o.Kind()+"/"+strings.TrimPrefix(o.Namespace()+"/"+o.Name(), "/"), "grant "+o.Kind()+" "+o.Name())
	if i.who.Unlimited {
		return item
	}
	if ok, _ := i.may("escalate", o); ok || i.unchanged(o, rules) {
		return item
	}
	return i.compared(item, namespace, rules)
}

// unchanged reports whether the role is there already and would gain nothing.
func (i *inside) unchanged(o catalog.Object, rules []rbacv1.PolicyRule) bool {
	have, ok := i.existing(o.Kind(), o.Namespace(), o.Name())
	if !ok {
		return false
	}
	covered, _ := validation.Covers(have, rules)
	return covered
}

// binding concerns roles that are in the cluster and not among the objects: those among the objects are compared where they are written, but
// for a ClusterRole that is bound in a namespace, where holding it there would do; asking for more than that is the safe side.
func (i *inside) binding(o catalog.Object) (item pratique.ReportItem, foreign bool) {
	ref, _ := o["roleRef"].(map[string]any)
	kind, _ := ref["kind"].(string)
	name, _ := ref["name"].(string)
	namespace := ""
	if kind == "Role" {
		namespace = o.Namespace()
	}
	for _, own := range i.objects {
		if own.Kind() == kind && own.Name() == name && own.Namespace() == namespace {
			return item, false
		}
	}
	item = i.item("bind/"+o.Kind()+"/"+strings.TrimPrefix(o.Namespace()+"/"+o.Name(), "/"), "bind "+kind+" "+name)
	role := catalog.Object{"apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind, "metadata": map[string]any{"name": name, "namespace": namespace}}
	rules, there := i.existing(kind, namespace, name)
	if !there {
		item.Status, item.Error = pratique.ItemMissing, "there is no such role in the cluster, and the add-on does not bring it"
		item.Fix = "create " + kind + " " + name + " first"
		return item, true
	}
	if ok, _ := i.may("bind", role); ok {
		return item, true
	}
	return i.compared(item, o.Namespace(), rules), true
}

// existing are the rules of a role that is in the cluster.
func (i *inside) existing(kind, namespace, name string) ([]rbacv1.PolicyRule, bool) {
	if kind == "ClusterRole" {
		for _, r := range i.view.ClusterRoles {
			if r.Name == name {
				return r.Rules, true
			}
		}
		return nil, false
	}
	for _, r := range i.view.Roles {
		if r.Name == name && r.Namespace == namespace {
			return r.Rules, true
		}
	}
	return nil, false
}

func (i *inside) compared(item pratique.ReportItem, namespace string, rules []rbacv1.PolicyRule) pratique.ReportItem {
	var held []rbacv1.PolicyRule
	for _, h := range i.view.Bindings(i.who.User, i.who.Groups, namespace) {
		if !h.Missing {
			held = append(held, h.Rules...)
		}
	}
	covered, lacking := validation.Covers(held, rules)
	if covered {
		return item
	}
	item.Status, item.Missing = pratique.ItemMissing, ruleTexts(lacking, namespace)
	item.Error = i.who.Name + " may not grant what they do not hold: " + strings.Join(item.Missing, "; ")
	_, role, _ := strings.Cut(item.Item, " ")
	item.Fix = "somebody who holds these rights, or escalate and bind on " + role + ", installs the add-on"
	return item
}

// ruleTexts names rules one by one; the verbs on one resource stand together.
func ruleTexts(rules []rbacv1.PolicyRule, namespace string) []string {
	var order []string
	verbs := map[string][]string{}
	for _, r := range rules {
		what := strings.Join(r.NonResourceURLs, ", ")
		if len(r.Resources) > 0 {
			what = r.Resources[0]
			if len(r.APIGroups) > 0 && r.APIGroups[0] != "" {
				resource, sub, _ := strings.Cut(what, "/")
				what = strings.TrimSuffix(resource+"."+r.APIGroups[0]+"/"+sub, "/")
			}
			for _, name := range r.ResourceNames {
				what += " " + name
			}
		}
		if namespace != "" {
			what += " in namespace " + namespace
		}
		if _, known := verbs[what]; !known {
			order = append(order, what)
		}
		verbs[what] = append(verbs[what], r.Verbs...)
	}
	out := make([]string, len(order))
	for n, what := range order {
		out[n] = strings.Join(verbs[what], ", ") + " " + what
	}
	return out
}

// rulesOf reads the rules of a role. What cannot be read is everything: kube-apiserver will refuse it, and nobody should think that it grants
// nothing.
func rulesOf(o catalog.Object) []rbacv1.PolicyRule {
	var rules []rbacv1.PolicyRule
	data, err := json.Marshal(o["rules"])
	if err == nil {
		err = json.Unmarshal(data, &rules)
	}
	if err != nil {
		return []rbacv1.PolicyRule{{APIGroups: []string{"*"}, Resources: []string{"*"}, Verbs: []string{"*"}}}
	}
	return rules
}
