package chart

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"os/exec"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/pratique-iam/pratique"
)

// Process renders in a child process, which has no more time and memory than rendering may take, no environment, and knows no secrets: it is
// told the chart and the values, and answers with text. It is safe for concurrent use.
type Process struct {
	Path   string   // of a program that calls Serve
	Args   []string // the name of the program first
	Env    []string // all that it gets of an environment
	Within time.Duration

	Places chan struct{} // one for each that may run at a time; nil: as many as come
}

const (
	renderWithin = 30 * time.Second
	maxReply     = maxRendered + 10<<20 // the CRDs are beside what was rendered
)

// reply is what the child says.
type reply struct {
	Rendered *Rendered `json:"rendered,omitempty"`
	Error    string    `json:"error,omitempty"`
}

// Render renders an archive. The error wraps pratique.ErrInvalid when the chart is to blame, and says which of the limits it met.
func (p *Process) Render(ctx context.Context, o *Order) (*Rendered, error) {
	order, err := json.Marshal(o)
	if err != nil {
		return nil, refuse("the values cannot be passed on: %v", err)
	}
	if p.Places != nil {
		select {
		case p.Places <- struct{}{}:
			defer func() { <-p.Places }()
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
	limited, cancel := context.WithTimeout(ctx, cmp.Or(p.Within, renderWithin))
	defer cancel()
	out := &capped{left: maxReply}
	child := exec.CommandContext(limited, p.Path) //nolint:gosec // the program of this server, as it was configured
	child.Args, child.Env, child.Dir = p.Args, append([]string{"PATH=/nowhere"}, p.Env...), "/"
	child.Stdin, child.Stdout, child.WaitDelay = bytes.NewReader(order), out, time.Second
	failed := child.Run()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	var answer reply
	if failed != nil || json.Unmarshal(out.Bytes(), &answer) != nil {
		return nil, &pratique.Error{
			Kind: pratique.ErrInvalid, Message: "the templates of the chart take more time or memory than a chart may",
			Hint: fmt.Sprintf("it has %s and %d MiB; look for templates that repeat themselves", cmp.Or(p.Within, renderWithin), maxMemory>>20),
		}
	}
	if answer.Error != "" {
		return nil, refuse("%s", answer.Error)
	}
	return answer.Rendered, nil
}

// Serve is the child: it limits itself, reads one order, and answers it. The error is one of reading or writing.
func Serve(ctx context.Context, in io.Reader, out io.Writer) error {
	if err := limit(); err != nil {
		return fmt.Errorf("limit the process: %w", err)
	}
	var o Order
	if err := json.UnmarshalRead(in, &o); err != nil {
		return fmt.Errorf("read the order: %w", err)
	}
	var answer reply
	rendered, err := Render(ctx, &o)
	if err != nil {
		answer.Error = err.Error()
	} else {
		answer.Rendered = rendered
	}
	return json.MarshalWrite(out, answer)
}

// capped keeps what is written to it, and no more than it may.
type capped struct {
	bytes.Buffer
	left int
}

// Write keeps the bytes, or fails.
func (c *capped) Write(b []byte) (int, error) {
	if c.left -= len(b); c.left < 0 {
		return 0, io.ErrShortBuffer
	}
	return c.Buffer.Write(b)
}
