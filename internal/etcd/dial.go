package etcd

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/pratique-iam/pratique"
)

const (
	dialTimeout = 3 * time.Second
	// Asked for every 2 s, sent every 10 s: gRPC raises shorter intervals to that. Its timeout is kept, and is also that of TCP for bytes
	// on their way, so a dead connection under use is noticed after 2 s.
	keepaliveInterval = 2 * time.Second
	keepaliveTimeout  = 2 * time.Second
)

// Dial connects to an etcd outside the process and makes sure that it answers. TLS may be nil, for loopback and private networks. The
// error wraps pratique.ErrUnavailable.
func Dial(ctx context.Context, endpoints []string, tlsConfig *tls.Config, log *slog.Logger) (*clientv3.Client, error) {
	if len(endpoints) == 0 {
		return nil, &pratique.Error{Kind: pratique.ErrInvalid, Message: "no etcd endpoint is set", Hint: "name at least one with --etcd-endpoints"}
	}
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	client, err := clientv3.New(clientv3.Config{
		Endpoints:            endpoints,
		TLS:                  tlsConfig,
		Logger:               newZap(log, newFate()),
		DialTimeout:          dialTimeout,
		DialKeepAliveTime:    keepaliveInterval,
		DialKeepAliveTimeout: keepaliveTimeout,
		PermitWithoutStream:  true,
	})
	if err != nil {
		return nil, unreachable(endpoints, err)
	}
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	if _, err := client.Get(ctx, "/", clientv3.WithCountOnly()); err != nil {
		return nil, errors.Join(unreachable(endpoints, err), client.Close())
	}
	return client, nil
}

func unreachable(endpoints []string, err error) error {
	why := err.Error()
	if errors.Is(err, context.DeadlineExceeded) {
		why = fmt.Sprintf("no answer within %s", dialTimeout)
	}
	return &pratique.Error{
		Kind:    pratique.ErrUnavailable,
		Message: fmt.Sprintf("etcd at %s cannot be reached: %s", strings.Join(endpoints, ", "), why),
		Hint:    "check --etcd-endpoints, the certificates and the network",
	}
}
