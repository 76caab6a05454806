package console

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/internal/console/ui"
)

// stalePage shows what somebody sends beside what somebody else has written meanwhile.
type stalePage struct {
	base
	Kind, Name   string
	Theirs, Mine string // specs, indented
	Action       string
	Fields       []ui.Hidden // the form again, for the version that stands now
	Back         string
}

func (*stalePage) template() string { return "stale" }

// versionField carries the version of an object that a form was filled from.
const versionField = "version"

// putOrCompare writes an object unless it has changed since the form was shown; then it shows both.
func (c *Console) putOrCompare(ctx context.Context, v *visit, now, next pratique.Manifest, to, done string) (answer, error) {
	if seen := v.form(versionField); seen != "" {
		next.Metadata.ResourceVersion = seen
	}
	_, err := v.api.Change(ctx, apiv1.Changes{Changes: []apiv1.Change{{Put: &next}}})
	if err == nil {
		return goTo{to, done}, nil
	}
	if !errors.Is(err, pratique.ErrConflict) || next.Metadata.ResourceVersion == now.Metadata.ResourceVersion {
		return nil, err
	}
	p := &stalePage{
		base: base{v.frame("", "Changed meanwhile")}, Kind: now.Kind.Word(), Name: now.Metadata.Name, Action: v.r.URL.Path, Back: to,
		Theirs: indented(now.Spec), Mine: indented(next.Spec),
	}
	p.Problem = problem(err)
	for name, values := range v.r.PostForm {
		if name == formField || name == versionField || secretField(name) {
			continue
		}
		for _, value := range values {
			p.Fields = append(p.Fields, ui.Hidden{Name: name, Value: value})
		}
	}
	slices.SortFunc(p.Fields, func(a, b ui.Hidden) int { return strings.Compare(a.Name, b.Name) })
	p.Fields = append(p.Fields, ui.Hidden{Name: versionField, Value: now.Metadata.ResourceVersion})
	return p, nil
}

// indented is JSON for people; what is none stays as it is.
func indented(v jsontext.Value, how ...jsontext.Options) string {
	out := v.Clone()
	if out.Indent(how...) != nil {
		return string(v)
	}
	return string(out)
}
