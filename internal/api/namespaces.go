package api

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	kuberest "k8s.io/client-go/rest"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/internal/access"
)

// What looking into namespaces may take: each is a request for every resource.
const (
	namespacesShown = 20
	lookingAtOnce   = 6
	insideWithin    = 5 * time.Second
	namespacesKnown = 500
)

// seenIn lists the resources that are counted.
func seenIn() []schema.GroupVersionResource {
	return []schema.GroupVersionResource{
		{Version: "v1", Resource: "pods"}, {Group: "apps", Version: "v1", Resource: "deployments"}, {Version: "v1", Resource: "services"},
	}
}

// Kubectl makes requests inside a cluster for somebody, with their rights and no others (proxy.Proxy).
type Kubectl interface {
	AsKubectl(s *pratique.Snapshot, who pratique.Principal, source string, cl *pratique.Cluster) (*kuberest.Config, error)
}

type namespacesIn struct {
	nameIn
	Page string `query:"page" doc:"next of the page before"`
}

// namespaces looks into a cluster as the caller would with kubectl: every request is decided on and carried out as theirs. Whoever may list
// namespaces sees all of them; others those that namespace permissions of theirs name.
func (a *API) namespaces(ctx context.Context, c Call, in namespacesIn) (apiv1.Namespaces, error) {
	out := apiv1.Namespaces{Items: []apiv1.Namespace{}}
	if a.Kubectl == nil {
		return out, without("access to clusters")
	}
	from, _, err := pageIn{Page: in.Page}.bounds()
	if err != nil {
		return out, err
	}
	config, err := a.Kubectl.AsKubectl(c.Snapshot, c.Who, c.Source, c.Cluster)
	if err != nil {
		return out, err
	}
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return out, err
	}
	ctx, cancel := context.WithTimeout(ctx, insideWithin)
	defer cancel()
	names, err := a.namespacesOf(ctx, c, client)
	if err != nil {
		return out, err
	}
	if len(names) == 0 {
		out.Note = noPermission
	}
	at, _ := slices.BinarySearch(names, from)
	if names = names[at:]; len(names) > namespacesShown {
		out.Next, names = nextPage(names[namespacesShown]), names[:namespacesShown]
	}
	out.Items = lookInto(ctx, client, names)
	return out, nil
}

// namespacesOf names what the caller may look into, in order.
func (a *API) namespacesOf(ctx context.Context, c Call, client dynamic.Interface) ([]string, error) {
	list, err := client.Resource(schema.GroupVersionResource{Version: "v1", Resource: "namespaces"}).List(ctx, metav1.ListOptions{Limit: namespacesKnown})
	var names []string
	switch {
	case err == nil:
		for i := range list.Items {
			names = append(names, list.Items[i].GetName())
		}
	case apierrors.IsForbidden(err):
		for _, p := range c.Snapshot.PermissionsOn(c.Cluster.ID, access.PrincipalRef(c.Who)) {
			names = append(names, p.Namespaces...)
		}
		names = slices.DeleteFunc(names, func(n string) bool { return n == pratique.AllNamespaces })
	case errors.Is(err, context.Canceled):
		return nil, err
	default:
		return nil, &pratique.Error{Kind: pratique.ErrUnavailable, Message: "cluster " + c.Cluster.Name + ": " + err.Error()}
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

// lookInto counts what is in some namespaces, a few at once.
func lookInto(ctx context.Context, client dynamic.Interface, names []string) []apiv1.Namespace {
	out := make([]apiv1.Namespace, len(names))
	free := make(chan struct{}, lookingAtOnce)
	var wg sync.WaitGroup
	for i, name := range names {
		out[i] = apiv1.Namespace{Name: name, Resources: make([]apiv1.ResourceSeen, len(seenIn()))}
		for k, what := range seenIn() {
			free <- struct{}{}
			wg.Go(func() {
				defer func() { <-free }()
				out[i].Resources[k] = countIn(ctx, client.Resource(what).Namespace(name), what)
			})
		}
	}
	wg.Wait()
	return out
}

// countIn asks for one object, because the answer tells how many there are beside it.
func countIn(ctx context.Context, client dynamic.ResourceInterface, what schema.GroupVersionResource) apiv1.ResourceSeen {
	out := apiv1.ResourceSeen{Resource: what.GroupResource().String()}
	list, err := client.List(ctx, metav1.ListOptions{Limit: 1})
	if err != nil {
		out.Refused = err.Error()
		return out
	}
	out.Count = len(list.Items)
	if rest := list.GetRemainingItemCount(); rest != nil {
		out.Count += int(*rest)
	} else {
		out.More = list.GetContinue() != ""
	}
	return out
}
