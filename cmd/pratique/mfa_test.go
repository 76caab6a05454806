package main

import (
	"bytes"
	"context"
	"encoding/base32"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pratique-iam/pratique/internal/authn"
)

// TestASecondFactorIsAskedForAtATerminal: from setting it up to taking it away.
func TestASecondFactorIsAskedForAtATerminal(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	const password = "seven grey herons flying"
	w.env.secret = func(context.Context, string, io.Writer) (string, error) { return password, nil }
	if out, code := w.types("", "passwd"); code != exitYes {
		t.Fatalf("exit code %d,\n%s", code, out)
	}
	made := w.must("mfa", "enroll")
	seed, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(find(t, made, `seed: ([A-Z2-7]+)`))
	if err != nil || !strings.Contains(made, "pratique mfa confirm CODE") {
		t.Fatalf("%v\n%s", err, made)
	}
	if out := w.must("mfa", "list"); !strings.Contains(out, "not confirmed") {
		t.Errorf("before it is confirmed:\n%s", out)
	}
	recovery := find(t, w.must("mfa", "confirm", authn.CodeAt(seed, time.Now())), `(?m)^([a-z2-7]{4}-[a-z2-7-]+)$`)
	if out := w.must("mfa", "list", "--all"); !regexp.MustCompile(`root +confirmed +10 +administrator`).MatchString(out) {
		t.Errorf("the list:\n%s", out)
	}

	if out, code := w.types("12345678\n", "login", "--user", "root"); code != exitNo || !strings.Contains(out, "the code is wrong") {
		t.Errorf("a wrong code: exit code %d,\n%s", code, out)
	}
	out, code := w.types(authn.CodeAt(seed, time.Now().Add(30*time.Second))+"\n", "login", "--user", "root")
	if code != exitYes || !strings.Contains(out, "Code of your second factor: ") || !strings.Contains(out, "signed in") {
		t.Errorf("exit code %d,\n%s", code, out)
	}
	file := w.file(password + "\n")
	var b bytes.Buffer
	if code := run(t.Context(), w.env, []string{"login", "--user", "root", "--password-file", file}, &b, &b); code != exitNo || !strings.Contains(b.String(), "--code CODE") {
		t.Errorf("without a terminal: exit code %d,\n%s", code, b.String())
	}
	w.must("login", "--user", "root", "--password-file", file, "--code", recovery)
	if out, code := w.types("", "mfa", "remove"); code != exitNo {
		t.Errorf("removed without a code: exit code %d,\n%s", code, out)
	}

	w.must("apply", "-f", w.file("apiVersion: pratique.dev/v1\nkind: User\nmetadata: {name: alice}\n"))
	if out, code := w.types("x\n", "mfa", "enroll", "--user", "alice"); code != exitNo || !strings.Contains(out, "█") {
		t.Errorf("at a terminal: exit code %d,\n%s", code, out)
	}
	w.must("mfa", "remove", "--user", "alice")
}

func find(t *testing.T, text, pattern string) string {
	t.Helper()
	found := regexp.MustCompile(pattern).FindStringSubmatch(text)
	if found == nil {
		t.Fatalf("%s is not in\n%s", pattern, text)
	}
	return found[1]
}
