package api

import (
	"context"
	"net/http"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/internal/audit"
)

func (a *API) tagRoutes() []Route {
	const path = "/v1/clusters/{name}/tags"
	return []Route{
		{http.MethodGet, path, "gate: tag.list", "Show the tags of a cluster", signedIn(a.tags)},
		{http.MethodPut, path, "gate: tag.create for those that are set, tag.delete for those that are removed", "Put tags on a cluster, and take others off", signedIn(a.changeTags)},
		{http.MethodDelete, path, "gate: tag.delete", "Take one tag off a cluster", signedIn(a.deleteTag)},
	}
}

type changeTagsIn struct {
	nameIn
	Body apiv1.TagChange `body:""`
}

type deleteTagIn struct {
	nameIn
	Key string `query:"key" doc:"key of the tag"`
}

func (a *API) tags(_ context.Context, c Call, in nameIn) (apiv1.Tags, error) {
	cl, err := a.mayInside(c, in.Name, "tag.list", nil)
	if err != nil {
		return apiv1.Tags{}, err
	}
	return tagsView(cl), nil
}

func (a *API) changeTags(ctx context.Context, c Call, in changeTagsIn) (apiv1.Tags, error) {
	id, _ := in.identify(c)
	change := pratique.TagCluster{Name: id, Set: in.Body.Set, Remove: in.Body.Remove}
	operation := "tag.create"
	if len(change.Set) == 0 && len(change.Remove) > 0 {
		operation = "tag.delete"
	}
	return a.retag(ctx, c, in.Name, operation, change)
}

func (a *API) deleteTag(ctx context.Context, c Call, in deleteTagIn) (apiv1.Tags, error) {
	id, _ := in.identify(c)
	return a.retag(ctx, c, in.Name, "tag.delete", pratique.TagCluster{Name: id, Remove: []string{in.Key}})
}

func (a *API) retag(ctx context.Context, c Call, name, operation string, change pratique.TagCluster) (apiv1.Tags, error) {
	result, err := a.Gate.Apply(ctx, a.intent(c, audit.ClusterChanged, change))
	if err != nil {
		return apiv1.Tags{}, a.bluntInside(c, name, operation, nil, err)
	}
	cl, ok := result.Snapshot.Clusters.Find(change.Name)
	if !ok {
		return apiv1.Tags{}, invisible(name)
	}
	return tagsView(cl), nil
}

func tagsView(cl *pratique.Cluster) apiv1.Tags {
	out := apiv1.Tags{Tags: cl.Tags}
	if out.Tags == nil {
		out.Tags = map[string]string{}
	}
	return out
}
