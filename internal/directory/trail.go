package directory

import (
	"context"
	"slices"

	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/pratique-iam/pratique/internal/audit"
	"github.com/pratique-iam/pratique/internal/strictjson"
)

// Records are read from the store, not from memory: there is no end to them. A generation is never split: an answer may be longer than
// the limit by the rest of the last one's records.
const (
	defaultRecords = 100
	mostRecords    = 1000
)

// Audit reads the records of an account, newest first, from before the given generation; 0 is from the newest on. The error wraps
// pratique.ErrNotFound for an unknown account, ErrUnavailable when the store does not answer.
func (d *Directory) Audit(ctx context.Context, account string, before uint64, limit int) ([]audit.Record, error) {
	h, err := d.newestHead(ctx, account)
	if err != nil {
		return nil, err
	}
	limit = records(limit)
	end := h.Generation + 1
	if before > 0 {
		end = min(end, before)
	}
	var out []audit.Record
	// etcd reads a whole range before it gives the end of it. So the range is walked backwards in pieces, which grow where records are thin.
	for size := uint64(limit); end > 0 && len(out) < limit; size *= 2 { //nolint:gosec // a limit is positive
		start := end - min(size, end)
		part, err := d.records(ctx, account, start, end)
		if err != nil {
			return nil, err
		}
		slices.Reverse(part)
		out, end = append(out, part...), start
	}
	return cut(out, limit), nil
}

// AuditFrom reads the records of an account, oldest first, from the given generation on. Errors are those of Audit.
func (d *Directory) AuditFrom(ctx context.Context, account string, from uint64, limit int) ([]audit.Record, error) {
	h, err := d.newestHead(ctx, account)
	if err != nil {
		return nil, err
	}
	limit = records(limit)
	var out []audit.Record
	for size := uint64(limit); from <= h.Generation && len(out) < limit; size *= 2 { //nolint:gosec // a limit is positive
		end := from + min(size, h.Generation+1-from)
		part, err := d.records(ctx, account, from, end)
		if err != nil {
			return nil, err
		}
		out, from = append(out, part...), end
	}
	return cut(out, limit), nil
}

func records(limit int) int {
	if limit <= 0 {
		return defaultRecords
	}
	return min(limit, mostRecords)
}

func cut(rs []audit.Record, limit int) []audit.Record {
	for limit < len(rs) && rs[limit].Seq == rs[limit-1].Seq {
		limit++
	}
	return rs[:min(limit, len(rs))]
}

// newestHead asks the store, because another server may have recorded more than is known here.
func (d *Directory) newestHead(ctx context.Context, account string) (head, error) {
	key := d.keys.head(account)
	kvs, err := d.read(ctx, key)
	if err != nil {
		return head{}, err
	}
	if len(kvs) == 0 {
		return head{}, noAccount(account)
	}
	return readHead(key, kvs[0].Value)
}

// records reads the records of the generations from start to before end.
func (d *Directory) records(ctx context.Context, account string, start, end uint64) ([]audit.Record, error) {
	kvs, err := d.read(ctx, d.keys.auditFrom(account, start), clientv3.WithRange(d.keys.auditFrom(account, end)))
	if err != nil {
		return nil, err
	}
	out := make([]audit.Record, len(kvs))
	for i, kv := range kvs {
		if err := strictjson.Unmarshal(kv.Value, &out[i]); err != nil {
			return nil, damaged(string(kv.Key), err)
		}
	}
	return out, nil
}

func (d *Directory) read(ctx context.Context, key string, opts ...clientv3.OpOption) ([]*mvccpb.KeyValue, error) {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	resp, err := d.cfg.Client.Get(ctx, key, opts...)
	if err != nil {
		return nil, readFailed(key, err)
	}
	return resp.Kvs, nil
}
