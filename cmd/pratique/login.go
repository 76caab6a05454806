package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/client"
)

// defaultServer is where `pratique serve` listens.
const defaultServer = "https://localhost:8443"

// bootstrapPrefix begins every one-time secret, so that it is never sent as a password.
const bootstrapPrefix = "prb_"

type login struct {
	*env
	server, account, user string
	secretFile, password  string
	code                  string
	ca                    string
}

func newLogin(e *env) *cobra.Command {
	l := login{env: e}
	cmd := &cobra.Command{
		Use:   "login",
		Short: "Sign in to a server",
		Long: `Sign in to a server and keep the session on this machine.

The root of a new account signs in with its one-time secret, everybody else with a password; which
of the two is given is seen from what it looks like. Without a file it is asked for at the terminal.
Whoever has a second factor is asked for a code of it, or gives one with --code.

The session is kept in config.yaml in your configuration directory (or in $PRATIQUE_CONFIG),
readable by you alone. The certificate authority given with --ca is kept with it.`,
		Example: `  pratique login --user root --secret-file pratique-data/bootstrap-secret --ca pratique-data/ca.crt
  pratique login --server https://iam.example.com:8443 --account prod --user alice`,
		Args: arguments(0, 0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error { return l.run(cmd) },
	}
	f := cmd.Flags()
	f.StringVar(&l.server, "server", "", "`URL` of the server (default: that of the last session, or "+defaultServer+")")
	f.StringVar(&l.account, "account", "", "`NAME` of the account, where the server has several")
	f.StringVar(&l.user, "user", "", "`NAME` of the user, or root")
	f.StringVar(&l.secretFile, "secret-file", "", "`FILE` with the one-time secret, - for the standard input")
	f.StringVar(&l.password, "password-file", "", "`FILE` with the password, - for the standard input")
	f.StringVar(&l.code, "code", "", "`CODE` of your second factor, or a recovery code")
	f.StringVar(&l.ca, "ca", "", "`FILE` with the certificate authority of the server (ca.crt in its data directory)")
	return cmd
}

func (l *login) run(cmd *cobra.Command) error {
	s, err := l.target()
	if err != nil {
		return err
	}
	if l.user == "" {
		return usage("who are you? give --user NAME")
	}
	c, err := s.client()
	if err != nil {
		return err
	}
	proof, err := l.proof(cmd)
	if err != nil {
		return err
	}
	request := apiv1.Login{Account: l.account, User: l.user, Code: l.code, Label: label()}
	if strings.HasPrefix(proof, bootstrapPrefix) {
		request.Secret = proof
	} else {
		request.Password = proof
	}
	token, err := l.signIn(cmd, c, request)
	if errors.Is(err, client.ErrSignedOut) {
		return errors.New(err.Error()) // here it does not mean that a session has ended
	} else if err != nil {
		return err
	}
	s.Account, s.User, s.Token, s.Expires = token.Account, token.Principal, token.Token, token.Expires
	if s.User == "" {
		s.User = l.user
	}
	if err := l.keep(s); err != nil {
		return err
	}
	_, _ = fmt.Fprintf(cmd.OutOrStdout(), "signed in to %s as %s of account %s until %s\n", line(s.Server), line(s.User), line(s.Account), clock(s.Expires))
	if token.NeedPassword {
		return l.firstPassword(cmd, c.WithToken(token.Token))
	}
	return nil
}

// signIn opens the session, and asks for a code where one is needed and somebody can be asked.
func (l *login) signIn(cmd *cobra.Command, c *client.Client, request apiv1.Login) (apiv1.Token, error) {
	token, err := c.Login(cmd.Context(), request)
	ticket, needed := client.NeedsCode(err)
	switch {
	case !needed:
		return token, err
	case !l.terminal:
		return token, errors.New("a second factor is needed; give a code of it with --code CODE")
	}
	code, err := l.ask(cmd.Context(), cmd.ErrOrStderr(), "Code of your second factor: ")
	if err != nil {
		return token, err
	}
	return c.Login(cmd.Context(), apiv1.Login{Ticket: ticket, Code: code, Label: request.Label})
}

// target works out which server is meant and which authority proves that it is the one.
func (l *login) target() (session, error) {
	old, err := l.resolve()
	if err != nil {
		return session{}, err
	}
	s := session{Server: l.server, CA: old.CA}
	if s.Server == "" {
		s.Server = old.Server
	}
	if s.Server == "" {
		s.Server = defaultServer
	}
	if old.Server != "" && s.Server != old.Server && l.getenv("PRATIQUE_CA") == "" {
		s.CA = ""
	}
	if l.ca == "" {
		return s, nil
	}
	data, err := os.ReadFile(l.ca)
	if err != nil {
		return s, fmt.Errorf("--ca: %w; use ca.crt from the server's data directory", err)
	}
	s.CA = string(data)
	return s, nil
}

// proof is the password or the one-time secret.
func (l *login) proof(cmd *cobra.Command) (string, error) {
	switch {
	case l.secretFile != "" && l.password != "":
		return "", usage("give --secret-file or --password-file, not both")
	case l.secretFile != "":
		return l.secretFrom(l.secretFile)
	case l.password != "":
		return l.secretFrom(l.password)
	case !l.terminal:
		return "", usage("there is no terminal to ask for the password; give --password-file FILE or --secret-file FILE")
	}
	return l.secret(cmd.Context(), fmt.Sprintf("Password or one-time secret of %s: ", line(l.user)), cmd.ErrOrStderr())
}

// secretFrom reads a secret from the first line of a file, or of the standard input.
func (e *env) secretFrom(path string) (string, error) {
	var data []byte
	var err error
	if path == "-" {
		data, err = io.ReadAll(io.LimitReader(e.in, 4096))
	} else {
		data, err = os.ReadFile(path) //nolint:gosec // the person's own file, named by themselves
	}
	if err != nil {
		return "", fmt.Errorf("read the secret: %w", err)
	}
	secret, rest, _ := strings.Cut(string(data), "\n")
	secret = trimNewline(secret)
	switch {
	case secret == "":
		return "", fmt.Errorf("%s holds no secret", path)
	case strings.TrimSpace(rest) != "":
		return "", fmt.Errorf("%s holds more than one line; is it the right file?", path)
	}
	return secret, nil
}

// firstPassword lets the root, who came in with the one-time secret, set a password while it can.
func (l *login) firstPassword(cmd *cobra.Command, c *client.Client) error {
	later := "the one-time secret is used up, and there is no password yet; set one before this session ends: pratique passwd\n"
	if !l.terminal {
		_, _ = io.WriteString(cmd.ErrOrStderr(), later)
		return nil
	}
	fresh, err := l.newPassword(cmd.Context(), cmd.ErrOrStderr())
	if err == nil {
		err = c.SetPassword(cmd.Context(), apiv1.NewPassword{New: fresh})
	}
	if err != nil {
		_, _ = io.WriteString(cmd.ErrOrStderr(), later)
		return err
	}
	_, _ = io.WriteString(cmd.OutOrStdout(), "password set\n")
	return nil
}

// newPassword asks twice.
func (e *env) newPassword(ctx context.Context, w io.Writer) (string, error) {
	first, err := e.secret(ctx, "New password: ", w)
	if err != nil {
		return "", err
	}
	again, err := e.secret(ctx, "Again: ", w)
	switch {
	case err != nil:
		return "", err
	case first != again:
		return "", errors.New("the two passwords differ; nothing was changed")
	case first == "":
		return "", errors.New("an empty password is none; nothing was changed")
	}
	return first, nil
}

// label says in the list of sessions where this one was opened.
func label() string {
	host, err := os.Hostname()
	if err != nil {
		return "pratique"
	}
	return "pratique on " + host
}
