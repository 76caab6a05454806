package directory

import (
	"context"
	"fmt"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/internal/audit"
)

// CreateAccount stores an account that pratique.Found has made, with its first record. Neither its id nor its name may be taken: the
// error then wraps pratique.ErrConflict. Other errors are those of Update.
func (d *Directory) CreateAccount(ctx context.Context, snap *pratique.Snapshot, plan *pratique.Plan, rec audit.Record) error {
	if err := d.cfg.Guard(); err != nil {
		return err
	}
	id, name := snap.Account.ID, snap.Account.Name
	b := newBatch(id, d.keys, newVersion(snap, 0, 0))
	var err error
	if b.ops, err = writeOperations(d.keys, id, plan.Writes); err != nil {
		return err
	}
	records, auditHead, err := recordOperations(d.keys, id, snap.Generation, "", []audit.Record{rec})
	if err != nil {
		return err
	}
	b.ops = append(b.ops, records...)
	b.snap = snap.Sealed(snap.Generation, auditHead)
	if len(b.ops) > maxOps {
		return tooMany(len(b.ops))
	}
	b.ops = append(b.ops, operation{d.keys.name(name), []byte(id)})
	ops, err := b.operations()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	resp, err := d.cfg.Client.Txn(ctx).
		If(clientv3.Compare(clientv3.CreateRevision(d.keys.head(id)), "=", 0),
			clientv3.Compare(clientv3.CreateRevision(d.keys.name(name)), "=", 0)).
		Then(ops...).
		Commit()
	if err != nil {
		return fmt.Errorf("create account %s: %w", name, writeFailed(err))
	}
	if !resp.Succeeded {
		return &pratique.Error{
			Kind: pratique.ErrConflict, Message: fmt.Sprintf("an account named %q exists already", name), Hint: "choose another name",
		}
	}
	d.board.install(id, newVersion(b.snap, resp.Header.Revision, 1))
	return nil
}
