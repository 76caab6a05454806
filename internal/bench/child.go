package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"time"

	"github.com/pratique-iam/pratique/internal/pki"
	"github.com/pratique-iam/pratique/internal/server"
)

// child is the program in a process of its own. It ends when the context does.
func child(ctx context.Context, args []string, out io.Writer) error {
	var a [7]string
	switch n := copy(a[:], args); {
	case n != len(args):
	case n == 5 && a[0] == "fill":
		return fillChild(ctx, a[1], number(a[2]), number(a[3]), number(a[4]), out)
	case n == 2 && a[0] == "load":
		return loadChild(ctx, a[1], out)
	case n == 2 && a[0] == "floor":
		return floorChild(ctx, a[1], out)
	case n == 2 && a[0] == "verdict":
		return verdictChild(ctx, a[1], out)
	case (n == 5 || n == 7) && a[0] == "serve" && a[1] == "--data" && a[3] == "--listen":
		c := server.Config{Data: a[2], Listen: a[4], Log: slog.New(slog.NewTextHandler(os.Stderr, nil)), Out: out}
		switch a[5] {
		case "--kube-dir":
			c.KubeDir = a[6]
		case "--max-clusters":
			c.MaxClusters = number(a[6])
		}
		return server.Run(ctx, c)
	}
	return fmt.Errorf("child: cannot do %q", args)
}

// number reads an argument that this program has written itself.
func number(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		return 0
	}
	return n
}

// ask runs a child to its end and reads its answer.
func (b *bench) ask(ctx context.Context, answer any, args ...string) error {
	cmd := exec.CommandContext(ctx, b.self, append([]string{"child"}, args...)...) //nolint:gosec // ourselves
	cmd.Stderr = b.progress
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("%s: %w", args[0], err)
	}
	return json.Unmarshal(out, answer)
}

// floorChild serves an empty handler over TLS: what any server written with net/http would reach at most.
func floorChild(ctx context.Context, dir string, out io.Writer) error {
	authority, err := pki.Ensure(dir, nil, now)
	if err != nil {
		return err
	}
	var listen net.ListenConfig
	ln, err := listen.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s := &http.Server{
		Handler:   http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}),
		TLSConfig: authority.TLS(), ReadHeaderTimeout: time.Minute,
	}
	stop := context.AfterFunc(ctx, func() { _ = s.Close() })
	defer stop()
	if _, err := fmt.Fprintf(out, "  server   https://%s\n", ln.Addr()); err != nil {
		return err
	}
	if err := s.ServeTLS(ln, "", ""); ctx.Err() == nil {
		return err
	}
	return nil
}
