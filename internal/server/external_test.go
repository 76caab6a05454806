package server_test

import (
	"context"
	"errors"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.etcd.io/etcd/server/v3/embed"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/internal/server"
)

// externalStore is an etcd that listens, as an operator's own would.
func externalStore(t *testing.T) string {
	t.Helper()
	loopback := url.URL{Scheme: "http", Host: "127.0.0.1:0"}
	c := embed.NewConfig()
	c.Dir, c.LogLevel, c.UnsafeNoFsync = t.TempDir(), "error", true
	c.ListenClientUrls, c.AdvertiseClientUrls = []url.URL{loopback}, []url.URL{loopback}
	c.ListenPeerUrls, c.AdvertisePeerUrls = []url.URL{loopback}, []url.URL{loopback}
	c.InitialCluster = c.InitialClusterFromName(c.Name)
	e, err := embed.StartEtcd(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	select {
	case <-e.Server.ReadyNotify():
	case <-time.After(20 * time.Second):
		t.Fatal("the store does not come up")
	}
	return "http://" + e.Clients[0].Addr().String()
}

// open starts a server inside the test.
func open(t *testing.T, c server.Config) {
	t.Helper()
	c.Listen, c.Log, c.UnsafeNoFsync = "127.0.0.1:0", slog.New(slog.DiscardHandler), true
	s, err := server.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := errors.Join(<-served, s.Close()); err != nil {
			t.Errorf("stop: %v", err)
		}
	})
}

func signIn(t *testing.T, dir string) string {
	t.Helper()
	secret, err := os.ReadFile(filepath.Join(dir, "bootstrap-secret"))
	if err != nil {
		t.Fatal(err)
	}
	login, err := connect(t, dir, "").Login(t.Context(), apiv1.Login{User: "root", Secret: strings.TrimSpace(string(secret))})
	if err != nil {
		t.Fatal(err)
	}
	return login.Token
}

func TestTwoServersOnOneStoreDecideAlike(t *testing.T) {
	t.Parallel()
	endpoint := externalStore(t)
	first, second := t.TempDir(), t.TempDir()
	open(t, server.Config{Data: first, EtcdEndpoints: []string{endpoint}})

	// A second server needs the key file of the first, and says so.
	_, err := server.Open(t.Context(), server.Config{Data: second, Listen: "127.0.0.1:0", EtcdEndpoints: []string{endpoint}})
	if !errors.Is(err, pratique.ErrUnavailable) || !strings.Contains(err.Error(), "kek.json is missing") {
		t.Fatalf("without the key file: %v", err)
	}
	key, err := os.ReadFile(filepath.Join(first, "kek.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(second, "kek.json"), key, 0o400); err != nil {
		t.Fatal(err)
	}
	open(t, server.Config{Data: second, EtcdEndpoints: []string{endpoint}})

	token := signIn(t, first)
	done, err := connect(t, first, token).Change(t.Context(), apiv1.Changes{Changes: []apiv1.Change{
		put(pratique.KindUser, "alice", `{}`),
		put(pratique.KindGroup, "g", `{"members":["alice"]}`),
		put(pratique.KindGrant, "read", `{"group":"g","policy":"CCE ReadOnlyAccess","scope":{"project":"local-1"}}`),
	}})
	if err != nil {
		t.Fatal(err)
	}
	for known := time.Now().Add(5 * time.Second); ; { // who has just signed in at one server is known to the other in a moment
		if _, err = connect(t, second, token).Me(t.Context()); err == nil || time.Now().After(known) {
			break
		}
	}
	answer, err := connect(t, second, token).Decide(t.Context(), apiv1.Question{
		Subject: apiv1.Subject{Type: "user", ID: "alice"}, Action: "cce:cluster:get", Project: "local-1", AtLeast: done.Revision,
	})
	if err != nil || !answer.Allowed || answer.Revision < done.Revision {
		t.Errorf("the second server answers %+v, %v", answer, err)
	}
	if err := connect(t, second, token).Logout(t.Context()); err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(5 * time.Second)
	for { // a session that was ended on one server is ended on the other
		if _, err = connect(t, first, token).Me(t.Context()); err != nil || time.Now().After(deadline) {
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	if err == nil {
		t.Error("the session lives on at the other server")
	}
}

func TestADataDirectoryHasOneServer(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	open(t, server.Config{Data: dir})
	_, err := server.Open(t.Context(), server.Config{Data: dir, Listen: "127.0.0.1:0"})
	if !errors.Is(err, pratique.ErrConflict) || !strings.Contains(err.Error(), "in use by") {
		t.Errorf("a second server: %v", err)
	}
}

func TestAStoreThatDoesNotAnswerIsASentence(t *testing.T) {
	t.Parallel()
	_, err := server.Open(t.Context(), server.Config{Data: t.TempDir(), Listen: "127.0.0.1:0", EtcdEndpoints: []string{"http://127.0.0.1:1"}})
	if !errors.Is(err, pratique.ErrUnavailable) || strings.Contains(err.Error(), "\n") {
		t.Errorf("got %v", err)
	}
}

func TestSettingsAreCheckedTogether(t *testing.T) {
	t.Parallel()
	_, err := server.Open(t.Context(), server.Config{URL: "http://x", Regions: []string{"Bad Region"}, EtcdCA: "ca.pem"})
	for _, part := range []string{"--data", "--listen", "https://HOST", "region name", "--etcd-endpoints"} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%v does not mention %s", err, part)
		}
	}
}
