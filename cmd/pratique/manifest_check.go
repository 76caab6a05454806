package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/catalog"
	"github.com/pratique-iam/pratique/internal/strictjson"
	"github.com/pratique-iam/pratique/policy"
)

// checkDocuments finds what can be found without a server: it saves a round trip, and can say in which file it is. The server checks
// everything again.
func checkDocuments(docs []document) error {
	known, err := catalog.Load()
	if err != nil {
		return err
	}
	var problems []error
	places := map[string]string{}
	for _, d := range docs {
		if err := checkManifest(d.manifest, known); err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", d.place, err))
		}
		name := objectName(d.manifest.Kind, pratique.Fold(d.manifest.Metadata.Name))
		if first, twice := places[name]; twice {
			problems = append(problems, fmt.Errorf("%s: %s stands already in %s", d.place, name, first))
		}
		places[name] = d.place
	}
	return errors.Join(problems...)
}

func checkManifest(m pratique.Manifest, known *catalog.Catalog) error {
	switch {
	case m.APIVersion == "":
		return fmt.Errorf("apiVersion is missing; write apiVersion: %s", pratique.APIVersion)
	case m.APIVersion != pratique.APIVersion:
		return fmt.Errorf("apiVersion %q is not known; write apiVersion: %s", m.APIVersion, pratique.APIVersion)
	case m.Kind == "":
		return errors.New("kind is missing; write for example kind: User")
	case m.Metadata.Name == "":
		return fmt.Errorf("a %s without a name; write metadata: {name: NAME}", m.Kind.Word())
	}
	if err := checkKind(m.Kind); err != nil {
		return err
	}
	if err := checkSpec(m, known); err != nil {
		return fmt.Errorf("%s %q: %w", m.Kind.Word(), m.Metadata.Name, err)
	}
	return nil
}

func checkKind(k pratique.Kind) error {
	var names []string
	for _, known := range pratique.ManifestKinds() {
		if k == known {
			return nil
		}
		names = append(names, string(known))
	}
	if best := nearest(string(k), names); best != "" {
		return fmt.Errorf("kind %q is not known; did you mean %s?", k, best)
	}
	return fmt.Errorf("kind %q is not known; known are %s", k, strings.Join(names, ", "))
}

func checkSpec(m pratique.Manifest, known *catalog.Catalog) error {
	spec := map[pratique.Kind]any{
		pratique.KindProject:             &pratique.ProjectSpec{},
		pratique.KindEnterpriseProject:   &pratique.EnterpriseProjectSpec{},
		pratique.KindUser:                &pratique.UserSpec{},
		pratique.KindGroup:               &pratique.GroupSpec{},
		pratique.KindRole:                &pratique.RoleSpec{},
		pratique.KindPolicy:              &pratique.PolicySpec{},
		pratique.KindGrant:               &pratique.GrantSpec{},
		pratique.KindNamespacePermission: &pratique.NamespacePermissionSpec{},
		pratique.KindIdentityProvider:    &pratique.IdentityProviderSpec{},
	}[m.Kind]
	if spec == nil {
		return nil // a kind that is newer than this function; the server reads it
	}
	if len(m.Spec) > 0 {
		if err := strictjson.Unmarshal(m.Spec, spec); err != nil {
			return fmt.Errorf("spec: %w", err)
		}
	}
	switch s := spec.(type) {
	case *pratique.PolicySpec:
		err := checkText(known, policy.Identity, s.Document)
		for _, v := range s.Versions {
			if text := checkText(known, policy.Identity, v.Document); text != nil {
				err = errors.Join(err, fmt.Errorf("version %s: %w", v.ID, text))
			}
		}
		return err
	case *pratique.RoleSpec:
		return checkText(known, policy.Trust, s.Trust)
	case *pratique.GrantSpec:
		return checkGrant(s)
	}
	return nil
}

func checkGrant(s *pratique.GrantSpec) error {
	principals := count(s.User != "", s.Group != "", s.Role != "")
	scopes := count(s.Scope.Account, s.Scope.AllProjects, s.Scope.Project != "", s.Scope.EnterpriseProject != "")
	switch {
	case principals != 1:
		return fmt.Errorf("it names %s; set exactly one of spec.group, spec.user and spec.role", plural(principals, "principal"))
	case s.Policy == "":
		return errors.New("it grants no policy; set spec.policy")
	case scopes != 1:
		return fmt.Errorf("it has %s; set exactly one of scope.account, scope.allProjects, scope.project and scope.enterpriseProject",
			plural(scopes, "scope"))
	}
	return nil
}

func count(conditions ...bool) int {
	n := 0
	for _, c := range conditions {
		if c {
			n++
		}
	}
	return n
}

// checkText parses a policy document inside a manifest. Its positions are those of the JSON that the YAML became, which nobody has seen:
// they are left out, and the sentences name what they are about.
func checkText(known *catalog.Catalog, kind policy.Kind, text jsontext.Value) error {
	if len(text) == 0 {
		return nil // whether one is needed depends on what the server has
	}
	_, err := policy.Parser{Kind: kind, Registry: known}.Parse(text)
	refused, ok := errors.AsType[*policy.Error](err)
	if !ok {
		return err
	}
	var lines []string
	for _, p := range refused.Problems {
		s := fmt.Sprintf("%s (%s)", p.Message, p.Class)
		if p.Hint != "" {
			s += "; " + p.Hint
		}
		lines = append(lines, s)
	}
	return errors.New(strings.Join(lines, "\n  "))
}
