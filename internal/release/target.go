package release

import (
	"context"
	"errors"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/pratique-iam/pratique"
)

// Target is a namespace of a cluster, reached as whoever asked. It is for one operation at a time.
type Target struct {
	Cluster   string // its name, for sentences
	Namespace string
	Now       func() time.Time
	Say       func(ctx context.Context, format string, args ...any) // progress; nil: nobody listens

	manager string // of fields; empty: Helm
	noun    string // for what is installed; empty: a release
	client  kubernetes.Interface
	objects dynamic.Interface
	kinds   map[schema.GroupVersion][]metav1.APIResource
}

// Connect makes a target of a configuration. It does not reach out.
func Connect(config *rest.Config, cluster, namespace string, now func() time.Time) (*Target, error) {
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("connect to cluster %s: %w", cluster, err)
	}
	objects, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("connect to cluster %s: %w", cluster, err)
	}
	return &Target{Cluster: cluster, Namespace: namespace, Now: now, client: client, objects: objects}, nil
}

// fieldManager is whose the fields are that are applied.
func (t *Target) fieldManager() string { return orElse(t.manager, fieldManager) }

func (t *Target) say(ctx context.Context, format string, args ...any) {
	if t.Say != nil {
		t.Say(ctx, format, args...)
	}
}

// kind finds how objects of a kind are reached; ok is false when the cluster has no such kind.
func (t *Target) kind(ctx context.Context, gvk schema.GroupVersionKind) (r metav1.APIResource, ok bool, err error) {
	gv := gvk.GroupVersion()
	list, known := t.kinds[gv]
	if !known {
		path := "/apis/" + gv.String()
		if gv.Group == "" {
			path = "/api/" + gv.Version
		}
		var found metav1.APIResourceList
		err := t.client.Discovery().RESTClient().Get().AbsPath(path).Do(ctx).Into(&found)
		switch {
		case apierrors.IsNotFound(err):
			return r, false, nil
		case err != nil:
			return r, false, t.failed("read the kinds of "+gv.String(), err)
		}
		if t.kinds == nil {
			t.kinds = map[schema.GroupVersion][]metav1.APIResource{}
		}
		list, t.kinds[gv] = found.APIResources, found.APIResources
	}
	for _, r := range list {
		if r.Kind == gvk.Kind && !isSubresource(r.Name) {
			return r, true, nil
		}
	}
	return r, false, nil
}

func isSubresource(name string) bool {
	for i := range len(name) {
		if name[i] == '/' {
			return true
		}
	}
	return false
}

// failed makes a sentence of what the cluster answered, and says what was tried. What already is a sentence for people stays as it is.
func (t *Target) failed(what string, err error) error {
	if _, told := errors.AsType[*pratique.Error](err); told || err == nil {
		return err
	}
	status, ok := errors.AsType[*apierrors.StatusError](err)
	kind, hint := pratique.ErrUnavailable, "see how it is with: pratique cluster get "+t.Cluster
	switch {
	case !ok:
	case apierrors.IsForbidden(status), apierrors.IsUnauthorized(status):
		kind, hint = pratique.ErrDenied, ""
	case apierrors.IsNotFound(status):
		kind, hint = pratique.ErrNotFound, ""
	case apierrors.IsConflict(status), apierrors.IsAlreadyExists(status):
		kind, hint = pratique.ErrConflict, ""
	case apierrors.IsInvalid(status), apierrors.IsBadRequest(status):
		kind, hint = pratique.ErrInvalid, ""
	}
	return &told{&pratique.Error{Kind: kind, Message: fmt.Sprintf("%s in cluster %q: %v", what, t.Cluster, err), Hint: hint}, err}
}

// told is a sentence with its cause, so that both can be asked for.
type told struct {
	sentence *pratique.Error
	cause    error
}

// Error is the sentence.
func (t *told) Error() string { return t.sentence.Error() }

// Unwrap gives the sentence and the cause.
func (t *told) Unwrap() []error { return []error{t.sentence, t.cause} }

func invalid(format string, args ...any) error {
	return &pratique.Error{Kind: pratique.ErrInvalid, Message: fmt.Sprintf(format, args...)}
}

func conflict(hint, format string, args ...any) error {
	return &pratique.Error{Kind: pratique.ErrConflict, Message: fmt.Sprintf(format, args...), Hint: hint}
}
