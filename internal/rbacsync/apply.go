package rbacsync

import (
	"context"
	"errors"
	"fmt"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	applyrbac "k8s.io/client-go/applyconfigurations/rbac/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/pratique-iam/pratique/internal/cluster"
)

// applyWorkers write at once: enough to hide the way to a cluster, few enough not to disturb it.
const applyWorkers = 16

// maxReported bounds how many failures one error tells of.
const maxReported = 5

// Apply carries a plan out. A step that fails holds up no other; the error joins the first few failures. What is new is written before
// anything is deleted, so that nobody loses in between what they keep.
func Apply(ctx context.Context, client kubernetes.Interface, p *Plan) error {
	var failed failures
	each(p.Steps, func(s *Step) {
		switch s.Verb {
		case Create, Update, Replace:
			failed.add(apply(ctx, client, s))
		case Delete, Unchanged, Waiting, Conflict:
		}
	})
	each(p.Steps, func(s *Step) {
		if s.Verb == Delete {
			failed.add(remove(ctx, client, s.Key, s.live))
		}
	})
	return failed.err()
}

// each runs f on the steps that write, several at once.
func each(steps []Step, f func(*Step)) {
	next := make(chan *Step)
	var wg sync.WaitGroup
	for range applyWorkers {
		wg.Go(func() {
			for s := range next {
				f(s)
			}
		})
	}
	for i := range steps {
		if steps[i].Verb.writes() {
			next <- &steps[i]
		}
	}
	close(next)
	wg.Wait()
}

func apply(ctx context.Context, client kubernetes.Interface, s *Step) error {
	switch {
	case s.Verb == Update:
		return write(ctx, client, s)
	case s.Verb == Replace && s.Replaces == s.Name: // the place is taken: there is no other way
		if err := remove(ctx, client, s.Key, s.live); err != nil {
			return err
		}
		return write(ctx, client, s)
	case s.Verb == Replace:
		if err := write(ctx, client, s); err != nil {
			return err
		}
		return remove(ctx, client, Key{s.Namespace, s.Replaces}, s.live)
	default:
		return write(ctx, client, s)
	}
}

// write applies the binding under our field manager. Fields that others have set are taken over by force only in an update, and only from the
// very object that was seen to be ours; where there should be none, an object that somebody has just made is a conflict.
func write(ctx context.Context, client kubernetes.Interface, s *Step) error {
	options := metav1.ApplyOptions{FieldManager: cluster.FieldManager}
	var uid *types.UID
	if s.Verb == Update {
		options.Force, uid = true, &s.live.Meta.UID
	}
	ref := s.roleRef()
	roleRef := applyrbac.RoleRef().WithAPIGroup(ref.APIGroup).WithKind(ref.Kind).WithName(ref.Name)
	subject := applyrbac.Subject().WithAPIGroup(s.Subject.APIGroup).WithKind(s.Subject.Kind).WithName(s.Subject.Name)
	var err error
	if s.Namespace == "" {
		b := applyrbac.ClusterRoleBinding(s.Name)
		b.WithLabels(s.labels()).WithRoleRef(roleRef).WithSubjects(subject)
		b.UID = uid
		_, err = client.RbacV1().ClusterRoleBindings().Apply(ctx, b, options)
	} else {
		b := applyrbac.RoleBinding(s.Name, s.Namespace)
		b.WithLabels(s.labels()).WithRoleRef(roleRef).WithSubjects(subject)
		b.UID = uid
		_, err = client.RbacV1().RoleBindings(s.Namespace).Apply(ctx, b, options)
	}
	if err != nil {
		return fmt.Errorf("apply %s: %w", s.Key, err)
	}
	return nil
}

// remove deletes exactly what was seen: if somebody has changed it since, its labels for one, it is looked at again first.
func remove(ctx context.Context, client kubernetes.Interface, key Key, b *Binding) error {
	options := metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &b.Meta.UID, ResourceVersion: &b.Meta.ResourceVersion}}
	var err error
	if key.Namespace == "" {
		err = client.RbacV1().ClusterRoleBindings().Delete(ctx, key.Name, options)
	} else {
		err = client.RbacV1().RoleBindings(key.Namespace).Delete(ctx, key.Name, options)
	}
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("delete %s: %w", key, err)
	}
	return nil
}

// failures gathers what went wrong, from several goroutines.
type failures struct {
	mu    sync.Mutex
	count int
	first []error
}

func (f *failures) add(err error) {
	if err == nil {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.count++
	if len(f.first) < maxReported {
		f.first = append(f.first, err)
	}
}

func (f *failures) err() error {
	if f.count > len(f.first) {
		return errors.Join(append(f.first, fmt.Errorf("and %d more", f.count-len(f.first)))...)
	}
	return errors.Join(f.first...)
}
