package main

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/catalog"
	"github.com/pratique-iam/pratique/internal/strictjson"
)

// missingRole is how the server says that a granted role does nothing yet.
var missingRole = regexp.MustCompile(`^grant "(.+)": role "(.+)" does not work until .+ also holds, in the same scope: (.+)$`)

// rounds bounds how often adding roles may ask for further roles.
const rounds = 5

// missingRoles offers to grant, beside a role, those that it does not work without. The server never adds them by itself: what is granted
// should stand in somebody's file.
func (a *apply) missingRoles(cmd *cobra.Command, planner *planner, list *changeList, plan apiv1.ChangeResult) (apiv1.ChangeResult, error) {
	all := *list
	full := plan
	var added []pratique.Manifest
	for range rounds {
		more, err := missingGrants(all, full.Warnings)
		if err != nil || len(more) == 0 {
			break
		}
		added = append(added, more...)
		all.manifests = append(append([]pratique.Manifest{}, all.manifests...), more...)
		if full, err = planner.plan(cmd.Context(), all); err != nil {
			return plan, nil //nolint:nilerr // the offer cannot be made, for example because the names are taken; what was asked for still can
		}
	}
	if len(added) == 0 {
		return plan, nil
	}
	if !a.terminal || a.yes || a.dryRun {
		return plan, printMissing(cmd, added)
	}
	_, _ = fmt.Fprintln(cmd.OutOrStdout(), "These roles work only with others beside them:")
	for _, m := range added {
		s := specOf[pratique.GrantSpec](m)
		_, _ = fmt.Fprintf(cmd.OutOrStdout(), "+ grant %s  (%s to %s on %s)\n", line(m.Metadata.Name), line(s.Policy), line(grantedTo(s)), line(where(s.Scope)))
	}
	yes, err := a.confirm(cmd.Context(), cmd.ErrOrStderr(), "Add "+plural(len(added), "grant")+"?")
	if err != nil {
		return plan, err
	}
	if !yes {
		return plan, nil
	}
	*list = all
	return full, nil
}

func printMissing(cmd *cobra.Command, added []pratique.Manifest) error {
	w := cmd.OutOrStdout()
	_, _ = fmt.Fprintln(w, "to make these roles work, add:")
	for _, m := range added {
		data, err := toYAML(m)
		if err != nil {
			return err
		}
		_, _ = fmt.Fprintf(w, "---\n%s", data)
	}
	return nil
}

// missingGrants makes the grants that warnings ask for: to the same principal in the same scope, or in the whole account for a role that is
// granted nowhere else.
func missingGrants(list changeList, warnings []string) ([]pratique.Manifest, error) {
	known, err := catalog.Load()
	if err != nil {
		return nil, err
	}
	var out []pratique.Manifest
	seen := map[string]bool{}
	for _, warning := range warnings {
		found := missingRole.FindStringSubmatch(warning)
		if found == nil {
			continue
		}
		grant, ok := list.find(pratique.KindGrant, found[1])
		if !ok {
			continue // it stands on the server; whoever granted it was told
		}
		for role := range strings.SplitSeq(found[3], ", ") {
			m, err := beside(grant, role, known)
			if err != nil {
				return nil, err
			}
			if key := string(m.Spec); !seen[key] {
				seen[key] = true
				out = append(out, m)
			}
		}
	}
	return out, nil
}

func beside(grant pratique.Manifest, role string, known *catalog.Catalog) (pratique.Manifest, error) {
	spec := specOf[pratique.GrantSpec](grant)
	spec.Description, spec.Policy = "", role
	if p, ok := known.Policy(role); ok && p.Level == catalog.Global {
		spec.Scope = pratique.ScopeSpec{Account: true}
	}
	data, err := strictjson.Marshal(spec)
	if err != nil {
		return pratique.Manifest{}, fmt.Errorf("grant %s: %w", role, err)
	}
	name := grant.Metadata.Name + "-" + strings.ReplaceAll(strings.ToLower(role), " ", "-")
	return pratique.Manifest{
		APIVersion: pratique.APIVersion, Kind: pratique.KindGrant, Metadata: pratique.Metadata{Name: name}, Spec: data,
	}, nil
}
