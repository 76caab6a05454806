package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/policy"
)

// column is one column of a kind's table.
type column struct {
	title string
	wide  bool // only with -o wide
	value func(pratique.Manifest) string
}

// tables prints one table for every kind, in the order in which the kinds appear.
func (g *get) tables(w io.Writer, items []pratique.Manifest) error {
	var kinds []pratique.Kind
	byKind := map[pratique.Kind][]pratique.Manifest{}
	for _, m := range items {
		if byKind[m.Kind] == nil {
			kinds = append(kinds, m.Kind)
		}
		byKind[m.Kind] = append(byKind[m.Kind], m)
	}
	for i, k := range kinds {
		if i > 0 {
			_, _ = io.WriteString(w, "\n")
		}
		if err := g.table(w, k, byKind[k], len(kinds) > 1); err != nil {
			return err
		}
	}
	return nil
}

func (g *get) table(w io.Writer, k pratique.Kind, items []pratique.Manifest, several bool) error {
	var header []string
	var columns []column
	for _, c := range g.columns(k) {
		if !c.wide || g.out.value == "wide" {
			columns, header = append(columns, c), append(header, c.title)
		}
	}
	rows := make([][]string, 0, len(items))
	for _, m := range items {
		row := make([]string, 0, len(columns))
		for _, c := range columns {
			row = append(row, c.value(m))
		}
		if several {
			row[0] = objectName(m.Kind, row[0])
		}
		rows = append(rows, row)
	}
	return table(w, header, rows)
}

func (g *get) columns(k pratique.Kind) []column {
	name := column{"NAME", false, func(m pratique.Manifest) string { return m.Metadata.Name }}
	id := column{"ID", true, func(m pratique.Manifest) string { return m.Metadata.ID }}
	age := column{"AGE", false, func(m pratique.Manifest) string { return g.age(m.Metadata.Created) }}
	own := map[pratique.Kind][]column{
		pratique.KindUser:                userColumns(),
		pratique.KindGroup:               groupColumns(),
		pratique.KindRole:                roleColumns(),
		pratique.KindPolicy:              policyColumns(),
		pratique.KindGrant:               grantColumns(),
		pratique.KindProject:             projectColumns(),
		pratique.KindNamespacePermission: namespacePermissionColumns(),
		pratique.KindIdentityProvider:    identityProviderColumns(),
		pratique.KindEnterpriseProject:   {description[pratique.EnterpriseProjectSpec](false, func(s pratique.EnterpriseProjectSpec) string { return s.Description })},
	}
	columns := append([]column{name}, own[k]...)
	return append(columns, age, id)
}

func description[T any](wide bool, of func(T) string) column {
	return column{"DESCRIPTION", wide, func(m pratique.Manifest) string { return of(specOf[T](m)) }}
}

func userColumns() []column {
	spec := specOf[pratique.UserSpec]
	return []column{
		{"STATE", false, func(m pratique.Manifest) string {
			if spec(m).Disabled {
				return "disabled"
			}
			return "enabled"
		}},
		{"ACCESS", false, func(m pratique.Manifest) string {
			var ways []string
			for _, a := range spec(m).Access {
				ways = append(ways, string(a))
			}
			if len(ways) == 0 {
				return "console,programmatic"
			}
			return strings.Join(ways, ",")
		}},
		{"DISPLAY NAME", true, func(m pratique.Manifest) string { return spec(m).DisplayName }},
		{"EMAIL", true, func(m pratique.Manifest) string { return spec(m).Email }},
	}
}

func identityProviderColumns() []column {
	spec := specOf[pratique.IdentityProviderSpec]
	return []column{
		{"ISSUER", false, func(m pratique.Manifest) string { return spec(m).Issuer }},
		{"CLIENT", true, func(m pratique.Manifest) string { return spec(m).ClientID }},
		{"GROUPS", false, func(m pratique.Manifest) string { return strconv.Itoa(len(spec(m).Groups)) }},
	}
}

func groupColumns() []column {
	spec := specOf[pratique.GroupSpec]
	return []column{
		{"MEMBERS", false, func(m pratique.Manifest) string { return strconv.Itoa(len(spec(m).Members)) }},
		{"NAMES", true, func(m pratique.Manifest) string { return strings.Join(spec(m).Members, ",") }},
		description(true, func(s pratique.GroupSpec) string { return s.Description }),
	}
}

