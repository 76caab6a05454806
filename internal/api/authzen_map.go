package api

import (
	"maps"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/internal/strictjson"
	"github.com/pratique-iam/pratique/internal/web"
)

// How AuthZEN's entities become a question is written in docs/authzen.md; the two change together.

// question maps an evaluation. What is nil is left open, for searches.
func (e zenEvaluation) question() (q apiv1.Question, vars map[string]string, err error) {
	if err := e.strays(); err != nil {
		return q, nil, err
	}
	q.Context, vars = map[string][]string{}, map[string]string{}
	if e.Subject != nil {
		q.Subject = apiv1.Subject{Type: e.Subject.Type, ID: e.Subject.ID}
		err = e.Subject.Properties.conditions("subject.properties", q.Context)
	}
	if e.Action != nil && err == nil {
		q.Action = e.Action.Name
		err = e.Action.Properties.conditions("action.properties", q.Context)
	}
	if e.Resource != nil && err == nil {
		err = e.Resource.resource(&q, vars)
	}
	if err == nil {
		err = e.Context.conditions("context", q.Context)
	}
	return q, vars, err
}

// variables are the parts of resource names that resource.type and resource.properties may set. The account and the owner are not among
// them: a question is always about the caller's account.
func variables() []string {
	return []string{
		"cluster", "enterpriseProject", "id", "namespace", "object", "policy", "policyType", "principal", "principalKind", "resource", "user",
	}
}

// resource maps the resource: its id is the name in the operation's template, and properties say the rest.
func (r *zenEntity) resource(q *apiv1.Question, vars map[string]string) error {
	if r.ID != "" {
		vars["name"] = r.ID
		if slices.Contains(variables(), r.Type) {
			vars[r.Type] = r.ID
		}
	}
	others := properties{}
	for name, value := range r.Properties {
		var into *string
		switch name {
		case "name":
			into = &q.Resource
		case "project":
			into = &q.Project
		case "enterpriseProject":
			into = &q.EnterpriseProject
		case "clusterType":
			into = &q.ClusterType
		case "tags":
			if err := tags(value, q.Context); err != nil {
				return err
			}
			continue
		}
		text, single := scalar(value)
		switch {
		case into != nil && !single:
			return web.Invalid("resource.properties.%s must be a string", name)
		case into != nil:
			*into = text
		case slices.Contains(variables(), name) && single:
			vars[name] = text
		default:
			others[name] = value
		}
	}
	return others.conditions("resource.properties", q.Context)
}

// tags become the condition keys under which both vendors know them.
func tags(value jsontext.Value, into map[string][]string) error {
	var all map[string]string
	if err := strictjson.Unmarshal(value, &all); err != nil {
		return web.Invalid("resource.properties.tags must be an object of strings")
	}
	for key, tag := range all {
		into["g:ResourceTag/"+key] = []string{tag}
		into["acs:ResourceTag/"+key] = []string{tag}
	}
	return nil
}

// conditions adds properties as condition keys: scalars, and arrays of scalars. Objects and nulls can be no value of a condition and are
// passed over.
func (p properties) conditions(where string, into map[string][]string) error {
	for _, key := range slices.Sorted(maps.Keys(p)) {
		values, ok := valuesOf(p[key])
		if !ok {
			continue
		}
		if _, twice := into[key]; twice {
			return web.Invalid("%s: the key %s is given twice", where, short(key))
		}
		into[key] = values
	}
	return nil
}

func valuesOf(v jsontext.Value) ([]string, bool) {
	if text, ok := scalar(v); ok {
		return []string{text}, true
	}
	var list []jsontext.Value
	if v.Kind() != jsontext.KindBeginArray || strictjson.Unmarshal(v, &list) != nil {
		return nil, false
	}
	values := make([]string, 0, len(list))
	for _, item := range list {
		text, ok := scalar(item)
		if !ok {
			return nil, false
		}
		values = append(values, text)
	}
	return values, true
}

// scalar is the text of a string, a number or a boolean.
func scalar(v jsontext.Value) (string, bool) {
	switch v.Kind() { //nolint:exhaustive // the other kinds are no scalars
	case jsontext.KindString:
		var s string
		err := strictjson.Unmarshal(v, &s)
		return s, err == nil
	case jsontext.KindNumber, jsontext.KindTrue, jsontext.KindFalse:
		return strings.TrimSpace(string(v)), true
	default:
		return "", false
	}
}

// stray refuses unknown members that differ from a known one in case only. AuthZEN says to ignore what is unknown; "Context" with a capital is
// not from a newer version of the standard, it is a mistake that would turn a denial into a permission.
func stray(members rest, known ...string) error {
	for name := range members {
		for _, k := range known {
			if strings.EqualFold(name, k) {
				return web.Invalid("member %q must be written %q", short(name), k)
			}
		}
	}
	return nil
}

func (e zenEvaluation) strays() error {
	err := stray(e.Rest, "subject", "action", "resource", "context")
	for _, entity := range []*zenEntity{e.Subject, e.Resource} {
		if entity != nil && err == nil {
			err = stray(entity.Rest, "type", "id", "properties")
		}
	}
	if e.Action != nil && err == nil {
		err = stray(e.Action.Rest, "name", "properties")
	}
	return err
}
