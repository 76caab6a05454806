package release

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	authorizationv1 "k8s.io/api/authorization/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/pratique-iam/pratique"
)

// Forbidden is one thing that whoever asked may not do.
type Forbidden struct {
	Verb   string // of Kubernetes
	Object string // as kubectl names it: "clusterroles.rbac.authorization.k8s.io web"
	Reason string // what the cluster, or the gate in front of it, says
}

// String is a line for people.
func (f Forbidden) String() string { return f.Verb + " " + f.Object + ": " + f.Reason }

// ForbiddenError says all that an operation would need and whoever asked may not do. Nothing was changed.
type ForbiddenError struct {
	Noun    string // what was to be made: "release", "add-on"
	Release string // its name
	Cluster string
	Missing []Forbidden
}

// Error lists what is forbidden, one by one.
func (e *ForbiddenError) Error() string { return e.told().Error() }

// Unwrap makes it a sentence for people, and a pratique.ErrDenied.
func (e *ForbiddenError) Unwrap() error { return e.told() }

func (e *ForbiddenError) told() *pratique.Error {
	return &pratique.Error{
		Kind: pratique.ErrDenied,
		Message: fmt.Sprintf("%s %q needs what you may not do in cluster %q, and nothing was changed: %s",
			orElse(e.Noun, "release"), e.Release, e.Cluster, strings.Join(e.lines(false), "; ")),
		Hint: "whoever may do all of it can install it, or give you a namespace permission that allows it",
	}
}

// lines says what is forbidden, one line for each object: "create, patch clusterroles.rbac.authorization.k8s.io web". Why is in it where it is more
// than that no permission allows it, and always when the lines are to be long.
func (e *ForbiddenError) lines(long bool) []string {
	var objects, out []string
	verbs, why := map[string][]string{}, map[string]string{}
	for _, f := range e.Missing {
		if len(verbs[f.Object]) == 0 {
			objects = append(objects, f.Object)
		}
		verbs[f.Object] = append(verbs[f.Object], f.Verb)
		if telling := strings.Contains(f.Reason, "not currently held") || strings.Contains(f.Reason, "denied by"); telling || long && why[f.Object] == "" {
			why[f.Object] = f.Reason
		}
	}
	for _, o := range objects {
		text := strings.Join(verbs[o], ", ") + " " + o
		if why[o] != "" {
			text += ": " + why[o]
		}
		out = append(out, text)
	}
	return out
}

// findings is what a check has come upon.
type findings struct {
	missing  []Forbidden
	problems []string
}

func (f *findings) forbid(verb string, o fmt.Stringer, reason string) {
	what := Forbidden{verb, o.String(), reason}
	if !slices.ContainsFunc(f.missing, func(m Forbidden) bool { return m.Verb == what.Verb && m.Object == what.Object }) {
		f.missing = append(f.missing, what)
	}
}

func (f *findings) problem(o fmt.Stringer, format string, args ...any) {
	f.problems = append(f.problems, o.String()+": "+fmt.Sprintf(format, args...))
}

// conclude makes an error of findings; nil when there are none.
func (f *findings) conclude(t *Target, release string) error {
	switch {
	case len(f.missing) > 0:
		return &ForbiddenError{orElse(t.noun, "release"), release, t.Cluster, f.missing}
	case len(f.problems) > 0:
		return &pratique.Error{Kind: pratique.ErrConflict, Message: fmt.Sprintf("%s %q cannot be made in cluster %q, and nothing was changed: %s",
			orElse(t.noun, "release"), release, t.Cluster, strings.Join(f.problems, "; "))}
	default:
		return nil
	}
}

// tell says everything that is forbidden, with all the reasons, which an error has no room for.
func (t *Target) tell(ctx context.Context, err error) {
	if forbidden, ok := errors.AsType[*ForbiddenError](err); ok {
		for _, text := range forbidden.lines(true) {
			t.say(ctx, "may not %s", text)
		}
	}
}

// check tries everything that is about to be applied, and asks whether it could be taken back: a server-side dry run of each object, as whoever
// asked, through all that stands in front of a real one. It changes nothing. Objects that exist must belong to the release.
func (t *Target) check(ctx context.Context, p *plan) error {
	f := &findings{}
	t.say(ctx, "try %d objects without changing anything", len(p.all()))
	for _, o := range p.all() {
		if err := t.tryApply(ctx, f, p, o); err != nil {
			return err
		}
		if err := t.tryDelete(ctx, f, o); err != nil {
			return err
		}
	}
	for _, o := range p.gone {
		if err := t.tryDelete(ctx, f, o); err != nil {
			return err
		}
	}
	err := f.conclude(t, p.release)
	t.tell(ctx, err)
	return err
}

// tryApply looks at what is there, and applies an object without effect.
func (t *Target) tryApply(ctx context.Context, f *findings, p *plan, o *object) error {
	if o.pending {
		return t.mayCreate(ctx, f, o)
	}
	there, err := t.at(o).Get(ctx, o.GetName(), metav1.GetOptions{})
	switch {
	case err == nil:
		o.existed = true
	case apierrors.IsNotFound(err):
	case apierrors.IsForbidden(err):
		f.forbid("get", o, reason(err))
		return t.mayCreate(ctx, f, o) // the rest of what is missing
	default:
		return t.failed("look at "+o.String(), err)
	}
	if o.existed && !p.mayTake(o, there) {
		f.problem(o, "it exists and does not belong to the %s", orElse(t.noun, "release"))
		return nil
	}
	if o.existed && p.leaves(o) {
		return nil
	}
	trial := o.trial()
	_, err = t.at(o).Patch(ctx, trial.GetName(), types.ApplyPatchType, trial.body(), metav1.PatchOptions{DryRun: []string{metav1.DryRunAll}, FieldManager: t.fieldManager()})
	switch {
	case err == nil:
		return nil
	case apierrors.IsNotFound(err) && (p.makesNamespace(o.GetNamespace()) || p.makesRole(o)):
		return t.mayCreate(ctx, f, o)
	case apierrors.IsForbidden(err):
		f.forbid(verbOf(err), o, reason(err))
		return nil
	case isAnswer(err):
		f.problem(o, "%s", reason(err))
		return nil
	default:
		return t.failed("try "+o.String(), err)
	}
}

