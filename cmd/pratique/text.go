package main

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"
	"unicode/utf8"
)

// hidden reports whether a character could do something to a terminal, or show text in another order than it has.
func hidden(r rune) bool {
	return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029'
}

// line makes a text that came from outside fit to be shown in one line: characters that could command the terminal are written as escapes.
func line(s string) string { return escape(s, hidden) }

// text is line for texts that may have several lines.
func text(s string) string {
	return escape(s, func(r rune) bool { return r != '\n' && r != '\t' && hidden(r) })
}

func escape(s string, bad func(rune) bool) string {
	if utf8.ValidString(s) && !strings.ContainsFunc(s, bad) {
		return s
	}
	var b strings.Builder
	for i, r := range s {
		_, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case bad(r):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// table writes rows in columns. Every cell is made fit to be shown.
func table(w io.Writer, header []string, rows [][]string) error {
	var b bytes.Buffer
	t := tabwriter.NewWriter(&b, 0, 8, 3, ' ', 0)
	write := func(cells []string) {
		for i, c := range cells {
			if i > 0 {
				_, _ = io.WriteString(t, "\t")
			}
			if c == "" && i < len(cells)-1 {
				c = "-"
			}
			_, _ = io.WriteString(t, line(c))
		}
		_, _ = io.WriteString(t, "\n")
	}
	write(header)
	for _, r := range rows {
		write(r)
	}
	if err := t.Flush(); err != nil {
		return fmt.Errorf("write the table: %w", err)
	}
	for l := range strings.Lines(b.String()) {
		if _, err := io.WriteString(w, strings.TrimRight(l, " \n")+"\n"); err != nil {
			return fmt.Errorf("write the table: %w", err)
		}
	}
	return nil
}

// The colours of the terminal.
const (
	red    = "31"
	green  = "32"
	yellow = "33"
)

// paint colours a text when there is somebody to see it.
func (e *env) paint(colour, s string) string {
	if !e.colours {
		return s
	}
	return "\x1b[" + colour + "m" + s + "\x1b[0m"
}

// age is how long ago something was, as kubectl writes it.
func (e *env) age(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	d := max(e.now().Sub(t), 0)
	switch {
	case d < 2*time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < 2*time.Hour:
		return fmt.Sprintf("%dm", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh", int(d.Hours()))
	default:
		return fmt.Sprintf("%dd", int(d.Hours()/24))
	}
}

// clock is a moment for people.
func clock(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return t.UTC().Format("2006-01-02 15:04:05 MST")
}

// plural is "1 user", "2 users".
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
