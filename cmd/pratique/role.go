package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/client"
)

func newRole(e *env) *cobra.Command {
	return family("role", "Roles that services bring along", `A service-linked role lets one service of the provider act in the account. The service brings the role and its policy
along; nobody can change either. Other roles are written as manifests: pratique apply, pratique get roles.`,
		newRoleLink(e), newRoleUnlink(e), newRoleLinks(e))
}

func newRoleLink(e *env) *cobra.Command {
	return &cobra.Command{
		Use:   "link SERVICE",
		Short: "Let a service have its role",
		Long: `Create the role that a service brings along, with the policy that belongs to it. It needs ram:CreateServiceLinkedRole;
policies can name the service with the condition key ram:ServiceName.`,
		Example: "  pratique role link audit.log.aliyuncs.com",
		Args:    arguments(1, 1, "the name of a SERVICE"), ValidArgsFunction: e.completeServices,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := e.connect()
			if err != nil {
				return err
			}
			r, err := c.NewServiceLinkedRole(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			done := "unchanged"
			if r.Created {
				done = "created"
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "role/%s %s\n", line(r.Role), done)
			return err
		},
	}
}

func newRoleUnlink(e *env) *cobra.Command {
	return &cobra.Command{
		Use:     "unlink SERVICE",
		Short:   "Delete the role of a service",
		Long:    "Delete the role that a service brought along. While an installed add-on needs the service it is refused.",
		Example: "  pratique role unlink audit.log.aliyuncs.com",
		Args:    arguments(1, 1, "the name of a SERVICE"), ValidArgsFunction: e.completeServices,
		RunE: func(cmd *cobra.Command, args []string) error {
			return e.each(cmd, args, "service-linked role of", "deleted", func(c *client.Client, ctx context.Context, service string) error {
				return c.DeleteServiceLinkedRole(ctx, service)
			})
		},
	}
}

func newRoleLinks(e *env) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "links",
		Short:   "List the roles that services bring along",
		Long:    "List the roles that services bring along: which are in the account, and which could be.",
		Example: "  pratique role links",
		Args:    arguments(0, 0, ""),
	}
	out := formatFlag(cmd, "table", "json")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		c, err := e.connect()
		if err != nil {
			return err
		}
		roles, err := c.ServiceLinkedRoles(cmd.Context())
		if err != nil {
			return err
		}
		if out.value == "json" {
			return printJSON(cmd.OutOrStdout(), apiv1.List[apiv1.ServiceLinkedRole]{Items: roles})
		}
		var rows [][]string
		for _, r := range roles {
			there := "no"
			if r.ID != "" {
				there = "yes"
			}
			rows = append(rows, []string{r.Service, r.Role, there, strings.Join(r.Policies, ", ")})
		}
		return table(cmd.OutOrStdout(), []string{"SERVICE", "ROLE", "THERE", "POLICIES"}, rows)
	}
	return cmd
}

// completeServices completes the services that bring roles along.
func (e *env) completeServices(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	c, err := e.connect()
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), completionTime)
	defer cancel()
	roles, err := c.ServiceLinkedRoles(ctx)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var names []string
	for _, r := range roles {
		names = append(names, line(r.Service))
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}
