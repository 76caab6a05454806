package browser

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/pratique-iam/pratique/test/browser/needs"
)

// chromium starts a browser that trusts the server's key and nothing else beyond the usual. It ends with the test, with all of its children.
func chromium(t *testing.T, s *server) context.Context {
	t.Helper()
	path, err := needs.Chromium()
	if err != nil {
		t.Fatal(err)
	}
	home := t.TempDir()
	profile := filepath.Join(home, "profile")
	options := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(path), chromedp.UserDataDir(profile), chromedp.WSURLReadTimeout(2 * time.Minute),
		chromedp.Env("HOME="+home, "XDG_CONFIG_HOME="+home, "XDG_CACHE_HOME="+home, "DBUS_SESSION_BUS_ADDRESS=disabled:"),
		chromedp.Flag("headless", true), chromedp.Flag("ignore-certificate-errors-spki-list", s.pin),
	}
	for _, name := range []string{
		"disable-gpu", "disable-quic", "no-proxy-server", "no-first-run", "no-default-browser-check", "disable-background-networking", "disable-component-update", "disable-sync",
		"disable-breakpad", "disable-crash-reporter", "disable-extensions", "disable-default-apps", "disable-dev-shm-usage", "metrics-recording-only", "hide-scrollbars",
	} {
		options = append(options, chromedp.Flag(name, true))
	}
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox) // Chromium refuses root a sandbox
	}
	// The context of the test ends before its cleanup, and the browser with it: failures could not say what was on the page.
	allocator, release := chromedp.NewExecAllocator(context.WithoutCancel(t.Context()), options...)
	ctx, cancel := chromedp.NewContext(allocator)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("start %s: %v", path, err)
	}
	t.Cleanup(func() {
		cancel()
		release()
		if left := using(profile); len(left) > 0 {
			t.Errorf("Chromium left processes behind: %v", left)
		}
	})
	return ctx
}

// using lists the processes that name a directory in their command line.
func using(dir string) []int {
	var out []int
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil // not Linux: the browser is trusted to end its children
	}
	for _, e := range entries {
		line, err := os.ReadFile(filepath.Join("/proc", e.Name(), "cmdline"))
		if id, bad := strconv.Atoi(e.Name()); err == nil && bad == nil && bytes.Contains(line, []byte(dir)) {
			out = append(out, id)
		}
	}
	return out
}
