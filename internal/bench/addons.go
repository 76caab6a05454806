package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/client"
	"github.com/pratique-iam/pratique/internal/workload"
)

// controller is the add-on that is looked at.
const controller = "mse-ingress-controller"

// How long a precheck may take, in milliseconds: of one cluster, and of all.
const (
	precheckWithin = 50
	fleetWithin    = 2_000
)

// addons measures prechecks over the API of a server with a large directory and a fleet. The directory holds W(100,000); the clusters are of the four
// types that the add-on runs in, and nothing answers at their address.
func (b *bench) addons(ctx context.Context) (rows []row, err error) {
	policies, clusters := b.pick(100_000, 200), b.pick(500, 8)
	dir, err := b.dir()
	if err != nil {
		return nil, err
	}
	b.say("filling a server with %s policies", digits(float64(policies)))
	d := workload.New(policies).Directory(b.pick(1_000, 20), 1)
	token, err := b.fillServer(ctx, dir, d.Writes())
	if err != nil {
		return nil, err
	}
	f := &fleet{bench: b, dir: dir, token: token}
	defer func() { err = errors.Join(err, f.stop()) }()
	if err := f.serve(ctx, "--max-clusters", strconv.Itoa(clusters)); err != nil {
		return nil, err
	}
	b.say("attaching %d clusters", clusters)
	if err := f.attach(ctx, clusters); err != nil {
		return nil, err
	}
	// The jobs that wait for each cluster to answer end with the server: no fleet is attached in one minute.
	if err := f.stop(); err != nil {
		return nil, err
	}
	if err := f.serve(ctx); err != nil {
		return nil, err
	}
	if f.operator, err = f.appoint(ctx, d.Users[0]); err != nil {
		return nil, err
	}
	one, err := f.prechecks(ctx, b.pick(200, 3))
	if err != nil {
		return nil, err
	}
	all, err := f.fleetPrechecks(ctx, b.pick(7, 1))
	if err != nil {
		return nil, err
	}
	return []row{
		{
			fmt.Sprintf("precheck of one add-on for one of %d clusters, directory of %s policies and %s grants, over the API, its report kept",
				clusters, digits(float64(policies)), digits(float64(len(d.Grants)))),
			"< 50 ms", fmt.Sprintf("p50 **%.1f ms**, p99 **%.1f ms**, longest %.1f ms: %s", median(one), quantile(one, 0.99), quantile(one, 1),
				reached(quantile(one, 0.99) < precheckWithin)), "–",
		},
		{
			fmt.Sprintf("precheck of the same add-on for the fleet of %d clusters, the same directory, their reports kept", clusters), "< 2 s",
			fmt.Sprintf("p50 **%.0f ms**, longest **%.0f ms** of %d: %s", median(all), quantile(all, 1), len(all),
				reached(quantile(all, 1) < fleetWithin)), "–",
		},
	}, nil
}

// fleet is many clusters, and who looks after them.
type fleet struct {
	*bench
	dir, token     string
	server         *process
	root, operator *client.Client
	clusters       int
}

func (f *fleet) serve(ctx context.Context, flags ...string) (err error) {
	if f.server, err = f.bench.serve(ctx, f.dir, flags...); err != nil {
		return err
	}
	f.root, err = f.server.client(f.token)
	return err
}

func (f *fleet) stop() error {
	server := f.server
	if f.server = nil; server == nil {
		return nil
	}
	return server.stop()
}

