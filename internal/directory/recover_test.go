package directory_test

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/internal/directory"
)

func TestAWatchThatWasCompactedAwayLoadsAgain(t *testing.T) {
	t.Parallel()
	w := &faultyWatch{cut: make(chan struct{}), mended: make(chan struct{})}
	cfg := config(t)
	cfg.Client = line(t, w)
	a, b := open(t, config(t)), open(t, cfg)
	id := found(t, a, "acme")
	waitFor(t, b, id, 1)
	close(w.cut)
	update(t, a, id, making(user("alice")))
	s := update(t, a, id, making(user("bob"), pratique.Delete{Kind: pratique.KindUser, Name: "alice"}))
	other := found(t, a, "other")
	now, err := store.Client.Get(t.Context(), "x")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := store.Client.Compact(t.Context(), now.Header.Revision); err != nil && !strings.Contains(err.Error(), "compacted") {
		t.Fatal(err)
	}
	close(w.mended)
	if diff := cmp.Diff(dump(t, s), dump(t, waitFor(t, b, id, s.Generation))); diff != "" {
		t.Error(diff)
	}
	waitFor(t, b, other, 1)
	s = update(t, a, id, making(user("carol")))
	waitFor(t, b, id, s.Generation) // and goes on from there
}

func TestALostEventIsNoticed(t *testing.T) {
	t.Parallel()
	var lost atomic.Bool
	w := &faultyWatch{cut: make(chan struct{}), spoil: func(events []*clientv3.Event) []*clientv3.Event {
		for i, e := range events {
			if strings.Contains(string(e.Kv.Key), "/User/") && lost.CompareAndSwap(false, true) {
				return append(events[:i:i], events[i+1:]...)
			}
		}
		return events
	}}
	cfg := config(t)
	cfg.Client = line(t, w)
	a, b := open(t, config(t)), open(t, cfg)
	id := found(t, a, "acme")
	s := update(t, a, id, making(user("alice")))
	if diff := cmp.Diff(dump(t, s), dump(t, waitFor(t, b, id, s.Generation))); diff != "" || !lost.Load() {
		t.Error(diff, lost.Load())
	}
}

func TestAnAccountThatVanishesIsKept(t *testing.T) {
	t.Parallel()
	d := open(t, config(t))
	id := found(t, d, "acme")
	if _, err := store.Client.Delete(t.Context(), prefix(t)+"/", clientv3.WithPrefix()); err != nil {
		t.Fatal(err)
	}
	other := found(t, d, "other") // its event comes after that of the deletion
	waitFor(t, d, other, 1)
	if _, ok := d.Account(id); !ok {
		t.Error("the account has gone with its keys")
	}
}

func TestDamagedDataIsNotServed(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		damage func(data, id string) clientv3.Op
		want   []string
	}{
		"a value that is no object": {
			func(data, id string) clientv3.Op { return clientv3.OpPut(data+"/Account/"+id, `{"id":`) },
			[]string{"/Account/", "restore a backup, or delete the key with etcdctl while the server is stopped"},
		},
		"an unknown member": {
			func(data, id string) clientv3.Op {
				return clientv3.OpPut(data+"/Account/"+id, `{"id":"`+id+`","name":"acme","Name":"evil"}`)
			},
			[]string{"/Account/", "unknown member"},
		},
		"a value under another id": {
			func(data, id string) clientv3.Op {
				return clientv3.OpPut(data+"/Account/"+id, `{"id":"acc-other","name":"acme"}`)
			},
			[]string{"/Account/", "another id"},
		},
		"an object too many": {
			func(data, _ string) clientv3.Op {
				return clientv3.OpPut(data+"/User/usr-1", `{"id":"usr-1","name":"mallory"}`)
			},
			[]string{"changed by hand"},
		},
		"an unknown kind": {
			func(data, _ string) clientv3.Op { return clientv3.OpPut(data+"/Spell/s1", `{}`) },
			[]string{"/Spell/s1", "not known to this version"},
		},
		"an object of no account": {
			func(data, _ string) clientv3.Op { return clientv3.OpPut(data+"x/User/usr-1", `{}`) },
			[]string{"x/User/usr-1", "belongs to no account"},
		},
		"an object missing": {
			func(data, _ string) clientv3.Op {
				return clientv3.OpDelete(data+"/Project/", clientv3.WithPrefix())
			},
			[]string{"incomplete"},
		},
		"two objects of one name": {
			func(data, _ string) clientv3.Op {
				return clientv3.OpTxn(nil, []clientv3.Op{
					clientv3.OpPut(data+"/User/usr-1", `{"id":"usr-1","name":"mallory"}`),
					clientv3.OpPut(data+"/User/usr-2", `{"id":"usr-2","name":"Mallory"}`),
					clientv3.OpPut(strings.Replace(data, "/data/", "/head/", 1), `{"generation":1,"audit":"","objects":6}`),
				}, nil)
			},
			[]string{"usr-", "of another"},
		},
		"a head that cannot be read": {
			func(data, _ string) clientv3.Op {
				return clientv3.OpPut(strings.Replace(data, "/data/", "/head/", 1), `{"generation":"many"}`)
			},
			[]string{"/head/", "restore a backup"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := open(t, config(t))
			id := found(t, d, "acme")
			d.Close()
			if _, err := store.Client.Do(t.Context(), tt.damage(prefix(t)+"/data/"+id, id)); err != nil {
				t.Fatal(err)
			}
			_, err := directory.Open(t.Context(), config(t))
			for _, want := range tt.want {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("got %v, want %q in it", err, want)
				}
			}
		})
	}
}

func TestFreshnessAges(t *testing.T) {
	t.Parallel()
	var later atomic.Int64
	w := &faultyWatch{cut: make(chan struct{})}
	cfg := config(t)
	cfg.Client = line(t, w)
	cfg.Now = func() time.Time { return time.Now().Add(time.Duration(later.Load())) }
	d := open(t, cfg)
	id := found(t, open(t, config(t)), "acme")
	waitFor(t, d, id, 1)
	close(w.cut) // from here on the store answers, but no change arrives: that is not fresh
	update(t, open(t, config(t)), id, making(user("alice")))
	for _, tt := range []struct {
		after time.Duration
		want  directory.State
	}{{0, directory.Fresh}, {4 * time.Second, directory.Stale}, {time.Minute, directory.Degraded}, {16 * time.Minute, directory.Closed}} {
		later.Store(int64(tt.after))
		if age, state := d.Freshness(); state != tt.want || age < tt.after {
			t.Errorf("after %s: %s, %s; want %s", tt.after, age, state, tt.want)
		}
	}
}

func TestFreshnessIsProvenEverySecond(t *testing.T) {
	t.Parallel()
	began := time.Now()
	d := open(t, config(t))
	id := found(t, d, "acme")
	update(t, d, id, making(user("alice")))
	for {
		age, state := d.Freshness()
		if state != directory.Fresh {
			t.Fatalf("%s after %s", state, age)
		}
		if since := time.Since(began); since > 1200*time.Millisecond && age < since-500*time.Millisecond {
			return // confirmed since it was opened
		} else if since > 10*time.Second {
			t.Fatalf("not confirmed; age %s", age)
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-t.Context().Done():
		}
	}
}
