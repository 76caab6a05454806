package needs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
)

// Chromium is the path of the browser. The variable CHROMIUM names one that is somewhere else.
func Chromium() (string, error) {
	if path := os.Getenv("CHROMIUM"); path != "" {
		return exec.LookPath(path)
	}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errors.New("there is no Chromium in PATH; install it with: make browser")
}

// InstallChromium installs the browser from the distribution when there is none. Packages are for root to install: others are told what to
// ask for.
func InstallChromium(ctx context.Context, out io.Writer) error {
	if _, err := Chromium(); err == nil {
		return nil
	}
	return install(ctx, out, "chromium")
}

// install asks apt for a package.
func install(ctx context.Context, out io.Writer, name string) error {
	apt, err := exec.LookPath("apt-get")
	if err != nil || os.Geteuid() != 0 {
		return fmt.Errorf("%s is needed and missing, and only root of a Debian system can be helped from here; install it, on Debian with: sudo apt-get install %s", name, name)
	}
	_, _ = fmt.Fprintf(out, "installing %s with apt-get\n", name)
	for _, args := range [][]string{{"update", "-q"}, {"install", "-q", "-y", "--no-install-recommends", name}} {
		cmd := exec.CommandContext(ctx, apt, args...) //nolint:gosec // our own arguments
		cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
		cmd.Stdout, cmd.Stderr = out, out
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("apt-get %s for %s: %w", args[0], name, err)
		}
	}
	return nil
}