func roleColumns() []column {
	spec := specOf[pratique.RoleSpec]
	return []column{
		{"SESSION", false, func(m pratique.Manifest) string {
			if d := spec(m).MaxSession; d != 0 {
				return time.Duration(d).String()
			}
			return "1h0m0s"
		}},
		{"TRUSTS", false, func(m pratique.Manifest) string { return strings.Join(trusted(spec(m)), ",") }},
		description(true, func(s pratique.RoleSpec) string { return s.Description }),
	}
}

// trusted names who may assume a role.
func trusted(s pratique.RoleSpec) []string {
	doc, err := policy.Parser{Kind: policy.Trust}.Parse(s.Trust)
	if err != nil {
		return []string{"?"}
	}
	var who []string
	for _, st := range doc.Statements {
		for _, p := range st.Principals {
			who = append(who, p.ID)
		}
	}
	return who
}

func policyColumns() []column {
	document := func(m pratique.Manifest) (version string, doc *policy.Document) {
		s := specOf[pratique.PolicySpec](m)
		version, text := s.DefaultVersion, s.Document
		for _, v := range s.Versions {
			if v.ID == s.DefaultVersion {
				text = v.Document
			}
		}
		if version == "" {
			version = "v1"
		}
		doc, err := policy.Parser{Kind: policy.System}.Parse(text) // takes identity policies as well
		if err != nil {
			return version, &policy.Document{}
		}
		return version, doc
	}
	return []column{
		{"TYPE", false, func(m pratique.Manifest) string {
			if strings.HasPrefix(m.Metadata.ID, "sys-") {
				return "system"
			}
			return "custom"
		}},
		{"LANGUAGE", false, func(m pratique.Manifest) string {
			_, doc := document(m)
			if doc.Dialect == policy.NoDialect {
				return "?"
			}
			return fmt.Sprintf("%s %s", doc.Dialect, doc.Version)
		}},
		{"VERSION", false, func(m pratique.Manifest) string { v, _ := document(m); return v }},
		{"STATEMENTS", false, func(m pratique.Manifest) string { _, doc := document(m); return strconv.Itoa(len(doc.Statements)) }},
		description(true, func(s pratique.PolicySpec) string { return s.Description }),
	}
}

func grantColumns() []column {
	spec := specOf[pratique.GrantSpec]
	return []column{
		{"TO", false, func(m pratique.Manifest) string { return grantedTo(spec(m)) }},
		{"POLICY", false, func(m pratique.Manifest) string { return spec(m).Policy }},
		{"WHERE", false, func(m pratique.Manifest) string { return where(spec(m).Scope) }},
		description(true, func(s pratique.GrantSpec) string { return s.Description }),
	}
}

func grantedTo(s pratique.GrantSpec) string {
	switch {
	case s.User != "":
		return "user " + s.User
	case s.Role != "":
		return "role " + s.Role
	}
	return "group " + s.Group
}

func where(s pratique.ScopeSpec) string {
	switch {
	case s.Account:
		return "the account"
	case s.AllProjects:
		return "all projects"
	case s.Project != "":
		return "project " + s.Project
	}
	return "enterprise project " + s.EnterpriseProject
}

func namespacePermissionColumns() []column {
	spec := specOf[pratique.NamespacePermissionSpec]
	return []column{
		{"TO", false, func(m pratique.Manifest) string {
			s := spec(m)
			return grantedTo(pratique.GrantSpec{User: s.User, Group: s.Group, Role: s.Role})
		}},
		{"CLUSTERROLE", false, func(m pratique.Manifest) string { return spec(m).ClusterRole }},
		{"CLUSTERS", false, func(m pratique.Manifest) string { return strings.Join(spec(m).Clusters, ",") }},
		{"NAMESPACES", false, func(m pratique.Manifest) string { return strings.Join(spec(m).Namespaces, ",") }},
	}
}

func projectColumns() []column {
	return []column{
		{"REGION", false, func(m pratique.Manifest) string { return specOf[pratique.ProjectSpec](m).Region }},
		description(true, func(s pratique.ProjectSpec) string { return s.Description }),
	}
}

// looseJSON reads what the server says, for showing it: unknown members are welcome.
func looseJSON(data []byte, into any) error { return json.Unmarshal(data, into) }
