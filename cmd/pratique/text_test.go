package main

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

// TestNothingFromOutsideCommandsTheTerminal: whatever a name holds, it is shown and not obeyed.
func TestNothingFromOutsideCommandsTheTerminal(t *testing.T) {
	t.Parallel()
	for name, hostile := range map[string]string{
		"escape sequence":        "a\x1b[2Jb",
		"8-bit escape":           "a\u009b2Jb",
		"carriage return":        "a\rb",
		"newline":                "a\nb",
		"delete":                 "a\x7fb",
		"right-to-left override": "a\u202eb",
		"line separator":         "a\u2028b",
		"invalid UTF-8":          "a\xffb",
		"bell":                   "a\ab",
	} {
		got := line(hostile)
		if strings.ContainsFunc(got, hidden) || got == hostile || !strings.HasPrefix(got, "a\\") {
			t.Errorf("%s: line(%q) = %q", name, hostile, got)
		}
		var b bytes.Buffer
		if err := table(&b, []string{"NAME"}, [][]string{{hostile}}); err != nil {
			t.Fatal(err)
		}
		if strings.Count(b.String(), "\n") != 2 || strings.ContainsFunc(strings.ReplaceAll(b.String(), "\n", ""), hidden) {
			t.Errorf("%s: table shows %q", name, b.String())
		}
		for _, write := range []func(any) ([]byte, error){toJSON, toYAML} {
			out, err := write(map[string]string{"name": strings.ToValidUTF8(hostile, "?")})
			if err != nil {
				t.Fatal(err)
			}
			if bytes.ContainsFunc(out, func(r rune) bool { return r != '\n' && hidden(r) }) {
				t.Errorf("%s: printed as %q", name, out)
			}
		}
	}
	if got := text("one\ntwo\x1b[0m"); got != "one\ntwo\\u001b[0m" {
		t.Errorf("text keeps lines and nothing else: %q", got)
	}
	if got := line("Ålice → bob"); got != "Ålice → bob" {
		t.Errorf("harmless text is changed: %q", got)
	}
}

func TestColoursOnlyWhereSomebodySeesThem(t *testing.T) {
	t.Parallel()
	e := testEnv(t)
	if got := e.yesNo(true); got != "yes" {
		t.Errorf("without a terminal: %q", got)
	}
	e.colours = true
	if got := e.yesNo(false); got != "\x1b[31mno\x1b[0m" {
		t.Errorf("at a terminal: %q", got)
	}
}

func TestAgeReadsAsInKubectl(t *testing.T) {
	t.Parallel()
	e := testEnv(t)
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	e.now = func() time.Time { return now }
	for ago, want := range map[time.Duration]string{
		0: "0s", 119 * time.Second: "119s", 5 * time.Minute: "5m", 3 * time.Hour: "3h", 47 * time.Hour: "47h", 72 * time.Hour: "3d", -time.Hour: "0s",
	} {
		if got := e.age(now.Add(-ago)); got != want {
			t.Errorf("%s ago reads %q, want %q", ago, got, want)
		}
	}
}

func TestNearestNamesWhatWasMeant(t *testing.T) {
	t.Parallel()
	known := []string{"users", "groups", "policies", "enterpriseprojects"}
	for word, want := range map[string]string{
		"usres": "users", "user": "users", "Policy": "", "polices": "policies", "enterprise": "enterpriseprojects", "x": "", "grups": "groups",
	} {
		if got := nearest(word, known); got != want {
			t.Errorf("nearest(%q) = %q, want %q", word, got, want)
		}
	}
}
