package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/client"
)

// waiting are the flags of a command that starts a job.
type waiting struct {
	wait    bool
	timeout time.Duration
}

// waitFlags adds --wait and --timeout; byDefault says whether the command waits when nobody says anything.
func waitFlags(cmd *cobra.Command, byDefault bool) *waiting {
	w := &waiting{}
	cmd.Flags().BoolVar(&w.wait, "wait", byDefault, "wait until it is done, and say meanwhile how it goes")
	cmd.Flags().DurationVar(&w.timeout, "timeout", 10*time.Minute, "give up waiting after this `TIME`; the job goes on")
	return w
}

// leftError says that somebody stopped waiting for a job, which goes on.
type leftError struct{ job string }

func (e *leftError) Error() string {
	return fmt.Sprintf("job %s goes on; see: pratique job get %s", e.job, e.job)
}

// followJob waits for a job that a command has started, as its flags say, and shows on the standard error how it goes. It gives the job as it
// is then. The error is that of the job, when it did not succeed; a leftError when the person leaves before the job ends: Ctrl-C ends the
// waiting, and not the job. An empty id is a job that the server could not record, and nothing is waited for.
func (e *env) followJob(cmd *cobra.Command, c *client.Client, id string, w *waiting) (apiv1.Job, error) {
	if id == "" {
		return apiv1.Job{}, nil
	}
	if !w.wait {
		_, _ = fmt.Fprintf(cmd.ErrOrStderr(), "job %s has begun; see: pratique job watch %s\n", line(id), line(id))
		return apiv1.Job{ID: id, State: "running"}, nil
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), w.timeout)
	defer cancel()
	view := &jobView{out: cmd.ErrOrStderr(), rewrite: e.status}
	j, err := c.WaitJob(ctx, id, view.show)
	view.close()
	switch {
	case err != nil && cmd.Context().Err() != nil:
		return j, &leftError{line(id)}
	case errors.Is(err, context.DeadlineExceeded):
		return j, fmt.Errorf("it is not done after %s; %s", w.timeout, (&leftError{line(id)}).Error())
	case err != nil:
		return j, err
	}
	return j, jobFailure(j)
}

// jobFailure is the error of a job that has ended without success.
func jobFailure(j apiv1.Job) error {
	if j.State == "succeeded" || !j.Ended() {
		return nil
	}
	message := j.Error
	if message == "" {
		message = "it was " + j.State
	}
	message = j.Title + ": " + message
	if j.Hint != "" {
		message += "; " + j.Hint
	}
	return errors.New(message)
}

// jobView shows what is new in a job: a line for each event, or one line that is written anew where a person looks at a terminal.
type jobView struct {
	out     io.Writer
	rewrite bool
	seen    []apiv1.JobLine
	status  string
}

func (v *jobView) show(j apiv1.Job) {
	if v.rewrite {
		v.renew(j)
		return
	}
	for _, l := range newLines(v.seen, j.Progress) {
		_, _ = fmt.Fprintln(v.out, line(l.Text))
	}
	v.seen = j.Progress
}

// renew writes the one line again.
func (v *jobView) renew(j apiv1.Job) {
	status := j.Title
	if n := len(j.Progress); n > 0 {
		status = j.Progress[n-1].Text
	}
	if j.Total > 0 {
		status += fmt.Sprintf(" (%d of %d)", j.Done, j.Total)
	}
	if status != v.status {
		v.status = status
		_, _ = fmt.Fprintf(v.out, "\r\x1b[K%s", clipLine(line(status)))
	}
}

// close takes the one line away: what came of the job is said by the command.
func (v *jobView) close() {
	if v.rewrite && v.status != "" {
		_, _ = io.WriteString(v.out, "\r\x1b[K")
	}
}

// clipLine keeps a status on one line of a narrow terminal: one that wraps cannot be rewritten.
func clipLine(s string) string {
	const most = 78
	r := []rune(s)
	if len(r) <= most {
		return s
	}
	return string(r[:most-1]) + "…"
}

// newLines are those that are not in what was seen before. The server keeps only the newest lines, so that those seen may be gone by now.
func newLines(seen, now []apiv1.JobLine) []apiv1.JobLine {
	for i := range seen {
		if rest := seen[i:]; len(rest) <= len(now) && slices.Equal(rest, now[:len(rest)]) {
			return now[len(rest):]
		}
	}
	return now
}
