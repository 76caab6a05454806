package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/spf13/cobra"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/client"
)

type assumeRole struct {
	*env
	name, policy              string
	duration                  time.Duration
	tokenFile, cluster, owner string
}

func newAssumeRole(e *env) *cobra.Command {
	a := assumeRole{env: e}
	cmd := &cobra.Command{
		Use:   "assume-role ROLE",
		Short: "Act as a role for a while",
		Long: `Open the session of a role and print its token. Two things must agree: your own policies
(sts:AssumeRole or iam:agencies:assume on the role) and the trust policy of the role, which must
name you. The session ends with the session that asks, and no later than it.

A program in a cluster of the fleet needs no credential of Pratique: with the projected token of its
service account, whose audience is the address of this server (or sts.aliyuncs.com), the trust
policy of the role alone decides.

The token alone goes to the standard output; -o env prints a line for a shell to evaluate.`,
		Example: `  eval "$(pratique assume-role release --duration 30m -o env)"
  PRATIQUE_TOKEN=$(pratique assume-role auditor --policy read-only.json) pratique cluster list
  pratique assume-role deployer --cluster prod --service-account-token-file /var/run/secrets/pratique/token`,
		Args: arguments(1, 1, "the name of a ROLE"),
	}
	f := cmd.Flags()
	f.StringVar(&a.name, "session-name", "", "`NAME` that the session has in audit records (default: pratique-cli)")
	f.DurationVar(&a.duration, "duration", 0, "`TIME` until it ends, 15m to the longest session of the role (default: 1h at most)")
	f.StringVar(&a.policy, "policy", "", "`FILE` with a RAM policy that the session is narrowed to, - for the standard input")
	f.StringVar(&a.tokenFile, "service-account-token-file", "", "`FILE` with the token of a service account, - for the standard input")
	f.StringVar(&a.cluster, "cluster", "", "`NAME` or id of the cluster whose service account that is")
	f.StringVar(&a.owner, "account", "", "`NAME` of the account, where the server has several")
	completeFlag(cmd, "cluster", func(begun string) []string { return e.clusterNames(cmd, begun) })
	out := formatFlag(cmd, "text", "env", "json")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		token, err := a.run(cmd, args[0])
		if err != nil {
			return err
		}
		switch out.value {
		case "json":
			return printJSON(cmd.OutOrStdout(), token)
		case "env":
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "export PRATIQUE_TOKEN=%s\n", line(token.Token))
			return err
		}
		_, _ = fmt.Fprintf(cmd.ErrOrStderr(), "%s, until %s; the token is shown this once:\n", line(token.Principal), clock(token.Expires))
		_, err = fmt.Fprintln(cmd.OutOrStdout(), line(token.Token))
		return err
	}
	return cmd
}

func (a *assumeRole) run(cmd *cobra.Command, role string) (apiv1.Token, error) {
	var none apiv1.Token
	switch {
	case a.tokenFile == "" && (a.cluster != "" || a.owner != ""):
		return none, usage("--cluster and --account go with --service-account-token-file")
	case a.tokenFile != "" && a.cluster == "":
		return none, usage("whose service account is it? give --cluster NAME")
	case a.duration < 0:
		return none, usage("--duration %s lies in the past", a.duration)
	case a.tokenFile == "-" && a.policy == "-":
		return none, usage("only one of the token and the policy can come from the standard input")
	}
	if a.name == "" {
		a.name = "pratique-cli"
	}
	narrow, err := a.narrow()
	if err != nil {
		return none, err
	}
	life := pratique.Duration(a.duration)
	if a.tokenFile != "" {
		return a.exchange(cmd, apiv1.ExchangeToken{
			Account: a.owner, Cluster: a.cluster, Role: role, SessionName: a.name, Duration: life, Policy: narrow,
		})
	}
	c, err := a.connect()
	if err != nil {
		return none, err
	}
	return c.AssumeRole(cmd.Context(), apiv1.AssumeRole{Role: role, SessionName: a.name, Duration: life, Policy: narrow})
}

// exchange shows the token of a service account instead of whatever session there is on this machine.
func (a *assumeRole) exchange(cmd *cobra.Command, r apiv1.ExchangeToken) (apiv1.Token, error) {
	var err error
	if r.Token, err = a.secretFrom(a.tokenFile); err != nil {
		return apiv1.Token{}, err
	}
	s, err := a.resolve()
	if err != nil {
		return apiv1.Token{}, err
	}
	if s.Server == "" {
		s.Server = defaultServer
	}
	s.Token = ""
	c, err := s.client()
	if err != nil {
		return apiv1.Token{}, err
	}
	token, err := c.ExchangeToken(cmd.Context(), r)
	if errors.Is(err, client.ErrSignedOut) {
		err = errors.New(err.Error()) // nobody was signed in: here it does not mean that a session has ended
	}
	return token, err
}

// maxPolicy is more than any session policy may have.
const maxPolicy = 64 << 10

// narrow reads the session policy. Whether it is one is for the server to say; here it only has to be JSON, to be sent as such.
func (a *assumeRole) narrow() (jsontext.Value, error) {
	if a.policy == "" {
		return nil, nil
	}
	var data []byte
	var err error
	if a.policy == "-" {
		data, err = io.ReadAll(io.LimitReader(a.in, maxPolicy))
	} else {
		data, err = os.ReadFile(a.policy)
	}
	if err != nil {
		return nil, fmt.Errorf("--policy: %w", err)
	}
	v := jsontext.Value(data)
	if !v.IsValid() {
		return nil, fmt.Errorf("%s is not JSON; look at it with: pratique policy check %s", a.policy, a.policy)
	}
	return v, nil
}
