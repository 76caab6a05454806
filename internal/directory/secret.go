package directory

import (
	"context"
	"fmt"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// Secret reads a value that belongs to the server and to no account, such as a signing key. The caller has sealed it: the store is no
// place for secrets in the clear.
func (d *Directory) Secret(ctx context.Context, name string) (value []byte, ok bool, err error) {
	kvs, err := d.read(ctx, d.keys.server(name))
	if err != nil || len(kvs) == 0 {
		return nil, false, err
	}
	return kvs[0].Value, true, nil
}

// PutSecretOnce stores a value under a name that has none, and gives the value that stands there: when several servers start at once and
// each brings a key, all use the first.
func (d *Directory) PutSecretOnce(ctx context.Context, name string, value []byte) ([]byte, error) {
	if err := d.cfg.Guard(); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	key := d.keys.server(name)
	resp, err := d.cfg.Client.Txn(ctx).
		If(clientv3.Compare(clientv3.CreateRevision(key), "=", 0)).
		Then(clientv3.OpPut(key, string(value))).
		Else(clientv3.OpGet(key)).
		Commit()
	if err != nil {
		return nil, fmt.Errorf("store %s: %w", name, writeFailed(err))
	}
	if resp.Succeeded {
		return value, nil
	}
	return resp.Responses[0].GetResponseRange().GetKvs()[0].Value, nil
}
