package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/spf13/cobra"

	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/internal/strictjson"
)

// execCredential is what kubectl expects of a credential plugin (client.authentication.k8s.io/v1).
type execCredential struct {
	APIVersion string     `json:"apiVersion"`
	Kind       string     `json:"kind"`
	Status     execStatus `json:"status"`
}

type execStatus struct {
	Expiration string `json:"expirationTimestamp"`
	Token      string `json:"token"`
}

const execVersion = "client.authentication.k8s.io/v1"

// withClusterToken lets pratique token --cluster ID hand a token to kubectl.
func withClusterToken(e *env, cmd *cobra.Command) *cobra.Command {
	var cluster string
	cmd.Flags().StringVar(&cluster, "cluster", "", "print a token for the cluster of this `ID`, as kubectl's credential plugin")
	completeFlag(cmd, "cluster", func(begun string) []string { return e.clusterNames(cmd, begun) })
	cmd.Long += `

With --cluster, print a token of ten minutes for one cluster as kubectl expects it of a credential plugin; the
contexts that pratique kubeconfig writes do that by themselves.`
	cmd.Example = `  pratique token --cluster c-f3k7q2m4b6x7c5za`
	help := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if !cmd.Flags().Changed("cluster") {
			return help(cmd, args)
		}
		if cluster == "" {
			return usage("--cluster names no cluster")
		}
		token, err := e.clusterToken(cmd.Context(), cluster)
		if err != nil {
			return err
		}
		return printJSONLine(cmd.OutOrStdout(), execCredential{
			APIVersion: execVersion, Kind: "ExecCredential",
			Status: execStatus{Expiration: token.Expires.UTC().Format(time.RFC3339), Token: token.Token},
		})
	}
	return cmd
}

// freshFor is how long a kept token must still last, so that it does not run out on the way. keptFor is how long one is used again: a token
// names groups, and somebody who has just been put into one should not wait ten minutes for it to count.
const (
	freshFor = time.Minute
	keptFor  = time.Minute
)

// clusterToken gives a token that was kept, or asks for a new one. kubectl runs this program for every command, and tools run many commands
// at once: one of them asks, under a lock, and the others use what it got.
//
// A machine on which nothing can be kept works all the same, one request at a time.
func (e *env) clusterToken(ctx context.Context, cluster string) (apiv1.ClusterToken, error) {
	c, err := e.connect()
	if err != nil {
		return apiv1.ClusterToken{}, err
	}
	path, err := e.tokenPath(cluster)
	if err != nil {
		return c.ClusterToken(ctx, cluster)
	}
	if kept, ok := e.keptToken(path); ok {
		return kept, nil
	}
	unlock, err := lockFile(path, e.now)
	if err != nil {
		return c.ClusterToken(ctx, cluster)
	}
	defer unlock()
	if kept, ok := e.keptToken(path); ok {
		return kept, nil
	}
	token, err := c.ClusterToken(ctx, cluster)
	if err != nil {
		return token, err
	}
	e.dropOld(filepath.Dir(path))
	if data, err := strictjson.Marshal(token); err == nil {
		_ = writePrivate(path, data) // without it the next command asks again
	}
	return token, nil
}

// tokenPath is where the token for a cluster is kept: under a name that depends on the server and the session, so that no token outlives a
// logout here or is shown to another server's cluster.
func (e *env) tokenPath(cluster string) (string, error) {
	s, err := e.resolve()
	if err != nil {
		return "", err
	}
	config, err := e.configPath()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(filepath.Dir(config), "tokens")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	sum := sha256.Sum256([]byte(strings.Join([]string{s.Server, s.Token, cluster}, "\x00")))
	return filepath.Join(dir, hex.EncodeToString(sum[:16])+".json"), nil
}

// keptToken reads a token that is good for a while. A file that others could have written is not trusted.
func (e *env) keptToken(path string) (token apiv1.ClusterToken, ok bool) {
	info, err := os.Lstat(path)
	if err != nil || !info.Mode().IsRegular() || info.Mode().Perm()&0o077 != 0 || e.now().Sub(info.ModTime()) > keptFor {
		return token, false
	}
	data, err := os.ReadFile(path) //nolint:gosec // made by tokenPath
	if err != nil || json.Unmarshal(data, &token) != nil {
		return apiv1.ClusterToken{}, false
	}
	return token, token.Token != "" && token.Expires.After(e.now().Add(freshFor))
}

// dropOld removes tokens that have run out.
func (e *env) dropOld(dir string) {
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		return
	}
	for _, f := range files {
		if info, err := os.Stat(f); err == nil && e.now().Sub(info.ModTime()) > time.Hour {
			_ = os.Remove(f) // the next time, then
		}
	}
}
