package main

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
)

// question is the flags that can, why and who-can share.
type question struct {
	project, enterprise, clusterType string
	context                          []string
	asRole                           bool
}

func questionFlags(cmd *cobra.Command, who bool) *question {
	q := &question{}
	f := cmd.Flags()
	f.StringVar(&q.project, "project", "", "`NAME` of the project in which it is done")
	f.StringVar(&q.enterprise, "enterprise-project", "", "`NAME` of the enterprise project of the resource")
	f.StringVar(&q.clusterType, "cluster-type", "", "`TYPE` of the cluster, such as cce-standard or ack-managed")
	f.StringArrayVar(&q.context, "context", nil, "condition key of the request, `KEY=VALUE`; may be repeated")
	if who {
		f.BoolVar(&q.asRole, "as-role", false, "WHO is a role")
	}
	return q
}

// ask makes the question of an action and the rest of the arguments.
func (q *question) ask(action, resource string) (apiv1.Question, error) {
	values, err := contextOf(q.context)
	return apiv1.Question{
		Action: action, Resource: resource, Project: q.project, EnterpriseProject: q.enterprise,
		ClusterType: q.clusterType, Context: values,
	}, err
}

// of makes the question of "[WHO] ACTION [RESOURCE]". Names of users hold no colon and actions do, which tells "cce:node:get RESOURCE" from
// "alice cce:node:get"; "me" stands for oneself everywhere.
func (q *question) of(args []string) (apiv1.Question, error) {
	who := "me"
	if len(args) > 2 || len(args) == 2 && !strings.Contains(args[0], ":") {
		who, args = args[0], args[1:]
	}
	resource := ""
	if len(args) > 1 {
		resource = args[1]
	}
	out, err := q.ask(args[0], resource)
	if err != nil {
		return out, err
	}
	out.Subject, err = q.subject(who)
	return out, err
}

// subject reads WHO: a user's name, user/NAME, role/NAME, root, or me.
func (q *question) subject(who string) (apiv1.Subject, error) {
	kind, name, slash := strings.Cut(who, "/")
	switch {
	case slash && kind != "user" && kind != "role":
		return apiv1.Subject{}, usage("%q is not a user or a role; write user/NAME or role/NAME", who)
	case slash && name == "":
		return apiv1.Subject{}, usage("%q names nobody", who)
	case slash && kind == "user" && q.asRole:
		return apiv1.Subject{}, usage("%q is a user; leave --as-role out", who)
	case slash:
		return apiv1.Subject{Type: kind, ID: name}, nil
	case q.asRole && (who == "me" || who == ""):
		return apiv1.Subject{}, usage("--as-role needs the name of a role")
	case q.asRole:
		return apiv1.Subject{Type: string(pratique.PrincipalRole), ID: who}, nil
	case who == "me":
		return apiv1.Subject{}, nil
	case who == pratique.RootID:
		return apiv1.Subject{Type: string(pratique.PrincipalRoot), ID: pratique.RootID}, nil
	}
	return apiv1.Subject{Type: string(pratique.PrincipalUser), ID: who}, nil
}

// contextOf reads KEY=VALUE pairs. A key that is given twice has two values.
func contextOf(pairs []string) (map[string][]string, error) {
	if len(pairs) == 0 {
		return nil, nil
	}
	out := map[string][]string{}
	for _, p := range pairs {
		key, value, ok := strings.Cut(p, "=")
		if !ok || key == "" {
			return nil, usage("--context %q is not KEY=VALUE", p)
		}
		out[key] = append(out[key], value)
	}
	return out, nil
}

// completeQuestion completes who, then what.
func (e *env) completeQuestion(cmd *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
	none := cobra.ShellCompDirectiveNoFileComp
	switch {
	case len(args) == 0 && strings.Contains(begun, ":"):
		return completeActions(begun), none
	case len(args) == 0:
		return append(e.names(cmd, "user", begun), "me", "root"), none
	case len(args) == 1:
		return completeActions(begun), none
	}
	return nil, none
}
