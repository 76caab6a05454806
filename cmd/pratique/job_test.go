package main

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pratique-iam/pratique/apiv1"
)

func lines(from, to int) []apiv1.JobLine {
	var out []apiv1.JobLine
	for i := from; i < to; i++ {
		out = append(out, apiv1.JobLine{At: time.Unix(int64(i/3), 0), Text: fmt.Sprintf("line %d", i)})
	}
	return out
}

func TestEveryLineOfProgressIsShownOnce(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ seen, now, want []apiv1.JobLine }{
		{nil, lines(0, 2), lines(0, 2)},
		{lines(0, 2), lines(0, 2), nil},
		{lines(0, 2), lines(0, 5), lines(2, 5)},
		{lines(0, 100), lines(40, 140), lines(100, 140)}, // the server has forgotten the first ones
		{lines(0, 100), lines(150, 250), lines(150, 250)},
	} {
		got := newLines(c.seen, c.now)
		if len(got) == 0 {
			got = nil
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Error(diff)
		}
	}
}

func TestATerminalHasOneLineOfProgressThatIsTakenAwayAtTheEnd(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	v := &jobView{out: &b, rewrite: true}
	v.show(apiv1.Job{Title: "create cluster dev", State: "running"})
	v.show(apiv1.Job{Title: "create cluster dev", State: "running", Progress: lines(0, 2), Done: 1, Total: 4})
	v.show(apiv1.Job{Title: "create cluster dev", State: "running", Progress: []apiv1.JobLine{{Text: strings.Repeat("long ", 40) + "\x1b[31m"}}})
	v.close()
	for i, part := range strings.Split(b.String(), "\r\x1b[K")[1:] {
		if strings.ContainsAny(part, "\r\n\x1b") || len(part) > 80 {
			t.Errorf("line %d: %q", i, part)
		}
	}
	if !strings.HasPrefix(b.String(), "\r\x1b[Kcreate cluster dev\r\x1b[Kline 1 (1 of 4)\r\x1b[Klong ") || !strings.HasSuffix(b.String(), "\r\x1b[K") {
		t.Errorf("%q", b.String())
	}
}

// TestWhoeverStopsWaitingLeavesTheJobAlone: the cluster that is attached never answers, so that its job goes on as long as it may.
func TestWhoeverStopsWaitingLeavesTheJobAlone(t *testing.T) {
	t.Parallel()
	w := attached(t)
	id := strings.TrimPrefix(strings.TrimSpace(w.must("job", "list", "-o", "name")), "job/")
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	out := &impatient{at: "unreachable", interrupt: interrupt}
	if code := run(ctx, w.env, []string{"job", "watch", id}, out, out); code != exitLeft ||
		!strings.HasSuffix(out.b.String(), "job "+id+" goes on; see: pratique job get "+id+"\n") {
		t.Errorf("exit code %d,\n%s", code, out.b.String())
	}
	if out, code := w.types("", "job", "watch", id, "--timeout", "1ms"); code != exitNo || !strings.Contains(out, "it is not done after 1ms; job "+id+" goes on") {
		t.Errorf("exit code %d,\n%s", code, out)
	}
	if out := w.must("job", "get", id); !strings.Contains(out, "state         running") {
		t.Errorf("the job has ended:\n%s", out)
	}
}

func TestAJobThatDidNotSucceedIsAFailureOfTheCommand(t *testing.T) {
	t.Parallel()
	w := attached(t)
	id := strings.TrimPrefix(strings.TrimSpace(w.must("job", "list", "-o", "name")), "job/")
	w.must("job", "delete", id)
	out, code := w.types("", "job", "watch", id)
	if code != exitNo || !strings.Contains(out, "error: attach cluster prod: cancelled by root") {
		t.Errorf("exit code %d,\n%s", code, out)
	}
}
