package job

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/pratique-iam/pratique"
)

// longestLine bounds a line of progress, or an error, which may repeat what a cluster said.
const longestLine = 1000

// Progress is what work says about itself while it goes on. It is safe for concurrent use; the zero value takes everything and shows it to
// nobody, for work that runs outside a job.
type Progress struct {
	log  *slog.Logger
	now  func() time.Time
	news chan struct{} // of length one: there is something to write

	mu          sync.Mutex
	lines       []pratique.JobLine
	done, total int
}

// Say adds a line: a sentence without a full stop, for the person who waits. A line that repeats the one before it is left out. Secrets do
// not belong here: whoever may read the job reads it.
func (p *Progress) Say(ctx context.Context, format string, args ...any) {
	text := clip(fmt.Sprintf(format, args...))
	if !p.add(text) {
		return
	}
	if p.log != nil {
		p.log.DebugContext(ctx, "job progress", "text", text)
	}
	p.tell()
}

func (p *Progress) add(text string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := len(p.lines); n > 0 && p.lines[n-1].Text == text {
		return false
	}
	line := pratique.JobLine{Text: text}
	if p.now != nil {
		line.At = p.now().UTC().Truncate(time.Millisecond)
	}
	p.lines = append(p.lines, line)
	if n := len(p.lines); n > pratique.MaxJobLines {
		p.lines = append([]pratique.JobLine(nil), p.lines[n-pratique.MaxJobLines:]...)
	}
	return true
}

// Count says how much of a known amount is done.
func (p *Progress) Count(_ context.Context, done, total int) {
	p.mu.Lock()
	p.done, p.total = done, total
	p.mu.Unlock()
	p.tell()
}

func (p *Progress) tell() {
	select {
	case p.news <- struct{}{}:
	default: // it is known already
	}
}

// onto writes what was said so far into a record.
func (p *Progress) onto(j *pratique.Job) {
	p.mu.Lock()
	defer p.mu.Unlock()
	j.Progress = append([]pratique.JobLine(nil), p.lines...)
	j.Done, j.Total = p.done, p.total
}

// clip shortens a text without cutting a character in two.
func clip(text string) string {
	if len(text) <= longestLine {
		return text
	}
	return strings.ToValidUTF8(text[:longestLine], "") + "…"
}
