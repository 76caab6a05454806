package directory

import (
	"errors"
	"fmt"
	"slices"
	"strconv"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/internal/audit"
)

// A transaction of etcd holds at most 128 operations and 1.5 MiB. The head and the mark of the change come on top of these.
const (
	maxOps       = 120
	maxBytes     = 14 << 20 / 10 // 1.4 MiB, for one change
	foldingBytes = 1 << 20       // for several together
	opOverhead   = 32            // bytes around a key and its value
)

// batch is a transaction that grows by one change after the other.
type batch struct {
	account string
	keys    keys
	base    *version
	snap    *pratique.Snapshot // with everything that was folded in
	ops     []operation
	at      map[string]int // operation of a key: etcd takes a key once
	bytes   int
	answers []answer
}

// operation is a put, or a delete when there is no value.
type operation struct {
	key   string
	value []byte
}

func (o operation) size() int { return len(o.key) + len(o.value) + opOverhead }

// answer waits with its request until it is known whether the batch holds. Refusals wait too: one may rest on a change that was folded in
// before it and is not made in the end.
type answer struct {
	request *request
	snap    *pratique.Snapshot
	err     error
}

func newBatch(account string, k keys, base *version) *batch {
	return &batch{account: account, keys: k, base: base, snap: base.snap, at: map[string]int{}}
}

// changed reports whether there is anything to commit; a generation may write nothing but its head.
func (b *batch) changed() bool { return b.snap != b.base.snap }

// add runs a request on the batch's snapshot and folds in what it writes. It reports false when there is no room left: then nothing has
// happened, and the request must run again in the next batch.
func (b *batch) add(r *request, run func(*request, *pratique.Snapshot) (Commit, error)) bool {
	c, err := run(r, b.snap)
	if err == nil && c.Next == nil && len(c.Records) == 0 && len(c.Writes) == 0 {
		b.answers = append(b.answers, answer{r, b.snap, nil})
		return true
	}
	var next *pratique.Snapshot
	var ops []operation
	if err == nil {
		next, ops, err = b.stage(c)
	}
	if err != nil {
		b.answers = append(b.answers, answer{r, nil, err})
		return true
	}
	size := 0
	for _, o := range ops {
		size += o.size()
	}
	if b.changed() && (len(b.ops)+len(ops) > maxOps || b.bytes+size > foldingBytes) {
		return false
	}
	b.bytes += size
	for _, o := range ops {
		if i, twice := b.at[o.key]; twice {
			b.ops[i] = o
			continue
		}
		b.at[o.key] = len(b.ops)
		b.ops = append(b.ops, o)
	}
	b.snap = next
	b.answers = append(b.answers, answer{r, next, nil})
	return true
}

// stage turns a commit into operations and the snapshot after it.
func (b *batch) stage(c Commit) (*pratique.Snapshot, []operation, error) {
	generation := b.snap.Generation + 1
	next := c.Next
	switch {
	case next == nil && len(c.Writes) > 0:
		return nil, nil, errors.New("commit: writes without a snapshot")
	case next == nil:
		next = b.snap
	case next.Generation != generation || next.Account.ID != b.account:
		return nil, nil, fmt.Errorf("commit: snapshot is generation %d of account %s, want generation %d of %s",
			next.Generation, next.Account.ID, generation, b.account)
	}
	if n := len(c.Writes) + len(c.Records); n > maxOps {
		return nil, nil, tooMany(n)
	}
	ops, err := writeOperations(b.keys, b.account, c.Writes)
	if err != nil {
		return nil, nil, err
	}
	records, head, err := recordOperations(b.keys, b.account, generation, b.snap.AuditHead, c.Records)
	if err != nil {
		return nil, nil, err
	}
	ops = append(ops, records...)
	size := 0
	for _, o := range ops {
		size += o.size()
	}
	if size > maxBytes {
		return nil, nil, tooLarge(size)
	}
	return next.Sealed(generation, head), ops, nil
}

func tooMany(n int) error {
	return &pratique.Error{
		Kind:    pratique.ErrInvalid,
		Message: fmt.Sprintf("the list is too long: it writes %d objects and audit records, and one change may write %d", n, maxOps),
		Hint:    "split it into several lists",
	}
}

func tooLarge(size int) error {
	return &pratique.Error{
		Kind:    pratique.ErrInvalid,
		Message: fmt.Sprintf("the list is too large: it writes %d KiB, and one change may write %d", size>>10, maxBytes>>10),
		Hint:    "split it into several lists",
	}
}

func writeOperations(k keys, account string, writes []pratique.Write) ([]operation, error) {
	ops := make([]operation, 0, len(writes)+1)
	for _, w := range writes {
		o := operation{key: k.object(account, w.Kind, w.ID)}
		if w.Object != nil {
			var err error
			if o.value, err = pratique.Encode(w.Object); err != nil {
				return nil, fmt.Errorf("store %s %s: %w", w.Kind.Word(), w.ID, err)
			}
		}
		ops = append(ops, o)
	}
	return ops, nil
}

// recordOperations links records to the chain and gives its new end. The caller's records stay as they are: they may be linked again.
func recordOperations(k keys, account string, generation uint64, last string, records []audit.Record) ([]operation, string, error) {
	var ops []operation
	for n, r := range slices.Clone(records) {
		r.Account = account
		if err := r.Link(generation, last); err != nil {
			return nil, "", err
		}
		value, err := pratique.Encode(r)
		if err != nil {
			return nil, "", fmt.Errorf("store audit record %d of account %s: %w", generation, account, err)
		}
		ops = append(ops, operation{k.audit(account, generation, n), value})
		last = r.Hash
	}
	return ops, last, nil
}

// operations is the whole transaction: what was gathered, the new head, and the mark of the change.
func (b *batch) operations() ([]clientv3.Op, error) {
	head, err := headOf(b.snap).encode()
	if err != nil {
		return nil, fmt.Errorf("store head of account %s: %w", b.account, err)
	}
	out := make([]clientv3.Op, 0, len(b.ops)+2)
	for _, o := range b.ops {
		if o.value == nil {
			out = append(out, clientv3.OpDelete(o.key))
			continue
		}
		out = append(out, clientv3.OpPut(o.key, string(o.value)))
	}
	return append(out,
		clientv3.OpPut(b.keys.head(b.account), string(head)),
		clientv3.OpPut(b.keys.changed(), b.account+" "+strconv.FormatUint(b.snap.Generation, 10))), nil
}

// answer gives every request its own answer.
func (b *batch) answer() {
	for _, a := range b.answers {
		a.request.answer(a.snap, a.err)
	}
}

// fail gives every request the same error: also those that were refused, because of what they were refused on is not known to be.
func (b *batch) fail(err error) {
	for _, a := range b.answers {
		a.request.answer(nil, err)
	}
}
