package directory

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/internal/audit"
)

// Commit is what a change writes. Next comes from Snapshot.With on the snapshot that the change was given, and Writes from its plan; Next
// is nil when only records are written. A Commit with neither Next nor Records writes nothing and makes no generation.
type Commit struct {
	Next    *pratique.Snapshot
	Writes  []pratique.Write
	Records []audit.Record
}

// patience is how long a change is tried again when other servers write the same account.
const patience = 10 * time.Second

// Update runs a change on the newest snapshot of an account and commits it. It answers when the store has taken it and this directory
// shows it; the snapshot is that of the change's own generation.
//
// The changes of an account run one after the other. Those that wait together go into one transaction, each on the result of the one
// before, each a generation of its own. When another server was faster, all of them run again on what it wrote: so f may run several
// times, must be quick, and must have no effect but its result. An error of f is the answer, and f then contributes nothing.
//
// A context that ends while the change waits takes it out; once it is with the store, the answer is awaited. Errors wrap
// pratique.ErrNotFound for an unknown account, ErrInvalid for a change too large for one transaction, ErrUnavailable when the store does
// not answer or the guard refuses.
func (d *Directory) Update(ctx context.Context, account string, f func(*pratique.Snapshot) (Commit, error)) (*pratique.Snapshot, error) {
	a, ok := d.board.account(account)
	if !ok {
		return nil, noAccount(account)
	}
	r := newRequest(ctx, f)
	if a.queue.push(r) && !d.background(func() { d.serve(a) }) { //nolint:contextcheck // the committer serves other callers too
		for !a.queue.finish() {
			d.refuse(a)
		}
	}
	select {
	case <-r.done:
	case <-ctx.Done():
		if a.queue.withdraw(r) {
			return nil, withdrawn(r.gone())
		}
		<-r.done
	}
	return r.snap, r.err
}

func withdrawn(cause error) error { return fmt.Errorf("the change was not made: %w", cause) }

// serve commits what waits for an account until nothing does.
func (d *Directory) serve(a *account) {
	for !a.queue.finish() {
		if d.ctx.Err() != nil {
			d.refuse(a)
			continue
		}
		if a.queue.pace.due(d.cfg.Now()) {
			d.sleep(gap)
		}
		if b := d.gather(a); b.changed() {
			d.commit(a, b)
		} else {
			b.answer()
		}
		a.queue.pace.last = d.cfg.Now()
	}
}

// refuse answers everything that waits, because the directory is closed.
func (d *Directory) refuse(a *account) {
	for {
		r, ok := a.queue.pop()
		if !ok {
			return
		}
		r.answer(nil, stopping())
	}
}

// gather runs waiting changes one after the other until the transaction is full.
func (d *Directory) gather(a *account) *batch {
	b := newBatch(a.id, d.keys, a.current.Load())
	for {
		r, ok := a.queue.pop()
		if !ok {
			return b
		}
		if cause := r.gone(); cause != nil {
			r.answer(nil, withdrawn(cause))
			continue
		}
		if err := d.cfg.Guard(); err != nil {
			r.answer(nil, err)
			continue
		}
		if r.deadline.IsZero() {
			r.deadline = d.cfg.Now().Add(patience)
		}
		if !b.add(r, d.run) {
			a.queue.unpop(r)
			return b
		}
	}
}

// run calls a change and turns its panic into an error: the fault of one request must not end the server for all.
func (d *Directory) run(r *request, s *pratique.Snapshot) (c Commit, err error) {
	defer func() {
		if p := recover(); p != nil {
			d.cfg.Log.Error("change panicked", slog.String("account", s.Account.ID), slog.Any("panic", p), slog.String("stack", string(debug.Stack())))
			c, err = Commit{}, fmt.Errorf("change of account %s: panic: %v", s.Account.ID, p)
		}
	}()
	return r.change(s)
}

// commit writes a batch if the head is still the one that it was made from.
func (d *Directory) commit(a *account, b *batch) {
	ops, err := b.operations()
	if err != nil {
		b.fail(err)
		return
	}
	key := d.keys.head(a.id)
	// Not a caller's context: several share the transaction, and an answer that is on its way is worth waiting for.
	ctx, cancel := context.WithTimeout(context.Background(), storeTimeout)
	defer cancel()
	resp, err := d.cfg.Client.Txn(ctx).
		If(clientv3.Compare(clientv3.ModRevision(key), "=", b.base.revision)).
		Then(ops...).
		Else(clientv3.OpGet(key)).
		Commit()
	switch {
	case err != nil:
		b.fail(writeFailed(err))
	case resp.Succeeded:
		d.board.install(a.id, newVersion(b.snap, resp.Header.Revision, b.base.count+1))
		b.answer()
	default:
		d.overtaken(a, b, resp)
	}
}

// overtaken waits until the head that was faster is here, and lets the changes run again.
func (d *Directory) overtaken(a *account, b *batch, resp *clientv3.TxnResponse) {
	kvs := resp.Responses[0].GetResponseRange().GetKvs()
	if len(kvs) == 0 {
		b.fail(unavailable("restore a backup", "account %s has lost its head in the store; nothing was written", a.id))
		return
	}
	if !d.reached(a, kvs[0].ModRevision) {
		d.wantReload()
		b.fail(unavailable("try again", "another server has changed the account, and this one has not seen it within %s; nothing was written", storeTimeout))
		return
	}
	now := d.cfg.Now()
	var again []*request
	for _, answer := range b.answers {
		if now.After(answer.request.deadline) {
			answer.request.answer(nil, unavailable("try again", "other servers have changed the account without pause for %s; nothing was written", patience))
			continue
		}
		again = append(again, answer.request)
	}
	a.queue.unpop(again...)
}

// reached waits until the account here is at a revision of the store or after it.
func (d *Directory) reached(a *account, revision int64) bool {
	timer := time.NewTimer(storeTimeout)
	defer timer.Stop()
	for {
		v := a.current.Load()
		if v.revision >= revision {
			return true
		}
		select {
		case <-v.superseded:
		case <-timer.C:
			return false
		case <-d.ctx.Done():
			return false
		}
	}
}
