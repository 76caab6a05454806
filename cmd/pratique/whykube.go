package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pratique-iam/pratique/apiv1"
)

// kubeQuestion is the flags with which can, why and who-can ask about the inside of a cluster.
type kubeQuestion struct {
	*env
	cluster, namespace, name string
	subject                  func(who string) (apiv1.Subject, error)
}

// askVerb says what to do with the answer to a question.
type askVerb string

const (
	askCan    askVerb = "can"
	askWhy    askVerb = "why"
	askWhoCan askVerb = "who-can"
)

// inCluster lets a command that asks about actions ask about the inside of a cluster as well, when --cluster is given.
func inCluster(e *env, ask askVerb, cmd *cobra.Command) *cobra.Command {
	k := &kubeQuestion{env: e}
	f := cmd.Flags()
	f.StringVar(&k.cluster, "cluster", "", "ask about the inside of the cluster with this `NAME`: VERB RESOURCE, as kubectl writes them")
	f.StringVarP(&k.namespace, "namespace", "n", "", "with --cluster: `NAME` of the namespace (default: all of them)")
	f.StringVar(&k.name, "object", "", "with --cluster: `NAME` of the one object that is meant")
	completeFlag(cmd, "cluster", func(begun string) []string { return e.clusterNames(cmd, begun) })
	k.subject = (&question{}).subject
	who := "[WHO] "
	if ask == askWhoCan {
		who = ""
	}
	cmd.Use += " | " + string(ask) + " " + who + "VERB RESOURCE --cluster NAME"
	cmd.Long += `

With --cluster the question is about the inside of a cluster, as kubectl would ask: VERB is get, list, watch, create,
update, patch, delete or deletecollection, RESOURCE such as pods, deployments.apps or pods/exec, or a path that
begins with a slash. Two layers answer: the gate, which is cluster permissions and policies, and Kubernetes RBAC
behind it, which is namespace permissions. Both must agree.`
	cmd.Example += "\n" + map[askVerb]string{
		askCan:    "  pratique can alice get pods -n dev --cluster prod",
		askWhy:    "  pratique why alice create pods/exec -n dev --cluster prod",
		askWhoCan: "  pratique who-can delete pods -n dev --cluster prod",
	}[ask]
	other, complete := cmd.RunE, cmd.ValidArgsFunction
	cmd.ValidArgsFunction = func(cmd *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
		if !f.Changed("cluster") {
			return complete(cmd, args, begun)
		}
		return k.complete(cmd, ask, args, begun), cobra.ShellCompDirectiveNoFileComp
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if !f.Changed("cluster") {
			if k.namespace+k.name != "" {
				return usage("-n and --object are about the inside of a cluster; name it with --cluster")
			}
			return other(cmd, args)
		}
		for _, flag := range []string{"project", "enterprise-project", "cluster-type", "context"} {
			if f.Changed(flag) {
				return usage("--%s does not go with --cluster, which knows it by itself", flag)
			}
		}
		if ask == askWhoCan {
			return k.whoCan(cmd, args)
		}
		return k.answer(cmd, ask, args)
	}
	return cmd
}

func (k *kubeQuestion) complete(cmd *cobra.Command, ask askVerb, args []string, begun string) []string {
	verbs := []string{"get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"}
	if len(args) > 0 && slices.Contains(verbs, args[len(args)-1]) {
		return []string{
			"pods", "pods/exec", "pods/log", "pods/portforward", "deployments", "services", "configmaps", "secrets", "jobs",
			"statefulsets", "daemonsets", "ingresses", "nodes", "namespaces", "persistentvolumeclaims", "roles", "rolebindings",
		}
	}
	switch {
	case len(args) == 0 && ask != askWhoCan:
		return append(append(k.names(cmd, "user", begun), "me", "root"), verbs...)
	case len(args) == 0 || len(args) == 1 && ask != askWhoCan:
		return verbs
	}
	return nil
}

