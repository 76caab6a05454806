package access_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/internal/access"
	"github.com/pratique-iam/pratique/policy"
)

// still is a store of one snapshot, to which nothing is written.
type still struct{ *pratique.Snapshot }

func (s still) Account(string) (*pratique.Snapshot, bool) { return s.Snapshot, true }

func (s still) Update(context.Context, string, access.Write) (*pratique.Snapshot, error) {
	return nil, errors.New("a dry run writes")
}

// uploads asks whether somebody may upload a chart, which is in no project.
func (w *world) uploads(t *testing.T) error {
	t.Helper()
	u, ok := w.Users.Name("alice")
	if !ok {
		t.Fatalf("nobody is called alice")
	}
	g := &access.Gate{Decider: w.Decider, Store: still{w.Snapshot}, Now: func() time.Time { return noon }}
	need := pratique.Need{Operation: "chart.upload", Vars: map[string]string{"name": "web"}, Anywhere: true}
	who := pratique.Principal{Account: w.Account.ID, Type: pratique.PrincipalUser, ID: u.ID, Name: u.Name}
	return g.May(w.Snapshot, who, need, "")
}

const uploadPolicy = `{"Version": "1.1", "Statement": [{"Effect": "EFFECT", "Action": ["cce:chart:upload"]}]}`

// uploaders is a world with two projects and policies that allow and deny uploading charts.
func uploaders(t *testing.T) world {
	t.Helper()
	w := newWorld(t)
	w.custom(t, "may-upload", strings.Replace(uploadPolicy, "EFFECT", "Allow", 1))
	w.custom(t, "no-upload", strings.Replace(uploadPolicy, "EFFECT", "Deny", 1))
	w.user(t, "alice")
	return w
}

func TestWhatIsInNoProjectTakesTheRightInSomeProject(t *testing.T) {
	t.Parallel()
	for _, project := range []string{"local-1", "eu-1"} {
		w := uploaders(t)
		if err := w.uploads(t); !errors.Is(err, pratique.ErrDenied) {
			t.Fatalf("without any grant: %v", err)
		}
		w.grant(t, "alice", "{project: "+project+"}", "may-upload")
		if err := w.uploads(t); err != nil {
			t.Errorf("allowed in %s: %v", project, err)
		}
	}
}

func TestADenyInOneProjectLeavesWhatAnotherAllows(t *testing.T) {
	t.Parallel()
	w := uploaders(t)
	w.grant(t, "alice", "{project: local-1}", "no-upload", "may-upload")
	w.grant(t, "alice", "{project: eu-1}", "may-upload")
	if err := w.uploads(t); err != nil {
		t.Errorf("allowed in eu-1, denied in local-1: %v", err)
	}
}

func TestADenyIsToldWhereNoProjectAllows(t *testing.T) {
	t.Parallel()
	for _, project := range []string{"local-1", "eu-1"} {
		w := uploaders(t)
		w.grant(t, "alice", "{project: "+project+"}", "no-upload")
		denied, ok := errors.AsType[*access.DeniedError](w.uploads(t))
		if !ok {
			t.Fatal("allowed")
		}
		if denied.Decision.Effect != policy.Deny || !strings.Contains(denied.Error(), `denied by statement 1 of policy "no-upload"`) {
			t.Errorf("denied in %s: %s", project, denied)
		}
	}
	w := uploaders(t)
	w.grant(t, "alice", "{allProjects: true}", "may-upload", "no-upload")
	if denied, ok := errors.AsType[*access.DeniedError](w.uploads(t)); !ok || denied.Decision.Effect != policy.Deny {
		t.Errorf("denied in all projects: %v", denied)
	}
}
