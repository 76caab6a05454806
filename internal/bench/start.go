package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/client"
)

// process is a server that runs.
type process struct {
	cmd *exec.Cmd
	dir string
	url string
}

// spawn starts a server and waits until it says where it is; its socket is bound then.
func spawn(ctx context.Context, dir string, command ...string) (*process, error) {
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)              //nolint:gosec // what was built or named by the caller
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) } // it may have a control plane to stop
	cmd.WaitDelay = 40 * time.Second
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &process{cmd: cmd, dir: dir}
	lines := bufio.NewReader(out)
	for p.url == "" {
		line, err := lines.ReadString('\n')
		if err != nil {
			_ = cmd.Process.Kill()
			return nil, fmt.Errorf("%s ended before it served: %w", strings.Join(command, " "), cmd.Wait())
		}
		if f := strings.Fields(line); len(f) == 2 && f[0] == "server" {
			p.url = f[1]
		}
	}
	go func() { _, _ = io.Copy(io.Discard, lines) }() // ends with the process
	return p, nil
}

// serve starts a server on a data directory, with more flags if any.
func (b *bench) serve(ctx context.Context, dir string, flags ...string) (*process, error) {
	command, err := b.server(ctx)
	if err != nil {
		return nil, err
	}
	return spawn(ctx, dir, slices.Concat(command, []string{"--data", dir, "--listen", "127.0.0.1:0"}, flags)...)
}

// stop ends the server and waits for it.
func (p *process) stop() error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	return p.cmd.Wait()
}

func (p *process) client(token string) (*client.Client, error) {
	ca, err := os.ReadFile(filepath.Join(p.dir, "ca.crt"))
	if err != nil {
		return nil, err
	}
	return client.New(client.Config{Server: p.url, CA: ca, Token: token})
}

// login signs the root in with the one-time secret.
func (p *process) login(ctx context.Context) (*client.Client, string, error) {
	secret, err := os.ReadFile(filepath.Join(p.dir, "bootstrap-secret"))
	if err != nil {
		return nil, "", err
	}
	c, err := p.client("")
	if err != nil {
		return nil, "", err
	}
	t, err := c.Login(ctx, apiv1.Login{User: "root", Secret: strings.TrimSpace(string(secret))})
	return c.WithToken(t.Token), t.Token, err
}

// start measures from exec of the server on an empty directory to its first decision over HTTPS; signing in is in it.
func (b *bench) start(ctx context.Context) ([]row, error) {
	if _, err := b.server(ctx); err != nil { // built before the clock runs
		return nil, err
	}
	var took []float64
	for i := range b.pick(9, 1) {
		dir, err := b.dir()
		if err != nil {
			return nil, err
		}
		began := now()
		p, err := b.serve(ctx, dir)
		if err != nil {
			return nil, err
		}
		c, _, err := p.login(ctx)
		if err == nil {
			_, err = c.Decide(ctx, apiv1.Question{Action: "cce:cluster:get", Project: "local-1"})
		}
		took = append(took, now().Sub(began).Seconds())
		if stopped := p.stop(); err == nil {
			err = stopped
		}
		if err != nil {
			return nil, err
		}
		b.say("start %d: %.2f s", i+1, took[i])
	}
	return []row{{
		"exec of `pratique serve` on an empty directory → first decision over HTTPS, first sign-in included", "≤ 1.5 s",
		fmt.Sprintf("**%.2f s** (%.2f to %.2f s)", median(took), quantile(took, 0), quantile(took, 1)), "–",
	}}, nil
}
