// Command pratique is the server and the command line of Pratique in one binary.
//
// main only translates: signals and arguments in, an exit code out. 0 is yes or done; 1 is no, refused or failed; 2 is a command that was
// not understood; 130 is a person who stopped waiting for something that goes on. The program itself is newRoot, which a test can run as
// often as it likes.
package main

import (
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// The exit codes.
const (
	exitYes   = 0
	exitNo    = 1
	exitUsage = 2
	exitLeft  = 130 // as shells say it of Ctrl-C
)

func main() { os.Exit(realMain()) }

func realMain() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program at once
	return run(ctx, newEnv(), os.Args[1:], os.Stdout, os.Stderr)
}

// run is the program: it writes the answer to out, and what went wrong to errOut.
func run(ctx context.Context, e *env, args []string, out, errOut io.Writer) int {
	root := newRoot(e) //nolint:contextcheck // commands take theirs from cobra, when they run
	root.SetArgs(args)
	root.SetIn(e.in)
	root.SetOut(out)
	root.SetErr(errOut)
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		return exitYes
	}
	if _, known := errors.AsType[*usageError](err); !known && !e.started && !errors.Is(err, context.Canceled) {
		err = &usageError{text: err.Error()} // cobra's own complaints about flags and arguments
	}
	return e.report(errOut, cmd, err)
}