// of makes the question of "[WHO] VERB RESOURCE".
func (k *kubeQuestion) of(cmd *cobra.Command, args []string) (apiv1.KubeQuestion, error) {
	q := apiv1.KubeQuestion{Cluster: k.cluster, Namespace: k.namespace, Name: k.name}
	if k.cluster == "" {
		return q, usage("--cluster names no cluster")
	}
	if len(args) == 3 {
		var err error
		if role, _ := cmd.Flags().GetBool("as-role"); role { // who-can has no such flag, and never comes here
			q.Subject, err = (&question{asRole: true}).subject(args[0])
		} else {
			q.Subject, err = k.subject(args[0])
		}
		if err != nil {
			return q, err
		}
		args = args[1:]
	}
	if len(args) != 2 {
		return q, usage("with --cluster, give VERB RESOURCE, such as: get pods")
	}
	q.Verb, q.Resource = args[0], args[1]
	if strings.HasPrefix(q.Resource, "/") {
		q.Resource, q.Path = "", args[1]
	}
	return q, nil
}

func (k *kubeQuestion) answer(cmd *cobra.Command, ask askVerb, args []string) error {
	q, err := k.of(cmd, args)
	if err != nil {
		return err
	}
	c, err := k.connect()
	if err != nil {
		return err
	}
	q.Explanation = ask == askWhy
	a, err := c.KubeWhy(cmd.Context(), q)
	if err != nil {
		return err
	}
	w := cmd.OutOrStdout()
	switch {
	case cmd.Flags().Lookup("output").Value.String() == "json":
		err = printJSON(w, a)
	case ask == askWhy:
		err = k.printKube(w, a)
	default:
		_, _ = fmt.Fprintf(w, "%s\n%s\n", k.yesNo(a.Allowed), text(a.Reason))
		printHints(w, a.Smallest)
		_, _ = fmt.Fprintf(w, "decision %s at revision %d; more: pratique why %s\n", line(a.Gate.Decision), a.Gate.Revision, line(a.Gate.Decision))
		err = k.printAge(w, a.Gate)
	}
	if err == nil && !a.Allowed {
		return errNo
	}
	return err
}

// printKube writes both layers, the answer first.
func (k *kubeQuestion) printKube(w io.Writer, a apiv1.KubeAnswer) error {
	_, _ = fmt.Fprintf(w, "%s\n%s\n\n1. the gate: ", k.yesNo(a.Allowed), text(a.Reason))
	gate := a.Gate
	rbac := a.RBAC
	gate.RBAC, gate.Smallest = &rbac, a.Smallest
	return k.printExplanation(w, gate)
}

// printBehind writes what stands behind the gate, for a decision about the inside of a cluster.
func (e *env) printBehind(w io.Writer, a apiv1.Answer) {
	if a.RBAC == nil {
		return
	}
	answer := "not asked, or no answer"
	if a.RBAC.Consulted {
		answer = e.yesNo(a.RBAC.Allowed)
	}
	_, _ = fmt.Fprintf(w, "\n2. Kubernetes RBAC, as it is now: %s\n%s\n", answer, text(a.RBAC.Reason))
	if len(a.Smallest) > 0 {
		_, _ = io.WriteString(w, "\nthe smallest change that would allow it\n")
	}
	for _, s := range a.Smallest {
		_, _ = fmt.Fprintf(w, "  %s\n", text(s))
	}
}

func (k *kubeQuestion) whoCan(cmd *cobra.Command, args []string) error {
	q, err := k.of(cmd, args)
	if err != nil {
		return err
	}
	c, err := k.connect()
	if err != nil {
		return err
	}
	list, err := c.KubeWhoCan(cmd.Context(), q)
	if err != nil {
		return err
	}
	w := cmd.OutOrStdout()
	if cmd.Flags().Lookup("output").Value.String() == "json" {
		err = printJSON(w, list)
	} else {
		for _, s := range list.Items {
			_, _ = fmt.Fprintf(w, "%s %s\n", line(s.Type), line(s.ID))
		}
	}
	if err == nil && len(list.Items) == 0 {
		_, _ = fmt.Fprintln(cmd.ErrOrStderr(), "nobody but the root of the account")
		return errNo
	}
	return err
}
