package authn

import (
	"errors"
	"testing"
	"time"

	"github.com/pratique-iam/pratique"
)

// cluster adds a cluster to acme and gives the secret of its kube-apiserver.
func (w *world) cluster(name string) (secret string, c *pratique.Cluster) {
	w.t.Helper()
	snap, _ := w.AccountNamed("acme")
	if snap.Projects.Len() == 0 {
		w.change("acme", pratique.AddRegions{})
		w.change("acme", pratique.Put{Manifest: pratique.Manifest{
			APIVersion: pratique.APIVersion, Kind: pratique.KindEnterpriseProject, Metadata: pratique.Metadata{Name: "shop"}, Spec: []byte(`{}`),
		}})
	}
	w.change("acme", pratique.CreateCluster{Cluster: pratique.Cluster{
		Meta: pratique.Meta{Name: name}, Type: "cce-standard", Provisioner: pratique.ProvisionerLocal, EnterpriseProject: "shop",
	}})
	snap, _ = w.AccountNamed("acme")
	c, _ = snap.Clusters.Name(name)
	secret, s, err := w.NewClusterSession(snap, c.ID, time.Hour)
	if err != nil {
		w.t.Fatal(err)
	}
	w.change("acme", pratique.OpenSession{Session: s})
	return secret, c
}

const noCluster = "this is not the credential of a cluster; run pratique cluster connect to write a new one"

func TestAKubeApiserverIsKnownByItsSecret(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	secret, want := w.cluster("prod")
	other, _ := w.cluster("dev")
	snap, got, err := w.Cluster(secret)
	if err != nil || got.ID != want.ID || snap.Account.Name != "acme" {
		t.Fatalf("got %v, error %v", got, err)
	}
	if _, got, err := w.Cluster(other); err != nil || got.Name != "dev" {
		t.Errorf("got %v, error %v", got, err)
	}
	w.pass(time.Hour)
	_, _, err = w.Cluster(secret)
	refused(t, err, "the session has expired", noCluster)
}

func TestTheSecretOfAClusterEndsWithTheCluster(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	secret, _ := w.cluster("prod")
	w.change("acme", pratique.DeleteCluster{Name: "prod"})
	_, _, err := w.Cluster(secret)
	refused(t, err, "the cluster does not exist", noCluster)
	if _, _, err := w.NewClusterSession(w.accounts["account-acme"], "c-none", time.Hour); !errors.Is(err, pratique.ErrNotFound) {
		t.Errorf("error %v", err)
	}
}

func TestASecretThatWasKnownOnceIsLookedAtAgainEveryTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ended, c := w.cluster("prod")
	deleted, _ := w.cluster("dev")
	for _, secret := range []string{ended, deleted, ended, deleted} {
		if _, _, err := w.Cluster(secret); err != nil {
			t.Fatal(err)
		}
	}
	s, ok := w.accounts["account-acme"].SessionByHash(Hash(ended))
	if !ok || s.Principal.ID != c.ID {
		t.Fatalf("the session is %+v", s)
	}
	w.change("acme", pratique.EndSession{ID: s.ID}, pratique.DeleteCluster{Name: "dev"})
	_, _, err := w.Cluster(ended)
	refused(t, err, "there is no such session", noCluster)
	_, _, err = w.Cluster(deleted)
	refused(t, err, "the cluster does not exist", noCluster)
	delete(w.accounts, "account-acme")
	_, _, err = w.Cluster(deleted)
	refused(t, err, "there is no such session", noCluster)
}

func TestOnlyTheSecretOfAClusterIsOneAndItIsNothingElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	secret, c := w.cluster("prod")
	w.ended(secret, "the credential of a cluster was shown as a bearer token")
	for text, why := range map[string]string{
		first(w.open(pratique.SessionLogin, w.signIn("acme", "alice"), time.Hour)): "the session is not that of a cluster",
		secret[:len(secret)-1]: "the text is not the secret of a cluster",
		"":                     "the text is not the secret of a cluster",
		newToken(pratique.SessionCluster, "account-acme"):   "there is no such session",
		newToken(pratique.SessionCluster, "account-nobody"): "there is no such session",
		newToken(pratique.SessionBootstrap, "account-acme"): "the text is not the secret of a cluster",
	} {
		_, _, err := w.Cluster(text)
		refused(t, err, why, noCluster)
	}
	for _, life := range []time.Duration{0, -time.Hour, MaxClusterLife + 1} {
		if _, _, err := w.NewClusterSession(w.accounts["account-acme"], c.ID, life); !errors.Is(err, pratique.ErrInvalid) {
			t.Errorf("life %s: error %v", life, err)
		}
	}
}

func TestWhatHangsOnASessionEndsWithIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, session := w.open(pratique.SessionLogin, w.signIn("acme", "alice"), time.Hour)
	alice := pratique.Ref{Kind: pratique.KindUser, ID: w.id("acme", "alice")}
	bob := pratique.Ref{Kind: pratique.KindUser, ID: w.id("acme", "bob")}
	w.change("acme", pratique.AddAccessKey{ID: "PAKALICE", User: "alice", Sealed: []byte("x")})
	want := func(who pratique.Ref, session, reason string) {
		t.Helper()
		snap, _ := w.AccountNamed("acme")
		if got := w.Ended(snap, who, session); got != reason {
			t.Errorf("session %s ended because %q, want %q", session, got, reason)
		}
	}
	want(alice, session, "")
	want(alice, "", "")
	want(alice, "PAKALICE", "")
	want(alice, "ses-none", "the session has ended")
	want(bob, session, "the session is somebody else's")
	want(bob, "PAKALICE", "the access key is somebody else's")
	w.change("acme", pratique.SetAccessKey{ID: "PAKALICE", Disabled: true})
	want(alice, "PAKALICE", "the access key is disabled")
	w.pass(2 * time.Hour)
	want(alice, session, "the session has expired")
	w.change("acme", pratique.EndSession{ID: session})
	want(alice, session, "the session has ended")
}

func first(secret, _ string) string { return secret }
