package main

import (
	"context"
	"fmt"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/catalog"
	"github.com/pratique-iam/pratique/client"
	"github.com/pratique-iam/pratique/internal/strictjson"
)

// planner says what a list of manifests would change. A short list is asked of the server. One that does not fit into a transaction the
// server cannot try out as a whole, so it is tried here, on a copy of the directory, by the code that the server uses: the parts
// could not be tried one by one, because later ones name what earlier ones make.
type planner struct {
	*env
	client *client.Client
	copied *pratique.Snapshot
}

func (p *planner) plan(ctx context.Context, list changeList) (apiv1.ChangeResult, error) {
	if len(list.manifests) <= mostAtOnce {
		return p.client.DryRun(ctx, list.changes())
	}
	if p.copied == nil {
		var err error
		if p.copied, err = p.copy(ctx); err != nil {
			return apiv1.ChangeResult{}, fmt.Errorf("plan %d manifests on a copy of the directory: %w", len(list.manifests), err)
		}
	}
	_, plan, err := p.copied.With(pratique.At(p.now()), puts(list.manifests)...)
	if err != nil {
		return apiv1.ChangeResult{}, err
	}
	return apiv1.ChangeResult{DryRun: true, Steps: plan.Steps, Warnings: plan.Warnings}, nil
}

// copy builds a snapshot of what the server exports.
func (p *planner) copy(ctx context.Context) (*pratique.Snapshot, error) {
	known, err := catalog.Load()
	if err != nil {
		return nil, err
	}
	var regions []string
	seen := map[string]bool{}
	for m, err := range p.client.All(ctx, pratique.KindProject, client.ListOptions{Limit: 500}) {
		if err != nil {
			return nil, err
		}
		if r := specOf[pratique.ProjectSpec](m).Region; r != "" && !seen[r] {
			seen[r] = true
			regions = append(regions, r)
		}
	}
	all, err := p.client.Export(ctx)
	if err != nil {
		return nil, err
	}
	given := pratique.Manifest{
		APIVersion: pratique.APIVersion, Kind: pratique.KindEnterpriseProject, Metadata: pratique.Metadata{Name: pratique.DefaultEnterpriseProject},
	}
	changes := append([]pratique.Change{pratique.AddRegions{}}, puts(append([]pratique.Manifest{given}, all...))...)
	empty := pratique.NewSnapshot(pratique.NewRules(known, regions...), pratique.Account{Meta: pratique.Meta{ID: "copy", Name: "copy"}})
	copied, _, err := empty.With(pratique.At(p.now()), changes...)
	return copied, err
}

// withoutSecret takes the client secret out of an identity provider: the copy has none, and needs only to show that one is given.
func withoutSecret(m *pratique.Manifest) {
	if m.Kind != pratique.KindIdentityProvider {
		return
	}
	members := map[string]jsontext.Value{}
	if strictjson.Unmarshal(m.Spec, &members) != nil || len(members["clientSecret"]) == 0 {
		return
	}
	delete(members, "clientSecret")
	if bare, err := strictjson.Marshal(members); err == nil {
		m.Spec, m.Sealed = bare, []byte("given")
	}
}

// puts leaves out ids and versions, which the copy does not have. The server gets and checks them.
func puts(manifests []pratique.Manifest) []pratique.Change {
	out := make([]pratique.Change, 0, len(manifests))
	for _, m := range manifests {
		m.Metadata.ID, m.Metadata.ResourceVersion = "", ""
		withoutSecret(&m)
		out = append(out, pratique.Put{Manifest: m})
	}
	return out
}
