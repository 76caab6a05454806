// Command setup installs what the tests of the console need and this machine lacks: Chromium, from the distribution, and the accessibility
// checker axe, with npm. It says what it does, and does nothing where everything is there.
//
//	go -C test/browser run ./setup
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/pratique-iam/pratique/test/browser/needs"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := errors.Join(needs.InstallChromium(ctx, os.Stderr), needs.InstallAxe(ctx, os.Stderr))
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "browser:", err)
		os.Exit(1) //nolint:forbidigo // a command of its own
	}
	path, err := needs.Chromium()
	if err != nil {
		fmt.Fprintln(os.Stderr, "browser:", err)
		os.Exit(1) //nolint:forbidigo // a command of its own
	}
	fmt.Fprintln(os.Stderr, "browser: everything is there,", path)
}
