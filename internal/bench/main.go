// Command bench measures Pratique and prints one table: our figures beside the targets and the best that was measured of others.
//
//	go run ./internal/bench [-quick] [-only NAME] [-binary FILE]
//
// Run it at the top of the repository on a machine that does nothing else. The table goes to the standard output, in Markdown; what is being
// measured, to the standard error. What must start empty or is measured from outside runs in a process of its own: the server, or this
// program again with "child" as its first argument. What is measured at a real control plane needs the programs of Kubernetes, which `make bench`
// builds when they are missing. docs/benchmarks.md says what the rows mean.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil && !errors.Is(err, flag.ErrHelp) {
		_, _ = fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1) //nolint:forbidigo // a command
	}
}

func run(ctx context.Context, args []string, out, progress io.Writer) error {
	if len(args) > 0 && args[0] == "child" {
		return child(ctx, args[1:], out)
	}
	b := bench{out: out, progress: progress}
	var only string
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(progress)
	flags.BoolVar(&b.quick, "quick", false, "small sizes, one run: shows that everything works, measures nothing")
	flags.StringVar(&only, "only", "", "measure `NAME` only: "+strings.Join(names(), ", "))
	flags.StringVar(&b.binary, "binary", "", "the pratique `FILE` to measure; empty: build it")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if only != "" && !slices.Contains(names(), only) {
		return fmt.Errorf("nothing is called %q; there are %s", only, strings.Join(names(), ", "))
	}
	if only == "" || only == kubeName { // before minutes are spent on the rest
		if _, err := programs(); err != nil {
			return err
		}
	}
	var err error
	if b.self, err = os.Executable(); err != nil {
		return err
	}
	if b.temp, err = os.MkdirTemp("", "bench"); err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(b.temp) }()
	return b.table(ctx, only)
}

// bench is one run of the program.
type bench struct {
	quick    bool
	self     string // this program
	binary   string // the server to measure
	temp     string // removed at the end
	out      io.Writer
	progress io.Writer
}

// row is a line of the table.
type row struct{ what, target, ours, peer string }

// measurement gives some rows.
type measurement struct {
	name string
	run  func(*bench, context.Context) ([]row, error)
}

// kubeName is what needs the programs of Kubernetes.
const kubeName = "kube"

func measurements() []measurement {
	return []measurement{
		{"decide", (*bench).decide},
		{"principal", (*bench).principal},
		{"access", (*bench).access},
		{"memory", (*bench).memory},
		{"load", (*bench).load},
		{"propagation", (*bench).propagation},
		{"start", (*bench).start},
		{"http", (*bench).http},
		{"reviews", (*bench).reviews},
		{"console", (*bench).console},
		{"addons", (*bench).addons},
		{kubeName, (*bench).kube},
	}
}

func names() []string {
	var out []string
	for _, m := range measurements() {
		out = append(out, m.name)
	}
	return out
}

// table measures and prints.
func (b *bench) table(ctx context.Context, only string) error {
	var rows []row
	before := look()
	for _, m := range measurements() {
		if only != "" && only != m.name {
			continue
		}
		b.say("%s", m.name)
		some, err := m.run(b, ctx)
		if err != nil {
			return fmt.Errorf("measure %s: %w", m.name, err)
		}
		rows = append(rows, some...)
	}
	var text strings.Builder
	text.WriteString(before.describe(look()))
	if b.quick {
		text.WriteString("\n**A quick run: the figures mean nothing.**\n")
	}
	text.WriteString("\n| What | Target | Pratique | Best peer measured |\n|---|---|---|---|\n")
	for _, r := range rows {
		fmt.Fprintf(&text, "| %s | %s | %s | %s |\n", r.what, r.target, r.ours, r.peer)
	}
	_, err := io.WriteString(b.out, text.String())
	return err
}

func (b *bench) say(format string, args ...any) {
	_, _ = fmt.Fprintf(b.progress, "bench: "+format+"\n", args...)
}

// pick chooses between the size that is measured and that of a quick run.
func (b *bench) pick(full, quick int) int {
	if b.quick {
		return quick
	}
	return full
}

// dir makes an empty directory.
func (b *bench) dir() (string, error) { return os.MkdirTemp(b.temp, "d") }

// server is the command line of the server. It is built once; a quick run has this program serve, which saves the linking.
func (b *bench) server(ctx context.Context) ([]string, error) {
	if b.quick && b.binary == "" {
		return []string{b.self, "child", "serve"}, nil
	}
	if b.binary == "" {
		b.say("building pratique")
		file := filepath.Join(b.temp, "pratique")
		cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", file, "./cmd/pratique") //nolint:gosec // our own path
		cmd.Stderr = b.progress
		if err := cmd.Run(); err != nil {
			return nil, fmt.Errorf("build pratique; run this at the top of the repository, or name a -binary: %w", err)
		}
		b.binary = file
	}
	return []string{b.binary, "serve"}, nil
}
