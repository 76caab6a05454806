package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/client"
	"github.com/pratique-iam/pratique/internal/cluster/local"
)

// kube measures what Pratique costs, and how soon it is obeyed, at a real control plane that the server itself runs.
func (b *bench) kube(ctx context.Context) (rows []row, err error) {
	if rows, err = b.installs(ctx); err != nil {
		return nil, err
	}
	l, err := b.newLab(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	for _, measure := range []func(context.Context) ([]row, error){l.gets, l.watches, l.changes, l.sync} {
		some, err := measure(ctx)
		if err != nil {
			return nil, err
		}
		rows = append(rows, some...)
	}
	return rows, nil
}

// space is the namespace in which everything is.
const space = "bench"

// lab is a server with a cluster of its own, and people who use it.
type lab struct {
	*bench
	server  *process
	root    *client.Client
	people  map[string]*person
	cluster apiv1.Cluster
	access  apiv1.ClusterAccess
	admin   *caller // past Pratique
	plane   string  // directory of the control plane
}

// programs is the directory with those of Kubernetes.
func programs() (string, error) {
	dir, err := local.DefaultBinaries()
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(filepath.Join(dir, "kube-apiserver")); err != nil {
		return "", fmt.Errorf("there is no Kubernetes in %s; build it with: %s", dir, local.BuildCommand)
	}
	return dir, nil
}

func (b *bench) newLab(ctx context.Context) (l *lab, err error) {
	programs, err := programs()
	if err != nil {
		return nil, err
	}
	dir, err := b.dir()
	if err != nil {
		return nil, err
	}
	l = &lab{bench: b, people: map[string]*person{}}
	if l.server, err = b.serve(ctx, dir, "--kube-dir", programs); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, l.close())
		}
	}()
	if l.root, _, err = l.server.login(ctx); err != nil {
		return nil, err
	}
	b.say("starting a control plane")
	if err := l.create(ctx); err != nil {
		return nil, err
	}
	if l.admin, err = l.administrator(); err != nil {
		return nil, err
	}
	return l, l.populate(ctx)
}

func (l *lab) close() error {
	if l.admin != nil {
		l.admin.close()
	}
	return l.server.stop()
}

// create makes the cluster and waits until it runs.
func (l *lab) create(ctx context.Context) error {
	began := now()
	c, err := l.root.NewCluster(ctx, apiv1.NewCluster{Name: "bench", Type: "cce-standard"})
	for err == nil && c.Status.Phase != "running" {
		if now().Sub(began) > 3*patience {
			return fmt.Errorf("the cluster is still %s: %s", c.Status.Phase, c.Status.Error)
		}
		if err := rest(ctx, 100*time.Millisecond); err != nil {
			return err
		}
		c, err = l.root.Cluster(ctx, c.ID)
	}
	if err != nil {
		return err
	}
	l.cluster, l.plane = c, filepath.Join(l.server.dir, "clusters", c.ID, "plane")
	l.access, err = l.root.ClusterAccess(ctx, c.ID)
	return err
}

// administrator is the certificate that neither RBAC nor a webhook is asked about.
func (l *lab) administrator() (*caller, error) {
	data, err := os.ReadFile(filepath.Join(l.plane, "kubeconfig", "admin.yaml")) // JSON, by the way in which it is written
	if err != nil {
		return nil, err
	}
	var config struct {
		Users []struct {
			User struct {
				Cert []byte `json:"client-certificate-data"`
				Key  []byte `json:"client-key-data"`
			} `json:"user"`
		} `json:"users"`
	}
	if err := json.Unmarshal(data, &config); err != nil || len(config.Users) != 1 {
		return nil, fmt.Errorf("the kubeconfig of the administrator has %d users: %w", len(config.Users), err)
	}
	pair, err := tls.X509KeyPair(config.Users[0].User.Cert, config.Users[0].User.Key)
	return newCaller(l.access.Direct, l.access.CA, "", pair), err
}

// direct reaches the kube-apiserver with a token of somebody's, who is asked about at the webhook.
func (l *lab) direct(ctx context.Context, user string) (*caller, error) {
	t, err := l.token(ctx, user)
	return newCaller(l.access.Direct, l.access.CA, t), err
}

// proxied reaches it through the access proxy.
func (l *lab) proxied(ctx context.Context, user string) (*caller, error) {
	ca, err := os.ReadFile(filepath.Join(l.server.dir, "ca.crt"))
	if err != nil {
		return nil, err
	}
	t, err := l.token(ctx, user)
	return newCaller(l.access.Proxy, ca, t), err
}

// person is somebody who is signed in, with the token that kubectl would hold.
type person struct {
	*client.Client
	token apiv1.ClusterToken
}

// token is somebody's, with some minutes left. The server gives nobody a new one for each request.
func (l *lab) token(ctx context.Context, user string) (string, error) {
	p := l.people[user]
	if p.token.Expires.Sub(now()) < 4*time.Minute {
		var err error
		if p.token, err = p.ClusterToken(ctx, l.cluster.ID); err != nil {
			return "", err
		}
	}
	return p.token.Token, nil
}

// pods is how many there are: in a full run more than a kube-apiserver forgets while they are asked for.
func (l *lab) pods() int { return l.pick(1_000, 6) }

func pod(n int) string { return fmt.Sprintf("/api/v1/namespaces/"+space+"/pods/box-%04d", n) }

// populate makes a reader, who may view the namespace, an administrator, and pods that wait for a scheduler that there is not.
func (l *lab) populate(ctx context.Context) error {
	if err := l.admin.must(ctx, http.MethodPost, "/api/v1/namespaces", `{"metadata":{"name":"`+space+`"}}`); err != nil {
		return err
	}
	_, err := l.root.Change(ctx, changes(
		putting(pratique.KindUser, "reader", `{}`), putting(pratique.KindUser, "chief", `{}`),
		putting(pratique.KindGroup, "readers", `{"members":["reader"]}`),
		putting(pratique.KindGrant, "readers", `{"group":"readers","policy":"CCE ReadOnlyAccess","scope":{"allProjects":true}}`),
		newGrant(l.root, "chief", "chief", "Tenant Administrator").on,
		putting(pratique.KindNamespacePermission, "readers", `{"group":"readers","clusterRole":"view","clusters":["bench"],"namespaces":["`+space+`"]}`)))
	if err != nil {
		return err
	}
	for _, name := range []string{"reader", "chief"} {
		if l.people[name], err = l.person(ctx, name); err != nil {
			return err
		}
	}
	if err := l.admin.await(ctx, "/api/v1/namespaces/"+space+"/serviceaccounts/default", http.StatusOK, 50*time.Millisecond); err != nil {
		return err // no pod is accepted before it is there
	}
	g, running := errgroup.WithContext(ctx)
	g.SetLimit(8)
	for i := range l.pods() {
		g.Go(func() error {
			return l.admin.must(running, http.MethodPost, "/api/v1/namespaces/"+space+"/pods", fmt.Sprintf(
				`{"metadata":{"name":"box-%04d"},"spec":{"schedulerName":"nobody","containers":[{"name":"box","image":"box"}]}}`, i))
		})
	}
	return g.Wait()
}

func (l *lab) person(ctx context.Context, name string) (*person, error) {
	const password = "correct horse battery"
	if err := l.root.SetPassword(ctx, apiv1.NewPassword{User: name, New: password}); err != nil {
		return nil, err
	}
	t, err := l.root.Login(ctx, apiv1.Login{User: name, Password: password})
	return &person{Client: l.root.WithToken(t.Token)}, err
}