// mayCreate asks about what cannot be tried, because the namespace or the kind of the object comes with the chart itself.
func (t *Target) mayCreate(ctx context.Context, f *findings, o *object) error {
	for _, verb := range []string{"create", "patch"} {
		if err := t.may(ctx, f, verb, o); err != nil {
			return err
		}
	}
	return t.tryDelete(ctx, f, o)
}

// tryDelete asks whether an object could be deleted. What is not there cannot be tried.
func (t *Target) tryDelete(ctx context.Context, f *findings, o *object) error {
	return t.may(ctx, f, "delete", o)
}

func (t *Target) may(ctx context.Context, f *findings, verb string, o *object) error {
	review := &authorizationv1.SelfSubjectAccessReview{Spec: authorizationv1.SelfSubjectAccessReviewSpec{
		ResourceAttributes: &authorizationv1.ResourceAttributes{
			Namespace: o.GetNamespace(), Verb: verb, Group: o.resource.Group, Version: o.resource.Version, Resource: o.resource.Resource, Name: o.GetName(),
		},
	}}
	answer, err := t.client.AuthorizationV1().SelfSubjectAccessReviews().Create(ctx, review, metav1.CreateOptions{})
	if err != nil {
		return t.failed("ask whether you may "+verb+" "+o.String(), err)
	}
	if !answer.Status.Allowed {
		f.forbid(verb, o, orElse(answer.Status.Reason, noRole))
	}
	return nil
}

// trial is what is tried instead of an object: for a hook whose last object still is there, one of another name, because it is deleted before the
// next is made.
func (o *object) trial() *object {
	if !o.hook || !o.existed {
		return o
	}
	other := *o
	other.Unstructured = o.DeepCopy()
	other.SetName(strings.TrimRight(o.GetName()[:min(len(o.GetName()), 50)], "-.") + "-try")
	return &other
}

// makesRole reports whether an object binds a role that comes with the chart. The dry run cannot find it; that the role itself can be made says
// that whoever asked holds all that is in it, and with that they may bind it.
func (p *plan) makesRole(o *object) bool {
	if o.resource.Group != "rbac.authorization.k8s.io" || o.GetKind() != "RoleBinding" && o.GetKind() != "ClusterRoleBinding" {
		return false
	}
	kind, _, _ := unstructured.NestedString(o.Object, "roleRef", "kind")
	name, _, _ := unstructured.NestedString(o.Object, "roleRef", "name")
	return slices.ContainsFunc(p.objects, func(role *object) bool {
		return role.resource.Group == o.resource.Group && role.GetKind() == kind && role.GetName() == name && !role.existed &&
			(kind == "ClusterRole" || role.GetNamespace() == o.GetNamespace())
	})
}

// verbOf reads from a refusal what was refused: an apply is a patch, and a create where the object is not there. Roles
// that hold more than whoever asked are refused when they are made.
func verbOf(err error) string {
	if strings.Contains(err.Error(), "cannot patch resource") {
		return "patch"
	}
	return "create"
}

// reason is what the cluster says, without the name of the object, which stands before it already.
func reason(err error) string {
	status, ok := errors.AsType[*apierrors.StatusError](err)
	if !ok {
		return err.Error()
	}
	text := strings.Join(strings.Fields(status.ErrStatus.Message), " ") // RBAC lists what is missing in lines
	if _, rest, found := strings.Cut(text, " is forbidden: "); found {
		text = rest
	}
	if strings.HasPrefix(text, `User "`) { // what they may not is said already; what follows says why
		_, why, found := strings.Cut(text, `": `)
		if !found {
			_, why, _ = strings.Cut(text, "at the cluster scope: ")
		}
		text = orElse(why, noRole)
	}
	if len(text) > 600 {
		text = strings.ToValidUTF8(text[:600], "") + "…"
	}
	return text
}

// isAnswer reports whether the cluster has answered, and would say the same again. It says 500 of a field of the wrong type.
func isAnswer(err error) bool {
	_, answered := errors.AsType[*apierrors.StatusError](err)
	return answered && !apierrors.IsUnauthorized(err) && !apierrors.IsServiceUnavailable(err) && !apierrors.IsTooManyRequests(err) &&
		!apierrors.IsServerTimeout(err) && !apierrors.IsTimeout(err)
}

// noRole is the reason of RBAC, which says none.
const noRole = "no role of yours in the cluster allows it"

func orElse(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// body is the object as it is sent.
func (o *object) body() []byte {
	data, err := o.MarshalJSON()
	if err != nil {
		return nil // it came from text that was read as JSON; an empty body would be refused
	}
	return data
}

// isHook reports whether an object that is there was made by a hook.
func isHook(u *unstructured.Unstructured) bool { return u.GetAnnotations()[hookAnnotation] != "" }
