package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	interrupted := ctx.Err() != nil
	stop()
	switch {
	case err == nil || errors.Is(err, flag.ErrHelp):
	case interrupted:
		fmt.Fprintln(os.Stderr, "kube: interrupted; what is finished is kept, run it again to go on")
		os.Exit(130) //nolint:forbidigo // a command of its own
	default:
		fmt.Fprintln(os.Stderr, "kube:", err)
		os.Exit(1) //nolint:forbidigo // a command of its own
	}
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	r, err := newRecipe()
	if err != nil {
		return err
	}
	flags := flag.NewFlagSet("kube", flag.ContinueOnError)
	flags.SetOutput(stderr)
	out := flags.String("out", "", "`directory` for the binaries, an absolute path (default $PRATIQUE_CACHE/kube/"+r.version+
		", or pratique/kube/"+r.version+" in the user's cache)")
	verbose := flags.Bool("v", false, "show what go build says")
	where := flags.Bool("where", false, "print the directory and build nothing")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	dir, err := directory(*out, r.version)
	if err != nil {
		return err
	}
	if !*where {
		b := &builder{
			dir: dir, recipe: r, verbose: *verbose, err: stderr, free: freeSpace, now: time.Now, //nolint:forbidigo // the clock of the command
			say: func(format string, args ...any) { _, _ = fmt.Fprintf(stderr, "kube: "+format+"\n", args...) },
		}
		if err := b.build(ctx); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintln(stdout, dir)
	return err
}

// directory is where the binaries go.
func directory(out, version string) (string, error) {
	if out != "" {
		if !filepath.IsAbs(out) {
			// go -C changes the directory and says nothing to the program: a relative path would silently begin in test/kube.
			return "", fmt.Errorf("-out %s is not an absolute path", out)
		}
		return filepath.Clean(out), nil
	}
	cache := os.Getenv("PRATIQUE_CACHE")
	if cache == "" {
		user, err := os.UserCacheDir()
		if err != nil {
			return "", fmt.Errorf("no place for the binaries: %w; set -out or PRATIQUE_CACHE", err)
		}
		cache = filepath.Join(user, "pratique")
	}
	if !filepath.IsAbs(cache) {
		return "", fmt.Errorf("PRATIQUE_CACHE=%s is not an absolute path", cache)
	}
	return filepath.Join(cache, "kube", version), nil
}
