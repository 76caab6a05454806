package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/client"
	"github.com/pratique-iam/pratique/internal/workload"
)

// reviewed is a server, and what a kube-apiserver asks it.
type reviewed struct {
	server        *process
	root          *client.Client
	path, token   string // of the cluster
	mixed, passed [][]byte
	user          string // whose first review is passed[0]
}

func (b *bench) reviewed(ctx context.Context) (r *reviewed, err error) {
	dir, err := b.dir()
	if err != nil {
		return nil, err
	}
	b.say("filling a server with W(%d)", b.pick(1_000, 100))
	w := workload.New(b.pick(1_000, 100))
	d := w.Directory(b.pick(100, 10), 1)
	token, err := b.fillServer(ctx, dir, withSessions(d))
	if err != nil {
		return nil, err
	}
	r = &reviewed{}
	if r.server, err = b.serve(ctx, dir); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, r.server.stop())
		}
	}()
	if r.root, err = r.server.client(token); err != nil {
		return nil, err
	}
	if err := r.connect(ctx); err != nil {
		return nil, err
	}
	readers, err := r.readers(ctx, d)
	if err != nil {
		return nil, err
	}
	if err := r.questions(ctx, d, readers); err != nil {
		return nil, err
	}
	w.Shuffle(len(r.mixed), func(i, j int) { r.mixed[i], r.mixed[j] = r.mixed[j], r.mixed[i] })
	return r, nil
}

// withSessions adds a session of each user to a directory: a kube-apiserver names the one that a token was made with.
func withSessions(d *workload.Directory) iter.Seq[pratique.Write] {
	return func(yield func(pratique.Write) bool) {
		for w := range d.Writes() {
			if !yield(w) {
				return
			}
		}
		for _, u := range d.Users {
			s := &pratique.Session{
				Meta: u.Meta, Type: pratique.SessionLogin, Principal: pratique.Ref{Kind: pratique.KindUser, ID: u.ID},
				Hash: "none-" + u.ID, Expires: now().Add(24 * time.Hour).UTC(),
			}
			s.ID, s.Name = sessionOf(u), sessionOf(u)
			if !yield(pratique.Write{Kind: pratique.KindSession, ID: s.ID, Object: s}) {
				return
			}
		}
	}
}

func sessionOf(u *pratique.User) string { return "ses" + strings.TrimPrefix(u.ID, "usr") }

// connect attaches a cluster and takes the credential of its kube-apiserver. Nothing answers at its address, which nobody may use.
func (r *reviewed) connect(ctx context.Context) error {
	ca, err := os.ReadFile(filepath.Join(r.server.dir, "ca.crt"))
	if err != nil {
		return err
	}
	c, err := r.root.NewCluster(ctx, apiv1.NewCluster{Name: "bench", Type: "cce-standard", Kubeconfig: fmt.Sprintf(
		`{apiVersion: v1, kind: Config, current-context: c, contexts: [{name: c, context: {cluster: c, user: u}}], `+
			`clusters: [{name: c, cluster: {server: "https://198.51.100.1:6443", certificate-authority-data: %s}}], users: [{name: u, user: {token: none}}]}`,
		base64.StdEncoding.EncodeToString(ca))})
	if err != nil {
		return err
	}
	files, err := r.root.ConnectCluster(ctx, c.ID, apiv1.ConnectCluster{})
	if err != nil {
		return err
	}
	var webhook struct {
		Users []struct{ User struct{ Token string } }
	}
	if err := yaml.Unmarshal([]byte(files.WebhookKubeconfig), &webhook); err != nil || len(webhook.Users) != 1 {
		return fmt.Errorf("the kubeconfig of the webhook has %d users: %w", len(webhook.Users), err)
	}
	r.path, r.token = "/webhook/authorize/"+c.ID, webhook.Users[0].User.Token
	return nil
}

// readers lets every other user read in all clusters, and returns the group by which they may.
func (r *reviewed) readers(ctx context.Context, d *workload.Directory) (id string, err error) {
	var names []string
	for i := 0; i < len(d.Users); i += 2 {
		names = append(names, `"`+d.Users[i].Name+`"`)
	}
	_, err = r.root.Change(ctx, changes(
		putting(pratique.KindGroup, "readers", `{"members":[`+strings.Join(names, ",")+`]}`),
		putting(pratique.KindGrant, "readers", `{"group":"readers","policy":"CCE ReadOnlyAccess","scope":{"allProjects":true}}`)))
	if err != nil {
		return "", err
	}
	g, err := r.root.Get(ctx, pratique.KindGroup, "readers")
	return g.Metadata.ID, err
}

// questions writes the reviews and asks each once, to see that it is answered as it should be.
func (r *reviewed) questions(ctx context.Context, d *workload.Directory, readers string) error {
	w, err := r.dial(ctx)
	if err != nil {
		return err
	}
	defer w.close()
	for i, u := range d.Users {
		groups := []string{}
		if i%2 == 0 {
			groups = append(groups, readers)
		}
		for _, g := range d.Groups {
			if slices.Contains(g.Members, u.ID) {
				groups = append(groups, g.ID)
			}
		}
		for _, a := range attributes() {
			body := review(u, sessionOf(u), a, groups)
			answer, err := w.ask(body)
			if err != nil {
				return err
			}
			if denied := denies(answer); denied != (i%2 == 1) {
				return fmt.Errorf("a review of user %d is answered %s", i, answer)
			}
			r.mixed = append(r.mixed, body)
			if i%2 == 0 {
				r.passed = append(r.passed, body)
			}
		}
	}
	r.user = d.Users[0].Name
	return nil
}

func (r *reviewed) dial(ctx context.Context) (*wire, error) {
	ca, err := os.ReadFile(filepath.Join(r.server.dir, "ca.crt"))
	if err != nil {
		return nil, err
	}
	return dial(ctx, r.server.url, r.path, ca, r.token)
}

func denies(answer []byte) bool { return bytes.Contains(answer, []byte(`"denied":true`)) }

// attributes are what readers do all day.
func attributes() []string {
	var out []string
	for i, namespace := range []string{"dev", "shop", "kube-system", "monitoring"} {
		out = append(out,
			fmt.Sprintf(`"namespace":%q,"verb":"get","version":"v1","resource":"pods","name":"web-5d8f7c9b4-x2x7%d"`, namespace, i),
			fmt.Sprintf(`"namespace":%q,"verb":"list","group":"apps","version":"v1","resource":"deployments"`, namespace))
	}
	return out
}

// review is a SubjectAccessReview as a kube-apiserver writes it for somebody who came with one of our tokens.
func review(u *pratique.User, session, attributes string, groups []string) []byte {
	var names strings.Builder
	for _, id := range groups {
		fmt.Fprintf(&names, `"pratique:%s",`, id)
	}
	return fmt.Appendf(nil, `{"kind":"SubjectAccessReview","apiVersion":"authorization.k8s.io/v1","metadata":{"creationTimestamp":null},`+
		`"spec":{"resourceAttributes":{%s},"user":"pratique:%s","groups":[%s"system:authenticated"],"extra":{`+
		`"authentication.kubernetes.io/credential-id":["JTI=5f2c1c8e-0b7e-4b7a-9d3e-1f0a2b3c4d5e"],"pratique.dev/name":[%q],"pratique.dev/session":[%q]},`+
		`"uid":%q},"status":{"allowed":false}}`+"\n", attributes, u.ID, names.String(), u.Name, session, u.ID)
}
