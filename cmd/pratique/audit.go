package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/client"
	"github.com/pratique-iam/pratique/internal/audit"
)

// trail is the flags of audit list and audit tail.
type trail struct {
	*env
	actor, event, since string
	limit               int
	follow              bool
	out                 *format
}

func newAudit(e *env) *cobra.Command {
	return family("audit", "The record of what was asked, decided and done", `Every change of the directory leaves a record that was written together with it: who, from where, which
operations were decided on, what was changed. Each record holds a hash of the one before it, so that
none can be altered or taken out unseen.`,
		newAuditList(e), newAuditTail(e), newAuditVerify(e))
}

func (t *trail) flags(cmd *cobra.Command, limit int) {
	f := cmd.Flags()
	f.StringVar(&t.actor, "actor", "", "only records of this `NAME`")
	f.StringVar(&t.event, "event", "", "only records of this `EVENT`, such as directory.changed")
	f.StringVar(&t.since, "since", "", "only records since `TIME`: 2026-11-21T08:00:00Z, or how long ago, such as 2h")
	f.IntVarP(&t.limit, "limit", "n", limit, "at most `N` records; 0: all")
	t.out = formatFlag(cmd, "table", "wide", "json")
}

func newAuditList(e *env) *cobra.Command {
	t := trail{env: e}
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List records, newest first",
		Long:  `List records, newest first. -o wide shows what was changed; -o json prints one record a line, complete.`,
		Example: `  pratique audit list --actor alice --since 24h
  pratique audit list --event session.refused -n 0 -o json`,
		Args: arguments(0, 0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, since, err := t.start()
			if err != nil {
				return err
			}
			records, err := t.read(cmd.Context(), c, since, 0, t.limit)
			if err != nil {
				return err
			}
			return t.print(cmd.OutOrStdout(), records, true)
		},
	}
	t.flags(cmd, 100)
	return cmd
}

func newAuditTail(e *env) *cobra.Command {
	t := trail{env: e}
	cmd := &cobra.Command{
		Use:   "tail",
		Short: "Show the newest records, and follow",
		Long:  `Show the newest records, oldest of them first; with -f go on as new ones come, until interrupted.`,
		Example: `  pratique audit tail -f
  pratique audit tail -n 5 --event directory.change-denied`,
		Args: arguments(0, 0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error { return t.tail(cmd) },
	}
	t.flags(cmd, 10)
	cmd.Flags().BoolVarP(&t.follow, "follow", "f", false, "go on as new records come")
	return cmd
}

func (t *trail) start() (*client.Client, time.Time, error) {
	since, err := sinceTime(t.since, t.now())
	if err != nil {
		return nil, since, err
	}
	if t.limit < 0 {
		return nil, since, usage("--limit %d is negative", t.limit)
	}
	c, err := t.connect()
	return c, since, err
}

// sinceTime reads a moment, or how long ago it was.
func sinceTime(s string, now time.Time) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	if d, err := time.ParseDuration(s); err == nil && d >= 0 {
		return now.Add(-d), nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if at, err := time.Parse(layout, s); err == nil {
			return at, nil
		}
	}
	return time.Time{}, usage("--since %q is neither a time such as 2026-11-21T08:00:00Z nor a duration such as 2h", s)
}

// read gets records newest first, back to a moment or a sequence number.
func (t *trail) read(ctx context.Context, c *client.Client, since time.Time, after uint64, limit int) ([]audit.Record, error) {
	var out []audit.Record
	options := client.AuditOptions{Actor: t.actor, Event: t.event}
	for {
		options.Limit = 500
		if limit > 0 {
			options.Limit = min(500, limit-len(out))
		}
		page, err := c.Audit(ctx, options)
		if err != nil {
			return nil, err
		}
		for _, r := range page.Records {
			if r.Time.Before(since) || r.Seq <= after {
				return out, nil
			}
			out = append(out, r)
			if limit > 0 && len(out) == limit {
				return out, nil
			}
		}
		if page.Next == "" {
			return out, nil
		}
		options.Before = page.Next
	}
}

const pollEvery = 2 * time.Second

func (t *trail) tail(cmd *cobra.Command) error {
	c, since, err := t.start()
	if err != nil {
		return err
	}
	records, err := t.read(cmd.Context(), c, since, 0, t.limit)
	if err != nil {
		return err
	}
	var last uint64
	header := true
	for {
		slices.Reverse(records)
		if len(records) > 0 {
			last = records[len(records)-1].Seq
			if err := t.print(cmd.OutOrStdout(), records, header); err != nil {
				return err
			}
			header = false
		}
		if !t.follow {
			return nil
		}
		select {
		case <-cmd.Context().Done():
			return nil // the way in which following ends
		case <-time.After(pollEvery):
		}
		if records, err = t.read(cmd.Context(), c, since, last, 0); err != nil && cmd.Context().Err() == nil {
			return err
		}
	}
}

func (t *trail) print(w io.Writer, records []audit.Record, header bool) error {
	if t.out.value == "json" {
		for _, r := range records {
			if err := printJSONLine(w, r); err != nil {
				return err
			}
		}
		return nil
	}
	var rows [][]string
	for _, r := range records {
		what := r.Detail
		if len(r.Steps) > 0 {
			what = summary(r.Steps)
		}
		if r.Missed > 0 {
			what += fmt.Sprintf(" (and %d more that came too fast)", r.Missed)
		}
		row := []string{r.Time.UTC().Format("2006-01-02 15:04:05"), fmt.Sprint(r.Seq), string(r.Event), r.Actor.Name, what}
		if t.out.value == "wide" {
			row = append(row[:4], r.Source, r.Reason, what)
		}
		rows = append(rows, row)
	}
	titles := []string{"TIME (UTC)", "SEQ", "EVENT", "ACTOR", "WHAT"}
	if t.out.value == "wide" {
		titles = []string{"TIME (UTC)", "SEQ", "EVENT", "ACTOR", "FROM", "REASON", "WHAT"}
	}
	if !header {
		titles, rows = rows[0], rows[1:]
	}
	return table(w, titles, rows)
}

// summary names the first few objects of a change.
func summary(steps []pratique.Step) string {
	const shown = 3
	var parts []string
	for _, s := range steps {
		if s.Verb == pratique.Unchanged {
			continue
		}
		if len(parts) == shown {
			return strings.Join(parts, ", ") + ", …"
		}
		parts = append(parts, string(s.Verb)+" "+s.Kind.Word()+" "+s.Name)
	}
	return strings.Join(parts, ", ")
}
