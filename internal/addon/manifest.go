package addon

import (
	"fmt"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/catalog"
	"github.com/pratique-iam/pratique/internal/strictjson"
	"github.com/pratique-iam/pratique/policy"
)

// document is a policy that is being written.
type document struct {
	Version   string           `json:"Version"`
	Statement []jsontext.Value `json:"Statement"`
}

type statement struct {
	Effect    string                         `json:"Effect"`
	Action    []string                       `json:"Action"`
	Resource  []string                       `json:"Resource,omitempty"`
	Principal map[string][]string            `json:"Principal,omitempty"`
	Condition map[string]map[string][]string `json:"Condition,omitempty"`
}

// put makes the change that writes an object.
func put(k pratique.Kind, name string, spec any) (pratique.Put, error) {
	text, err := strictjson.Marshal(spec)
	if err != nil {
		return pratique.Put{}, fmt.Errorf("write %s %s: %w", k.Word(), name, err)
	}
	return pratique.Put{Manifest: pratique.Manifest{
		APIVersion: pratique.APIVersion, Kind: k, Metadata: pratique.Metadata{Name: name}, Spec: text,
	}}, nil
}

func putRole(name, description, service string) (pratique.Change, error) {
	trust, err := encode("1", []statement{{
		Effect: "Allow", Action: []string{"sts:AssumeRole"}, Principal: map[string][]string{"Service": {service}},
	}})
	if err != nil {
		return nil, err
	}
	return put(pratique.KindRole, name, pratique.RoleSpec{Description: description, Trust: trust})
}

func putGrant(name, role, policyName string, scope pratique.ScopeSpec) pratique.Change {
	// A spec of texts and flags can always be written.
	change, _ := put(pratique.KindGrant, name, pratique.GrantSpec{Role: role, Policy: policyName, Scope: scope})
	return change
}

// scope is where a role is given what it needs: RAM knows the account; Huawei's services belong to a project.
func (d *draft) scope() pratique.ScopeSpec {
	if d.Addon.Dialect() == policy.Huawei {
		return pratique.ScopeSpec{Project: d.Cluster.Project}
	}
	return pratique.ScopeSpec{Account: true}
}

// putPolicy writes permissions behind what a policy says already.
func putPolicy(name, description string, old *pratique.Policy, permissions []catalog.Permission) (pratique.Change, error) {
	version := "1"
	if policy.DialectOf(permissions[0].Actions[0]) == policy.Huawei {
		version = "1.1"
	}
	text, err := encode(version, statements(permissions))
	if err != nil {
		return nil, err
	}
	spec := pratique.PolicySpec{Description: description, Document: text}
	if old != nil {
		spec.Description = old.Description
		if spec.Document, err = extended(old, text); err != nil {
			return nil, fmt.Errorf("policy %s: %w", name, err)
		}
	}
	return put(pratique.KindPolicy, name, spec)
}

// statements writes permissions as statements, one for all that are about the same resources under the same conditions.
func statements(permissions []catalog.Permission) []statement {
	var out []statement
	for _, p := range permissions {
		s := statement{Effect: "Allow", Action: p.Actions, Resource: p.Resources}
		for k, v := range p.Context {
			if s.Condition == nil {
				s.Condition = map[string]map[string][]string{"StringEquals": {}}
			}
			s.Condition["StringEquals"][k] = []string{v}
		}
		same := func(other statement) bool {
			return slices.Equal(other.Resource, s.Resource) && other.Condition == nil && s.Condition == nil
		}
		if at := slices.IndexFunc(out, same); at >= 0 {
			out[at].Action = append(slices.Clip(out[at].Action), s.Action...)
			continue
		}
		out = append(out, s)
	}
	return out
}

func encode(version string, all []statement) (jsontext.Value, error) {
	d := document{Version: version}
	for _, s := range all {
		text, err := strictjson.Marshal(s)
		if err != nil {
			return nil, fmt.Errorf("write statement: %w", err)
		}
		d.Statement = append(d.Statement, text)
	}
	text, err := strictjson.Marshal(d)
	if err != nil {
		return nil, fmt.Errorf("write policy: %w", err)
	}
	return text, nil
}

// extended is the document in force with the statements of another behind its own.
func extended(old *pratique.Policy, more jsontext.Value) (jsontext.Value, error) {
	text, _ := old.Version(old.Default)
	var have, add document
	if err := strictjson.Unmarshal(text, &have); err != nil {
		return nil, err
	}
	if err := strictjson.Unmarshal(more, &add); err != nil {
		return nil, err
	}
	have.Statement = append(have.Statement, add.Statement...)
	return strictjson.Marshal(have)
}
