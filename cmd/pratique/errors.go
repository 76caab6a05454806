package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pratique-iam/pratique/client"
)

// errNo ends a command whose answer, already printed, is no.
var errNo = errors.New("no")

// errSignedOut says that there is no session to work with.
var errSignedOut = errors.New("you are not signed in; run: pratique login --server URL --user NAME")

// usageError is a command that was not understood.
type usageError struct{ text string }

func (e *usageError) Error() string { return e.text }

func usage(format string, args ...any) error { return &usageError{fmt.Sprintf(format, args...)} }

// report writes one clear sentence, with what to do next, and gives the exit code.
func (e *env) report(w io.Writer, cmd *cobra.Command, err error) int {
	if errors.Is(err, errNo) {
		return exitNo
	}
	if left, ok := errors.AsType[*leftError](err); ok {
		_, _ = fmt.Fprintln(w, text(left.Error()))
		return exitLeft
	}
	if u, ok := errors.AsType[*usageError](err); ok {
		_, _ = fmt.Fprintf(w, "error: %s\nsee: %s --help\n", text(u.text), cmd.CommandPath())
		return exitUsage
	}
	_, _ = fmt.Fprintf(w, "error: %s\n", text(e.sentence(err)))
	return exitNo
}

// sentence adds to an error what its maker could not know: which command helps.
func (e *env) sentence(err error) string {
	if errors.Is(err, context.Canceled) {
		return "interrupted"
	}
	if unreachable, ok := errors.AsType[*client.UnreachableError](err); ok {
		if u, bad := url.Parse(unreachable.Server); bad == nil && (u.Hostname() == "localhost" || u.Hostname() == "127.0.0.1" || u.Hostname() == "::1") {
			return err.Error() + "; is it running? start it with: pratique serve"
		}
		return err.Error() + "; check the address and whether the server is running"
	}
	if untrusted, ok := errors.AsType[*client.UntrustedError](err); ok && untrusted.Unknown {
		return err.Error() + "; copy the file ca.crt from the server's data directory (pratique-data/ca.crt there) and name it: " +
			"pratique login --ca FILE, or PRATIQUE_CA=FILE"
	} else if ok {
		return err.Error() + "; use a name that the certificate has, or start the server with: pratique serve --host NAME"
	}
	problem, ok := errors.AsType[*client.ProblemError](err)
	if !ok {
		return err.Error()
	}
	if errors.Is(problem, client.ErrSignedOut) && e.getenv("PRATIQUE_TOKEN") != "" {
		return "the token in PRATIQUE_TOKEN is not valid any more; make another with: pratique token create, or assume the role again"
	} else if errors.Is(problem, client.ErrSignedOut) {
		return "your session has ended; run: pratique login"
	}
	if problem.Decision != "" && !strings.Contains(err.Error(), "pratique why") {
		return err.Error() + "\nwhy: pratique why " + problem.Decision
	}
	return err.Error()
}

// flagError names the flag that was probably meant.
func flagError(cmd *cobra.Command, err error) error {
	message := err.Error()
	if name, ok := strings.CutPrefix(message, "unknown flag: --"); ok {
		if best := nearest(name, flagNames(cmd)); best != "" {
			return usage("unknown flag --%s; did you mean --%s?", name, best)
		}
		return usage("unknown flag --%s", name)
	}
	return usage("%s", message)
}

// subcommand is the argument rule of a command that only has others below it.
func subcommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var names []string
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() {
			names = append(append(names, c.Name()), c.Aliases...)
		}
	}
	if best := nearest(args[0], names); best != "" {
		return usage("unknown command %q; did you mean: %s %s", args[0], cmd.CommandPath(), best)
	}
	return usage("unknown command %q", args[0])
}

// arguments is the rule that a command has from least to most arguments; what names them in the complaint.
func arguments(least, most int, what string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		switch {
		case len(args) < least && len(args) == 0:
			return usage("%s is missing", what)
		case len(args) < least:
			return usage("too few arguments; give %s", what)
		case most >= 0 && len(args) > most && most == 0:
			return usage("unexpected argument %q", args[0])
		case most >= 0 && len(args) > most:
			return usage("unexpected argument %q; give %s", args[most], what)
		}
		return nil
	}
}

// conflictStatus is what a server answers when something holds on to an object.
const conflictStatus = 409

func asProblem(err error) (*client.ProblemError, bool) {
	return errors.AsType[*client.ProblemError](err)
}

// operatorHint says what to look at when the admin socket does not answer.
func operatorHint(err error) error {
	if _, ok := errors.AsType[*client.UnreachableError](err); ok {
		return fmt.Errorf("%s; run this on the machine of a running server, as its user, and name its data directory with --data", err.Error())
	}
	return err
}
