package main

import (
	"context"
	"io"
	"log/slog"
	"net/netip"

	"github.com/spf13/cobra"
	"k8s.io/klog/v2"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/internal/server"
)

// newServe is the server. What its parts are and how they fit is internal/server's.
func newServe() *cobra.Command {
	var c server.Config
	var logFormat, logLevel string
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run a server",
		Long: `Run a server until it is interrupted.

The first start makes everything that is needed in the data directory: the account "default", its
root user, a certificate authority (ca.crt) and a certificate, keys, and a one-time secret with
which the root signs in (bootstrap-secret). The store is an etcd inside the process; name an
external one with --etcd-endpoints.`,
		Example: `  pratique serve
  pratique serve --data /var/lib/pratique --listen :8443 --url https://iam.example.com:8443 --host iam.example.com
  pratique serve --etcd-endpoints https://10.0.0.1:2379,https://10.0.0.2:2379 --etcd-ca ca.pem`,
		Args: arguments(0, 0, ""),
	}
	f := cmd.Flags()
	f.StringVar(&c.Data, "data", "pratique-data", "`DIR` in which the server keeps everything")
	f.StringVar(&c.Listen, "listen", "localhost:8443", "`ADDR` to listen on")
	f.StringVar(&c.URL, "url", "", "`URL` under which others reach this server (default: from the listener, https://localhost:8443)")
	f.StringSliceVar(&c.EtcdEndpoints, "etcd-endpoints", nil, "`URLS` of an external etcd, separated by commas")
	f.StringVar(&c.EtcdCA, "etcd-ca", "", "`FILE` with the certificate authority of the external etcd")
	f.StringVar(&c.EtcdCert, "etcd-cert", "", "`FILE` with our certificate for the external etcd")
	f.StringVar(&c.EtcdKey, "etcd-key", "", "`FILE` with the key of --etcd-cert")
	f.StringVar(&c.KubeDir, "kube-dir", "", "`DIR` with the programs of Kubernetes; without it no local cluster can be created")
	f.Var(&networks{&c.Networks}, "cluster-network", "`PREFIX` at which clusters may be attached although it is special, such as 127.0.0.0/8; may be repeated")
	f.IntVar(&c.MaxClusters, "max-clusters", pratique.DefaultLimits().Clusters, "`N` clusters that an account may have")
	f.StringSliceVar(&c.Regions, "region", []string{"local-1"}, "`NAME` of a region; may be repeated")
	f.StringSliceVar(&c.Hosts, "host", nil, "further `NAME` for the certificate; may be repeated")
	f.StringVar(&logFormat, "log-format", "text", "`FORMAT` of the log: text or json")
	f.StringVar(&logLevel, "log-level", "info", "`LEVEL` from which on to log: debug, info, warn or error")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		log, err := newLog(cmd.ErrOrStderr(), logFormat, logLevel)
		if err != nil {
			return err
		}
		if (c.EtcdCert == "") != (c.EtcdKey == "") {
			return usage("--etcd-cert and --etcd-key belong together; give both or neither")
		}
		if len(c.EtcdEndpoints) == 0 && c.EtcdCA+c.EtcdCert != "" {
			return usage("--etcd-ca, --etcd-cert and --etcd-key are for an external etcd; name it with --etcd-endpoints")
		}
		c.Log, c.Out, c.Render = log, cmd.OutOrStdout(), renderer().Render
		klog.SetSlogLogger(log) // what Kubernetes' libraries say joins the log
		ctx, stop := context.WithCancel(cmd.Context())
		defer stop()
		go keepHeadroom(ctx)
		go keepStackRoom(ctx)
		return server.Run(ctx, c)
	}
	return cmd
}

// networks is a repeatable flag of address prefixes.
type networks struct{ list *[]netip.Prefix }

func (n *networks) String() string { return "" }

func (n *networks) Type() string { return "prefix" }

func (n *networks) Set(text string) error {
	p, err := netip.ParsePrefix(text)
	if err == nil {
		*n.list = append(*n.list, p)
	}
	return err
}

func newLog(w io.Writer, format, level string) (*slog.Logger, error) {
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		return nil, usage("--log-level %q is not one of debug, info, warn, error", level)
	}
	options := &slog.HandlerOptions{Level: l}
	switch format {
	case "text":
		return slog.New(slog.NewTextHandler(w, options)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(w, options)), nil
	}
	return nil, usage("--log-format %q is not text or json", format)
}
