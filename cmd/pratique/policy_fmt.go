package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/pratique-iam/pratique/policy"
)

func newPolicyFmt(e *env) *cobra.Command {
	var write bool
	cmd := &cobra.Command{
		Use:   "fmt FILE...",
		Short: "Format policy documents",
		Long: `Format policy documents in the one form in which Pratique keeps them: members in a fixed order, two
spaces of indentation. What a document means is never changed, and one that is refused is not touched.

The result goes to the standard output, or with -w into the files that it came from, whose names are
printed when they change.`,
		Example: `  pratique policy fmt deny.json
  pratique policy fmt -w policies/*.json`,
		Args: arguments(1, -1, "a FILE"),
	}
	cmd.Flags().BoolVarP(&write, "write", "w", false, "write the result into the files")
	kind := kindFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		k, err := parserKind(*kind)
		if err != nil {
			return err
		}
		bad := false
		for _, path := range args {
			name, data, err := e.readPolicy(path)
			if err != nil {
				return err
			}
			doc, err := policy.Parser{Kind: k}.Parse(data)
			if refused, ok := errors.AsType[*policy.Error](err); ok {
				bad = true
				for _, p := range refused.Problems {
					printProblem(cmd.ErrOrStderr(), name, p)
				}
				continue
			} else if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			if err := formatted(cmd, path, data, doc.Format(), write); err != nil {
				return err
			}
		}
		if bad {
			return errNo
		}
		return nil
	}
	return cmd
}

func formatted(cmd *cobra.Command, path string, before, after []byte, write bool) error {
	if !write || path == "-" {
		_, err := cmd.OutOrStdout().Write(after)
		return err
	}
	if bytes.Equal(before, after) {
		return nil
	}
	if err := replaceFile(path, after); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	_, err := fmt.Fprintln(cmd.OutOrStdout(), line(path))
	return err
}

// replaceFile writes a file in one step and keeps its mode, so that an interrupted run leaves the old text and not half of the new one.
func replaceFile(path string, data []byte) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".fmt-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }() // gone already after the rename
	_, err = f.Write(data)
	if err == nil {
		err = f.Chmod(info.Mode().Perm())
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	return err
}
