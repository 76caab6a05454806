package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/client"
)

// installWithin is by when an add-on is to run in a fresh cluster, in seconds.
const installWithin = 60

// installs measures prechecks of a live cluster, whose inside is read, and the installation of an add-on: from the request until its pods are ready, in a
// control plane that has held nothing before. It has a server of its own, so that nothing else runs beside.
func (b *bench) installs(ctx context.Context) (rows []row, err error) {
	binaries, err := programs()
	if err != nil {
		return nil, err
	}
	dir, err := b.dir()
	if err != nil {
		return nil, err
	}
	server, err := b.serve(ctx, dir, "--kube-dir", binaries)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, server.stop()) }()
	root, _, err := server.login(ctx)
	if err != nil {
		return nil, err
	}
	var checks, seconds []float64
	for i := range b.pick(3, 1) {
		b.say("installing an add-on in a fresh cluster, %d", i+1)
		l := &installation{bench: b, root: root, cluster: fmt.Sprintf("fresh-%d", i)}
		if err := l.run(ctx); err != nil {
			return nil, err
		}
		checks, seconds = append(checks, l.checks...), append(seconds, l.seconds)
		b.say("it ran after %.1f s", l.seconds)
	}
	return []row{
		{
			"precheck of an add-on for a live cluster: its settings and its RBAC objects are read", "< 50 ms",
			fmt.Sprintf("p50 **%.1f ms**, p99 **%.1f ms**: %s", median(checks), quantile(checks, 0.99), reached(quantile(checks, 0.99) < precheckWithin)), "–",
		},
		{
			"installation of " + controller + " in a fresh local cluster asked for → installed, all pods ready", "< 60 s",
			fmt.Sprintf("**%.1f s**, longest %.1f s of %d: %s", median(seconds), quantile(seconds, 1), len(seconds), reached(quantile(seconds, 1) < installWithin)), "–",
		},
	}, nil
}

// installation is one, from the making of the cluster to its end.
type installation struct {
	*bench
	root    *client.Client
	cluster string
	checks  []float64 // milliseconds
	seconds float64
}

func (l *installation) run(ctx context.Context) error {
	if _, err := l.root.NewCluster(ctx, apiv1.NewCluster{Name: l.cluster, Type: "ack-managed", Nodes: 1}); err != nil {
		return err
	}
	err := l.until(ctx, func() (bool, string, error) {
		c, err := l.root.Cluster(ctx, l.cluster)
		return c.Status.Phase == "running", "the cluster is " + c.Status.Phase + ": " + c.Status.Error, err
	})
	if err != nil {
		return err
	}
	if err := l.authorize(ctx); err != nil {
		return err
	}
	for range l.pick(50, 2) {
		began := now()
		r, err := l.root.Precheck(ctx, l.cluster, controller, apiv1.NewPrecheck{})
		if err != nil {
			return err
		}
		l.checks = append(l.checks, millis(now().Sub(began)))
		for _, i := range r.Items {
			if i.Status == "missing" {
				return fmt.Errorf("the precheck of an authorized add-on: %s: %s", i.Item, i.Error)
			}
		}
	}
	if err := l.install(ctx); err != nil {
		return err
	}
	j, err := l.root.DeleteCluster(ctx, l.cluster)
	if err != nil {
		return err
	}
	_, err = l.root.WaitJob(ctx, j.ID, nil)
	return err
}

// authorize gives the add-on what it lacks; in the account's second cluster it has it.
func (l *installation) authorize(ctx context.Context) error {
	r, err := l.root.Precheck(ctx, l.cluster, controller, apiv1.NewPrecheck{})
	if err != nil {
		return err
	}
	_, err = l.root.AuthorizeReport(ctx, r.ID, apiv1.Authorize{}, false)
	return err
}

// install asks for the installation and waits until it is there and its pods are ready.
func (l *installation) install(ctx context.Context) error {
	began := now()
	if _, err := l.root.InstallAddon(ctx, l.cluster, controller, apiv1.InstallAddon{}); err != nil {
		return err
	}
	err := l.until(ctx, func() (bool, string, error) {
		i, err := l.root.ClusterAddon(ctx, l.cluster, controller)
		if i.State == "failed" {
			return false, "", errors.New(i.Message)
		}
		return i.State == "installed" && i.Wanted > 0 && i.Ready == i.Wanted, fmt.Sprintf("the add-on is %s: %s", i.State, i.Message), err
	})
	l.seconds = now().Sub(began).Seconds()
	return err
}

// until asks again and again, and gives up after some minutes with how it stood.
func (l *installation) until(ctx context.Context, done func() (ok bool, stands string, err error)) error {
	began := now()
	for {
		ok, stands, err := done()
		if err != nil || ok {
			return err
		}
		if now().Sub(began) > 5*patience {
			return errors.New("nothing changes any more: " + stands)
		}
		if err := rest(ctx, 100*time.Millisecond); err != nil {
			return err
		}
	}
}
