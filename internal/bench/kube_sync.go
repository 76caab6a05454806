package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/internal/rbacsync"
)

// How soon, in seconds, the bindings of a thousand permissions are to be in a cluster, and that of one.
const (
	manyWithin = 10
	oneWithin  = 1
)

// perChange is how many permissions are put at once: the API takes little more than a hundred objects in one transaction.
const perChange = 100

// sync measures from the answer of the API until a watch at the kube-apiserver has shown the bindings. Of those that come in several calls the clock
// starts with the answer to the first, so that the calls are in it.
func (l *lab) sync(ctx context.Context) ([]row, error) {
	total := l.pick(1_000, 12)
	groups, spaces := max(total/10, 1), (total+perChange-1)/perChange
	if err := l.parties(ctx, groups, spaces); err != nil {
		return nil, err
	}
	w, err := l.admin.watch(ctx, "/apis/rbac.authorization.k8s.io/v1/rolebindings?labelSelector="+url.QueryEscape(rbacsync.LabelPermission))
	if err != nil {
		return nil, err
	}
	defer w.close()
	if _, err := w.next(ctx); err != nil { // that of the readers, which is there
		return nil, err
	}
	l.say("putting %s namespace permissions", digits(float64(total)))
	first, last, at, err := l.putMany(ctx, w, total, groups)
	if err != nil {
		return nil, err
	}
	many, after := at.Sub(first).Seconds(), at.Sub(last).Seconds()
	times := l.pick(50, 2)
	l.say("changing one, %d times", 2*times)
	came, went, err := l.putOne(ctx, w, times)
	if err != nil {
		return nil, err
	}
	one := func(what string, ms []float64) row {
		return row{what, "< 1 s", fmt.Sprintf("p50 **%.0f ms**, longest **%.0f ms**: %s", median(ms), quantile(ms, 1), reached(quantile(ms, 1) < oneWithin*1000)), "–"}
	}
	return []row{
		{
			fmt.Sprintf("%s namespace permissions acknowledged, %d at a time → their bindings are seen at kube-apiserver", digits(float64(total)), perChange),
			"< 10 s", fmt.Sprintf("**%.2f s** after the first answer, %.2f s after the last: %s", many, max(after, 0), reached(many < manyWithin)), "–",
		},
		one("one more acknowledged, beside these → its binding is seen at kube-apiserver", came),
		one("its end acknowledged → the binding is seen to go", went),
	}, nil
}

// parties makes who is permitted, and where.
func (l *lab) parties(ctx context.Context, groups, spaces int) error {
	var list []apiv1.Change
	for i := range groups {
		list = append(list, putting(pratique.KindGroup, fmt.Sprintf("team-%d", i), `{}`))
	}
	if _, err := l.root.Change(ctx, changes(list...)); err != nil {
		return err
	}
	for i := range spaces {
		if err := l.admin.must(ctx, http.MethodPost, "/api/v1/namespaces", fmt.Sprintf(`{"metadata":{"name":"space-%d"}}`, i)); err != nil {
			return err
		}
	}
	return nil
}

func permission(name string, group, space int) apiv1.Change {
	return putting(pratique.KindNamespacePermission, name, fmt.Sprintf(
		`{"group":"team-%d","clusterRole":"view","clusters":["bench"],"namespaces":["space-%d"]}`, group, space))
}

// putMany puts permissions and returns when the first and the last call were answered, and when the last binding was seen.
func (l *lab) putMany(ctx context.Context, w *watch, total, groups int) (first, last, seen time.Time, err error) {
	for begin := 0; begin < total; begin += perChange {
		var list []apiv1.Change
		for i := begin; i < min(begin+perChange, total); i++ {
			list = append(list, permission(fmt.Sprintf("permission-%d", i), i%groups, i/perChange))
		}
		if _, err := l.root.Change(ctx, changes(list...)); err != nil {
			return first, last, seen, err
		}
		if last = now(); first.IsZero() {
			first = last
		}
	}
	for left := total; left > 0; {
		e, err := w.next(ctx)
		if err != nil {
			return first, last, seen, fmt.Errorf("%d bindings are missing: %w", left, err)
		}
		if e.Type == "ADDED" {
			left, seen = left-1, e.at
		}
	}
	return first, last, seen, nil
}

// putOne puts a permission and deletes it, over and over, and tells in milliseconds when each was seen after its answer.
func (l *lab) putOne(ctx context.Context, w *watch, times int) (came, went []float64, err error) {
	s := switched{root: l.root, on: permission("one", 0, 0), off: deleting(pratique.KindNamespacePermission, "one")}
	for range 2 * times {
		answered, err := s.toggle(ctx)
		if err != nil {
			return nil, nil, err
		}
		want, into := "DELETED", &went
		if s.is {
			want, into = "ADDED", &came
		}
		for {
			e, err := w.next(ctx)
			if err != nil {
				return nil, nil, err
			}
			if e.Type == want {
				*into = append(*into, max(millis(e.at.Sub(answered)), 0)) // it may be there before the answer is here
				break
			}
		}
	}
	return came, went, nil
}
