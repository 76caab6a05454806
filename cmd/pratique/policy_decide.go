package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pratique-iam/pratique/catalog"
	"github.com/pratique-iam/pratique/policy"
)

func newPolicyDecide(e *env) *cobra.Command {
	var policies, context []string
	var request policy.Request
	cmd := &cobra.Command{
		Use:   "decide --policy FILE... --action ACTION",
		Short: "Decide a request by policy documents alone",
		Long: `Decide a request by the documents that are given, as if all of them were granted in one place. The
answer is Allow, Deny or Undecided (nothing is said about it, which allows nothing either), then why.
The exit code is 0 for Allow alone.

Documents in the language of the action count together, where a Deny beats every Allow; system roles
(version 1.0) are asked when those leave it undecided, each by itself. Documents in the other
language say nothing.

--policy takes a file, - for the standard input, or the name of a system policy. Nothing is known of the
request but what is given: conditions on the time or the address need --context.`,
		Example: `  pratique policy decide --policy deny.json --policy 'CCE FullAccess' --action cce:node:delete
  pratique policy decide --policy mse.json --action ram:CreateServiceLinkedRole \
      --context ram:ServiceName=audit.log.aliyuncs.com`,
		Args: arguments(0, 0, ""),
	}
	f := cmd.Flags()
	f.StringArrayVar(&policies, "policy", nil, "`FILE` or name of a system policy; may be repeated")
	f.StringVar(&request.Action, "action", "", "`ACTION` that is asked for, such as cce:node:delete or cs:DeleteCluster")
	f.StringVar(&request.Resource, "resource", "", "full `NAME` of the resource")
	f.StringArrayVar(&context, "context", nil, "condition key of the request, `KEY=VALUE`; may be repeated")
	out := formatFlag(cmd, "text", "json")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		switch {
		case len(policies) == 0:
			return usage("decide by what? give --policy FILE")
		case request.Action == "":
			return usage("decide what? give --action ACTION")
		case policy.DialectOf(request.Action) == policy.NoDialect:
			return usage("--action %q has neither two segments (RAM, cs:DeleteCluster) nor three (Huawei IAM, cce:node:delete)", request.Action)
		case strings.ContainsAny(request.Action, "*?"):
			return usage("--action %q is a pattern; a request is for one action", request.Action)
		}
		values, err := contextOf(context)
		if err != nil {
			return err
		}
		for _, key := range slices.Sorted(maps.Keys(values)) {
			request.Context = append(request.Context, policy.Attribute{Key: key, Values: values[key]})
		}
		chain, err := e.chain(policies)
		if err != nil {
			return err
		}
		return e.decideOffline(cmd, chain, &request, out.value == "json")
	}
	return cmd
}

// chain makes the tiers of the documents. Roles come after policies and do not add up, as everywhere else.
func (e *env) chain(policies []string) (policy.Chain, error) {
	var pooled []policy.Source
	roles := policy.Tier{Name: "roles", Combine: policy.Separate}
	for _, p := range policies {
		src, err := e.source(p)
		if err != nil {
			return nil, err
		}
		if src.Document.Version == "1.0" {
			roles.Sets = append(roles.Sets, policy.Compile(src))
		} else {
			pooled = append(pooled, src)
		}
	}
	chain := policy.Chain{{Name: "policies", Sets: []*policy.Set{policy.Compile(pooled...)}}}
	if len(roles.Sets) > 0 {
		chain = append(chain, roles)
	}
	return chain, nil
}

func (e *env) source(nameOrFile string) (policy.Source, error) {
	if !isFile(nameOrFile) {
		known, err := catalog.Load()
		if err != nil {
			return policy.Source{}, err
		}
		if p, ok := known.Policy(nameOrFile); ok {
			return policy.Source{Document: p.Document, Policy: p.Name, ID: p.ID, Version: p.Version}, nil
		}
		if filepath.Ext(nameOrFile) != "" || strings.ContainsRune(nameOrFile, filepath.Separator) {
			return policy.Source{}, fmt.Errorf("%s does not exist", nameOrFile)
		}
		return policy.Source{}, fmt.Errorf("%w; nor is there a file of that name", unknownSystemPolicy(nameOrFile))
	}
	name, data, err := e.readPolicy(nameOrFile)
	if err != nil {
		return policy.Source{}, err
	}
	doc, err := policy.Parse(data)
	if role, roleErr := (policy.Parser{Kind: policy.System}).Parse(data); err != nil && roleErr == nil && role.Version == "1.0" {
		doc, err = role, nil
	}
	if refused, ok := errors.AsType[*policy.Error](err); ok {
		var lines []string
		for _, p := range refused.Problems {
			lines = append(lines, name+":"+p.String())
		}
		return policy.Source{}, errors.New(strings.Join(lines, "\n"))
	}
	return policy.Source{Document: doc, Policy: name}, err
}

func (e *env) decideOffline(cmd *cobra.Command, chain policy.Chain, r *policy.Request, asJSON bool) error {
	x := chain.Explain(r)
	var err error
	if asJSON {
		err = printJSON(cmd.OutOrStdout(), map[string]any{
			"effect": x.Decision.Effect, "allowed": x.Decision.Allowed(), "action": r.Action, "resource": r.Resource, "explanation": x,
		})
	} else {
		e.printOffline(cmd.OutOrStdout(), r, x)
	}
	if err == nil && !x.Decision.Allowed() {
		return errNo
	}
	return err
}

func (e *env) printOffline(w io.Writer, r *policy.Request, x policy.Explanation) {
	colours := map[policy.Effect]string{policy.Allow: green, policy.Deny: red, policy.Undecided: yellow}
	_, _ = fmt.Fprintln(w, e.paint(colours[x.Decision.Effect], x.Decision.Effect.String()))
	for _, t := range x.Tiers {
		if t.Deciding != nil && t.Effect == x.Decision.Effect {
			verb := map[policy.Effect]string{policy.Allow: "allows", policy.Deny: "denies"}[t.Effect]
			_, _ = fmt.Fprintf(w, "%s %s it\n", statementText(t.Deciding), verb)
			printConditions(w, "  ", t.Deciding.Conditions)
		}
	}
	if x.Decision.Effect != policy.Undecided {
		return
	}
	switch {
	case x.Closest == nil || !x.Closest.Action:
		_, _ = fmt.Fprintf(w, "no statement is about %s\n", line(r.Action))
	case r.Resource == "" && !x.Closest.Resource:
		_, _ = io.WriteString(w, "a statement allows the action on certain resources, and the request names none: give --resource\n")
	}
	if x.Closest != nil {
		_, _ = fmt.Fprintf(w, "closest is %s\n", statementText(x.Closest))
		printMatches(w, "  ", x.Closest)
	}
}
