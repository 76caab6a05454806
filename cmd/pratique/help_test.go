package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
)

// testEnv is a machine with nothing on it: no terminal, no session, no environment.
func testEnv(t *testing.T) *env {
	t.Helper()
	e := newEnv()
	config := filepath.Join(t.TempDir(), "config.yaml")
	e.terminal, e.colours, e.status = false, false, false
	e.getenv = func(key string) string {
		if key == "PRATIQUE_CONFIG" {
			return config
		}
		return ""
	}
	return e
}

// TestHelpIsGolden holds the whole help tree against a file, so that no word of it changes unseen.
func TestHelpIsGolden(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	walk(newRoot(testEnv(t)), func(cmd *cobra.Command) {
		if cmd.Name() == "completion" || cmd.Parent() != nil && cmd.Parent().Name() == "completion" {
			return // cobra's words
		}
		fmt.Fprintf(&b, "==== %s ====\n", cmd.CommandPath())
		cmd.SetOut(&b)
		if err := cmd.Help(); err != nil {
			t.Fatal(err)
		}
		b.WriteString("\n")
	})
	golden := filepath.Join("testdata", "help.txt")
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(golden, b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), b.String()); diff != "" {
		t.Errorf("the help has changed (-golden +now); if it should, run: UPDATE_GOLDEN=1 go test ./cmd/pratique -run TestHelpIsGolden\n%s", diff)
	}
}

func TestEveryCommandIsDescribed(t *testing.T) {
	t.Parallel()
	walk(newRoot(testEnv(t)), func(cmd *cobra.Command) {
		if strings.HasPrefix(cmd.CommandPath(), "pratique completion") || cmd.Name() == "help" {
			return
		}
		switch {
		case cmd.Short == "" || cmd.Long == "":
			t.Errorf("%s has no Short or no Long", cmd.CommandPath())
		case !cmd.HasSubCommands() && cmd.Example == "":
			t.Errorf("%s has no Example", cmd.CommandPath())
		case cmd.Args == nil:
			t.Errorf("%s takes any arguments", cmd.CommandPath())
		}
		for l := range strings.Lines(cmd.Long + "\n" + cmd.Example) {
			if len([]rune(strings.TrimSpace(l))) > 125 {
				t.Errorf("%s: line too long for a terminal: %s", cmd.CommandPath(), l)
			}
		}
	})
}

func walk(cmd *cobra.Command, visit func(*cobra.Command)) {
	visit(cmd)
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() || c.Name() == "help" {
			walk(c, visit)
		}
	}
}