// attach makes the clusters, all at an address where connections are refused.
func (f *fleet) attach(ctx context.Context, clusters int) error {
	ca, err := os.ReadFile(filepath.Join(f.dir, "ca.crt"))
	if err != nil {
		return err
	}
	kubeconfig := fmt.Sprintf(
		`{apiVersion: v1, kind: Config, current-context: c, contexts: [{name: c, context: {cluster: c, user: u}}], `+
			`clusters: [{name: c, cluster: {server: "https://127.0.0.1:1", certificate-authority-data: %s}}], users: [{name: u, user: {token: none}}]}`,
		base64.StdEncoding.EncodeToString(ca))
	types := []string{"ack-managed", "ack-serverless", "ack-dedicated", "acs"}
	for f.clusters = 0; f.clusters < clusters; f.clusters++ {
		c := apiv1.NewCluster{Name: clusterName(f.clusters), Type: types[f.clusters%len(types)], Kubeconfig: kubeconfig}
		if err := f.attachOne(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

// attachOne makes a cluster. Each is a transaction on disk, and a disk that others keep busy may not answer in time: then it is looked at whether the
// cluster is there, and tried again.
func (f *fleet) attachOne(ctx context.Context, c apiv1.NewCluster) error {
	for range 5 {
		_, err := f.root.NewCluster(ctx, c)
		if !errors.Is(err, pratique.ErrUnavailable) {
			return err
		}
		f.say("%v", err)
		if err := rest(ctx, time.Second); err != nil {
			return err
		}
		if _, err := f.root.Cluster(ctx, c.Name); err == nil {
			return nil
		}
	}
	return fmt.Errorf("cluster %s cannot be attached: the store does not answer", c.Name)
}

func clusterName(n int) string { return fmt.Sprintf("cluster-%03d", n) }

// appoint lets a user of the workload, for whom 80 statements are in force already, look after clusters, and has the add-on authorized where a
// service role acts for it. Of the worker roles of dedicated clusters, a quarter of the fleet, each lacks everything.
func (f *fleet) appoint(ctx context.Context, u *pratique.User) (*client.Client, error) {
	_, err := f.root.Change(ctx, changes(putting(pratique.KindGrant, "operator",
		fmt.Sprintf(`{"user":%q,"policy":"AliyunCSFullAccess","scope":{"account":true}}`, u.Name))))
	if err != nil {
		return nil, err
	}
	r, err := f.root.Precheck(ctx, clusterName(0), controller, apiv1.NewPrecheck{})
	if err != nil {
		return nil, err
	}
	done, err := f.root.AuthorizeReport(ctx, r.ID, apiv1.Authorize{}, false)
	if err != nil {
		return nil, err
	}
	if !done.Report.Passed {
		return nil, fmt.Errorf("the add-on was authorized, and its precheck failed: %v", done.Report.Items)
	}
	const password = "correct horse battery"
	if err := f.root.SetPassword(ctx, apiv1.NewPassword{User: u.Name, New: password}); err != nil {
		return nil, err
	}
	t, err := f.root.Login(ctx, apiv1.Login{User: u.Name, Password: password})
	return f.root.WithToken(t.Token), err
}

// prechecks asks about one cluster after the other and tells in milliseconds how long each took. The first question, which connects, is not counted.
func (f *fleet) prechecks(ctx context.Context, times int) ([]float64, error) {
	f.say("checking one cluster, %d times", times)
	var out []float64
	for i := range times + 1 {
		began := now()
		r, err := f.operator.Precheck(ctx, clusterName(i%f.clusters), controller, apiv1.NewPrecheck{})
		if err != nil {
			return nil, err
		}
		if i > 0 {
			out = append(out, millis(now().Sub(began)))
		}
		if want := i%f.clusters%4 != 2; r.Passed != want { // what a worker role lacks is missing in each dedicated cluster
			return nil, fmt.Errorf("the precheck of a cluster of type %s says passed: %t", r.Type, r.Passed)
		}
	}
	return out, nil
}

func (f *fleet) fleetPrechecks(ctx context.Context, times int) ([]float64, error) {
	f.say("checking the fleet, %d times", times)
	var out []float64
	for range times {
		began := now()
		reports, err := f.operator.Prechecks(ctx, apiv1.NewPrechecks{Addon: controller, Fleet: true})
		if err != nil {
			return nil, err
		}
		out = append(out, millis(now().Sub(began)))
		if len(reports) != f.clusters {
			return nil, fmt.Errorf("%d clusters were checked, of %d", len(reports), f.clusters)
		}
	}
	return out, nil
}
