package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/term"
)

// env is what the program takes from outside beside its arguments. Commands share one; tests make their own.
type env struct {
	in       *bufio.Reader
	terminal bool // somebody sits at in and can be asked
	colours  bool
	status   bool // somebody looks at the standard error, and a line there can be written anew
	getenv   func(string) string
	now      func() time.Time
	secret   func(ctx context.Context, prompt string, w io.Writer) (string, error) // asks without echo

	started bool // the arguments were understood: errors from here on are no usage errors
}

func newEnv() *env {
	stdin := int(os.Stdin.Fd())
	return &env{
		in:       bufio.NewReader(os.Stdin),
		terminal: term.IsTerminal(stdin),
		colours:  term.IsTerminal(int(os.Stdout.Fd())) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb",
		status:   term.IsTerminal(int(os.Stderr.Fd())) && os.Getenv("TERM") != "dumb",
		getenv:   os.Getenv,
		now:      time.Now,
		secret: func(ctx context.Context, prompt string, w io.Writer) (string, error) {
			return askSecret(ctx, stdin, prompt, w)
		},
	}
}

// errAnswer says that a question at the terminal got no usable answer.
var errAnswer = errors.New("no answer")

// confirm asks a yes-or-no question. Anything but a clear yes is a no.
func (e *env) confirm(ctx context.Context, w io.Writer, question string) (bool, error) {
	answer, err := e.ask(ctx, w, question+" [y/N] ")
	return answer == "y" || answer == "Y" || answer == "yes", err
}

// ask prints a prompt and reads one line. It returns when the context ends, and leaves the reading behind: the program ends then, too.
func (e *env) ask(ctx context.Context, w io.Writer, prompt string) (string, error) {
	if _, err := io.WriteString(w, prompt); err != nil {
		return "", err
	}
	return wait(ctx, func() (string, error) {
		answer, err := e.in.ReadString('\n')
		if err != nil && answer == "" {
			return "", errAnswer
		}
		return trimNewline(answer), nil
	})
}

// askSecret reads a line without showing it, and puts the terminal right again when it is interrupted.
func askSecret(ctx context.Context, fd int, prompt string, w io.Writer) (string, error) {
	before, err := term.GetState(fd)
	if err != nil {
		return "", fmt.Errorf("ask at the terminal: %w", err)
	}
	if _, err := io.WriteString(w, prompt); err != nil {
		return "", err
	}
	text, err := wait(ctx, func() (string, error) {
		b, err := term.ReadPassword(fd)
		return string(b), err
	})
	if ctx.Err() != nil {
		_ = term.Restore(fd, before) // the next best thing to leaving it as it is
	}
	_, _ = io.WriteString(w, "\n")
	return text, err
}

func wait(ctx context.Context, read func() (string, error)) (string, error) {
	type answer struct {
		text string
		err  error
	}
	got := make(chan answer, 1)
	go func() {
		text, err := read()
		got <- answer{text, err}
	}()
	select {
	case a := <-got:
		return a.text, a.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

func trimNewline(s string) string {
	for len(s) > 0 && (s[len(s)-1] == '\n' || s[len(s)-1] == '\r') {
		s = s[:len(s)-1]
	}
	return s
}
