package main

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"golang.org/x/sync/errgroup"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/internal/audit"
	"github.com/pratique-iam/pratique/internal/directory"
	"github.com/pratique-iam/pratique/internal/etcd"
	"github.com/pratique-iam/pratique/internal/workload"
)

// openStore starts an embedded etcd. fast leaves fsync out: for what is only filled.
func openStore(ctx context.Context, dir string, fast bool) (*etcd.Server, error) {
	return etcd.Start(ctx, etcd.Config{Dir: dir, UnsafeNoFsync: fast, MinFree: 1})
}

func openDirectory(ctx context.Context, s *etcd.Server, rules *pratique.Rules) (*directory.Directory, error) {
	return directory.Open(ctx, directory.Config{Client: s.Client, Rules: rules, Now: now, Guard: s.Guard})
}

// found makes an account and returns its id.
func found(ctx context.Context, d *directory.Directory, rules *pratique.Rules) (string, error) {
	at := pratique.At(now())
	account := pratique.Account{Meta: pratique.Meta{ID: "1000000000000001", Name: "bench"}}
	s, plan, err := pratique.Found(rules, account, at, pratique.Session{Hash: "none", Expires: at.Time.Add(time.Hour)})
	if err != nil {
		return "", err
	}
	return s.Account.ID, d.CreateAccount(ctx, s, plan, audit.Record{Event: audit.AccountCreated, Steps: plan.Steps})
}

// filler writes an account in the layout of the store, past the directory: through the door a million grants would take an hour. The layout is
// internal/directory's; a filler that gets it wrong makes a directory that does not open.
type filler struct {
	client  *clientv3.Client
	account string
}

const prefix = "/pratique/v1"

// put writes objects in full transactions, several at a time, and moves the head of the account.
func (f filler) put(ctx context.Context, writes iter.Seq[pratique.Write]) error {
	key := prefix + "/head/" + f.account
	resp, err := f.client.Get(ctx, key)
	if err != nil || len(resp.Kvs) == 0 {
		return fmt.Errorf("read the head of account %s: %d found, %w", f.account, len(resp.Kvs), err)
	}
	var head struct {
		Generation uint64 `json:"generation"`
		Audit      string `json:"audit"`
		Objects    int    `json:"objects"`
	}
	if err := json.Unmarshal(resp.Kvs[0].Value, &head); err != nil {
		return err
	}
	g, running := errgroup.WithContext(ctx)
	g.SetLimit(8)
	var ops []clientv3.Op
	flush := func() {
		full := ops
		ops = nil
		g.Go(func() error {
			_, err := f.client.Txn(running).Then(full...).Commit()
			return err
		})
	}
	for w := range writes {
		data, err := pratique.Encode(w.Object)
		if err != nil {
			return err
		}
		head.Objects++
		ops = append(ops, clientv3.OpPut(prefix+"/data/"+f.account+"/"+string(w.Kind)+"/"+w.ID, string(data)))
		if len(ops) == 120 {
			flush()
		}
	}
	flush()
	if err := g.Wait(); err != nil {
		return err
	}
	head.Generation++
	data, err := json.Marshal(head)
	if err != nil {
		return err
	}
	_, err = f.client.Put(ctx, key, string(data))
	return err
}

// only leaves the writes of some kinds.
func only(d *workload.Directory, kinds ...pratique.Kind) iter.Seq[pratique.Write] {
	return func(yield func(pratique.Write) bool) {
		for w := range d.Writes() {
			if slices.Contains(kinds, w.Kind) && !yield(w) {
				return
			}
		}
	}
}
