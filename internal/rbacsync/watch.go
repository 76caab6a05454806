package rbacsync

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"

	"github.com/pratique-iam/pratique/internal/cluster"
)

// watcher keeps a View up to date. All bindings are watched, not our labelled ones alone: a stranger's object under one of our names, and
// one of ours whose label somebody took away, show only so; and the same View answers who may do what.
type watcher struct {
	factory informers.SharedInformerFactory
	poke    chan struct{} // something has changed that a plan depends on

	now func() time.Time

	mu      sync.Mutex
	trouble map[string]failed // by kind: the last failure to list or watch it; gone after an event of that kind
}

type failed struct {
	err error
	at  time.Time
}

// remembered is how long a failure counts when nothing more is heard: client-go tries again every half minute at the least.
const remembered = 2 * time.Minute

func newWatcher(client kubernetes.Interface, now func() time.Time) (*watcher, error) {
	w := &watcher{poke: make(chan struct{}, 1), now: now, trouble: map[string]failed{}}
	w.factory = informers.NewSharedInformerFactoryWithOptions(client, 0, informers.WithTransform(slim))
	for kind, informer := range w.informers() {
		err := informer.SetWatchErrorHandlerWithContext(func(_ context.Context, _ *cache.Reflector, err error) { w.fail(kind, err) })
		if err != nil {
			return nil, err
		}
		if _, err := informer.AddEventHandler(w.handler(kind)); err != nil {
			return nil, err
		}
	}
	return w, nil
}

func (w *watcher) informers() map[string]cache.SharedIndexInformer {
	rbac := w.factory.Rbac().V1()
	return map[string]cache.SharedIndexInformer{
		"namespaces": w.factory.Core().V1().Namespaces().Informer(), "ClusterRoles": rbac.ClusterRoles().Informer(), "Roles": rbac.Roles().Informer(),
		"ClusterRoleBindings": rbac.ClusterRoleBindings().Informer(), "RoleBindings": rbac.RoleBindings().Informer(),
	}
}

// slim drops what nobody here reads and what is most of an object.
func slim(o any) (any, error) {
	if m, err := meta.Accessor(o); err == nil {
		m.SetManagedFields(nil)
		if a := m.GetAnnotations(); len(a) > 0 {
			m.SetAnnotations(nil)
		}
	}
	return o, nil
}

// handler pokes for the changes that a plan depends on. A busy cluster changes much else.
func (w *watcher) handler(kind string) cache.ResourceEventHandler {
	return cache.ResourceEventHandlerFuncs{
		AddFunc: func(o any) { w.see(kind, concerns(o)) },
		UpdateFunc: func(before, after any) {
			w.see(kind, (concerns(before) || concerns(after)) && differ(before, after))
		},
		DeleteFunc: func(o any) {
			if gone, ok := o.(cache.DeletedFinalStateUnknown); ok {
				o = gone.Obj
			}
			w.see(kind, concerns(o))
		},
	}
}

func concerns(o any) bool {
	switch o := o.(type) {
	case *corev1.Namespace, *rbacv1.ClusterRole:
		return true
	case *rbacv1.RoleBinding:
		return bindingConcerns(&o.ObjectMeta)
	case *rbacv1.ClusterRoleBinding:
		return bindingConcerns(&o.ObjectMeta)
	default:
		return false
	}
}

func bindingConcerns(m *metav1.ObjectMeta) bool {
	return strings.HasPrefix(m.Name, namePrefix) || m.Labels[cluster.LabelManagedBy] == cluster.FieldManager
}

// differ leaves out the changes of namespaces and roles that no plan depends on: their labels, their rules.
func differ(before, after any) bool {
	switch before := before.(type) {
	case *corev1.Namespace:
		after, ok := after.(*corev1.Namespace)
		return ok && before.Status.Phase != after.Status.Phase
	case *rbacv1.ClusterRole:
		return false
	default:
		return true
	}
}

func (w *watcher) see(kind string, concerned bool) {
	w.mu.Lock()
	delete(w.trouble, kind)
	w.mu.Unlock()
	if concerned {
		wake(w.poke)
	}
}

func (w *watcher) fail(kind string, err error) {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || apierrors.IsResourceExpired(err) || apierrors.IsGone(err) {
		return // how watches end
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.trouble[kind] = failed{fmt.Errorf("watch %s: %w", kind, err), w.now()}
}

// failure is why something cannot be watched, if so.
func (w *watcher) failure() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, kind := range slices.Sorted(maps.Keys(w.trouble)) {
		if f := w.trouble[kind]; w.now().Sub(f.at) < remembered {
			return f.err
		}
	}
	return nil
}

func (w *watcher) synced() bool {
	for _, i := range w.informers() {
		if !i.HasSynced() {
			return false
		}
	}
	return true
}

// view is what the watcher has seen so far.
func (w *watcher) view() *View {
	rbac := w.factory.Rbac().V1()
	var v View
	var errs [5]error // reading memory does not fail
	v.Namespaces, errs[0] = w.factory.Core().V1().Namespaces().Lister().List(labels.Everything())
	v.ClusterRoles, errs[1] = rbac.ClusterRoles().Lister().List(labels.Everything())
	v.Roles, errs[2] = rbac.Roles().Lister().List(labels.Everything())
	v.ClusterRoleBindings, errs[3] = rbac.ClusterRoleBindings().Lister().List(labels.Everything())
	v.RoleBindings, errs[4] = rbac.RoleBindings().Lister().List(labels.Everything())
	for _, err := range errs {
		if err != nil {
			w.fail("memory", err)
		}
	}
	return &v
}

func wake(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
