package main

import (
	"github.com/spf13/cobra"
)

// newRoot puts the commands together. Nothing else knows them all.
func newRoot(e *env) *cobra.Command {
	root := &cobra.Command{
		Use:   "pratique",
		Short: "Who may do what in a fleet of Kubernetes clusters, and why",
		Long: `Pratique keeps accounts, users, groups, roles and policies, decides who may do what with
Kubernetes clusters, and explains every answer. It reads the policy languages of Alibaba
Cloud RAM and Huawei Cloud IAM.

A first tour:

  pratique serve                                  start a server; it prints how to sign in
  pratique login --user root --secret-file pratique-data/bootstrap-secret --ca pratique-data/ca.crt
  pratique apply -f people.yaml                   make the directory what the files say
  pratique can alice cce:cluster:create --project local-1
  pratique why alice cce:cluster:create --project local-1

Questions answered "no" exit with code 1, commands that were not understood with code 2.

Environment:
  PRATIQUE_SERVER   address of the server, instead of that of the session
  PRATIQUE_TOKEN    API token, instead of the session; make one with: pratique token create
  PRATIQUE_CA       file with the certificate authority of the server (ca.crt in its data directory)
  PRATIQUE_CONFIG   file in which the session is kept
  NO_COLOR          no colours`,
		Version:       version(),
		Args:          subcommand,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		SilenceErrors: true,
		SilenceUsage:  true,
		PersistentPreRun: func(*cobra.Command, []string) {
			e.started = true
		},
	}
	root.SetFlagErrorFunc(flagError)
	root.SetVersionTemplate("pratique {{.Version}}\n")
	groups := []struct {
		id, title string
		commands  []*cobra.Command
	}{
		{"server", "Running a server:", []*cobra.Command{newServe(), newAccount(e)}},
		{"identity", "Signing in:", []*cobra.Command{
			newLogin(e), newLogout(e), newWhoami(e), newMe(e), newPasswd(e), newMFA(e), withClusterToken(e, newToken(e)), newKey(e), newSession(e), newAssumeRole(e),
		}},
		{"directory", "The directory:", []*cobra.Command{newGet(e), newApply(e), newDiff(e), newExport(e), newDelete(e), newRole(e), newProvider(e), newAuthorization(e)}},
		{"clusters", "Clusters:", []*cobra.Command{newCluster(e), newNode(e), newNodePool(e), newStorage(e), newQuota(e), newAddons(e), newChart(e), newRelease(e), newJob(e), newKubeconfig(e)}},
		{"questions", "Questions:", []*cobra.Command{
			inCluster(e, askCan, newCan(e)), inCluster(e, askWhy, newWhy(e)), inCluster(e, askWhoCan, newWhoCan(e)), newPolicy(e), newAudit(e),
		}},
		{"other", "Other:", []*cobra.Command{newVersion()}},
	}
	for _, g := range groups {
		root.AddGroup(&cobra.Group{ID: g.id, Title: g.title})
		for _, c := range g.commands {
			c.GroupID = g.id
			root.AddCommand(c)
		}
	}
	root.AddCommand(newRender())
	root.SetHelpCommandGroupID("other")
	root.SetCompletionCommandGroupID("other")
	root.InitDefaultCompletionCmd()
	for _, c := range root.Commands() {
		if c.Name() == "completion" { // cobra's own: strict as ours
			c.Args = subcommand
			c.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
		}
	}
	return root
}

// family is a command that only has others below it.
func family(use, short, long string, children ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{
		Use: use, Short: short, Long: long, Args: subcommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(children...)
	return cmd
}
