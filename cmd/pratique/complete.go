package main

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/catalog"
	"github.com/pratique-iam/pratique/client"
)

// completionTime bounds how long a press of the tab key may ask the server.
const completionTime = 2 * time.Second

// completeObjects completes kinds, then names that the server knows.
func (e *env) completeObjects(cmd *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
	if len(args) == 0 {
		if word, name, slash := strings.Cut(begun, "/"); slash {
			return prefixed(word+"/", e.names(cmd, word, name)), cobra.ShellCompDirectiveNoFileComp
		}
		return append(plurals(), "operations"), cobra.ShellCompDirectiveNoFileComp
	}
	return e.names(cmd, args[0], begun), cobra.ShellCompDirectiveNoFileComp
}

// names asks the server. A completion that cannot be had is none: it must not get in the way of typing.
func (e *env) names(cmd *cobra.Command, word, begun string) []string {
	k, ok := pratique.ParseKind(word)
	if !ok {
		return nil
	}
	c, err := e.connect()
	if err != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), completionTime)
	defer cancel()
	page, err := c.List(ctx, k, client.ListOptions{Limit: 100, Name: begun})
	if err != nil {
		return nil
	}
	var names []string
	for _, m := range page.Items {
		if strings.HasPrefix(pratique.Fold(m.Metadata.Name), pratique.Fold(begun)) {
			names = append(names, line(m.Metadata.Name))
		}
	}
	return names
}

func prefixed(prefix string, names []string) []string {
	var out []string
	for _, n := range names {
		out = append(out, prefix+n)
	}
	return out
}

// completeActions completes the names of actions from the catalogue that this program brings along.
func completeActions(begun string) []string {
	c, err := catalog.Load()
	if err != nil {
		return nil
	}
	return c.Expand(begun + "*")
}
