package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"
)

func newExport(e *env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Write the whole directory as manifests",
		Long: `Write everything that manifests can say, in the order in which it can be applied to an empty
account. Passwords, keys and sessions are no manifests and are not written.`,
		Example: `  pratique export > directory.yaml
  pratique export -o json | jq '.items[].metadata.name'`,
		Args: arguments(0, 0, ""),
	}
	out := formatFlag(cmd, "yaml", "json")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		c, err := e.connect()
		if err != nil {
			return err
		}
		all, err := c.Export(cmd.Context())
		if err != nil {
			return err
		}
		w := cmd.OutOrStdout()
		if out.value == "json" {
			return printJSON(w, listOf(all))
		}
		for i, m := range all {
			data, err := toYAML(m)
			if err != nil {
				return err
			}
			if i > 0 {
				if _, err := io.WriteString(w, "---\n"); err != nil {
					return fmt.Errorf("write the export: %w", err)
				}
			}
			if _, err := w.Write(data); err != nil {
				return fmt.Errorf("write the export: %w", err)
			}
		}
		return nil
	}
	return cmd
}
