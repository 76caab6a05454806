package directory

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/pratique-iam/pratique"
)

// Archives of charts are kept beside the snapshot, which has only their digests: they are large and rarely read. Their keys are outside of what
// the directory watches. A blob is never changed, because its name is the digest of what is in it; it is written before the chart that names it
// is committed, so that no chart is without one.
const (
	// MaxBlob is how large one may be.
	MaxBlob   = 10 << 20
	blobChunk = 512 << 10 // far below what one request of etcd may hold

	// blobMark is the key that says how large a blob is and when it was last written. It is written before the parts, so that no sweep takes them
	// for old, and after them with the size: without one the rest is not there.
	blobMark = "/mark"
)

// Digest is the name of a blob: SHA-256, hex.
func Digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// PutBlob keeps data under its digest, which must be Digest(data). One that is there already is made new: no sweep takes it for forgotten.
// The error wraps pratique.ErrInvalid for data that is too large or not what the digest says, pratique.ErrUnavailable when the store does not
// take it; then nothing can be read under the digest, unless it could before.
func (d *Directory) PutBlob(ctx context.Context, account, digest string, data []byte) error {
	switch {
	case len(data) == 0 || len(data) > MaxBlob:
		return &pratique.Error{Kind: pratique.ErrInvalid, Message: fmt.Sprintf("an archive must have 1 to %d bytes, and this has %d", MaxBlob, len(data))}
	case digest != Digest(data):
		return &pratique.Error{Kind: pratique.ErrInvalid, Message: "the archive is not the one that its digest names"}
	}
	if err := d.cfg.Guard(); err != nil {
		return err
	}
	key := d.keys.blob(account, digest)
	old, err := d.blobMark(ctx, key)
	if err != nil {
		return err
	}
	if err := d.mark(ctx, key, old.size); err != nil {
		return err
	}
	n := 0
	for chunk := range slices.Chunk(data, blobChunk) {
		if err := d.putBlobKey(ctx, part(key, n), string(chunk)); err != nil {
			return err
		}
		n++
	}
	return d.mark(ctx, key, len(data))
}

// mark is what stands in the mark of a blob.
type mark struct {
	size     int // zero: it is not complete
	written  time.Time
	revision int64 // zero: there is none
}

func (d *Directory) mark(ctx context.Context, key string, size int) error {
	return d.putBlobKey(ctx, key+blobMark, fmt.Sprintf("%d %d", size, d.cfg.Now().Unix()))
}

func (d *Directory) blobMark(ctx context.Context, key string) (mark, error) {
	kvs, err := d.read(ctx, key+blobMark)
	if err != nil || len(kvs) == 0 {
		return mark{}, err
	}
	var size int
	var unix int64
	if _, err := fmt.Sscanf(string(kvs[0].Value), "%d %d", &size, &unix); err != nil || size < 0 || size > MaxBlob {
		return mark{}, fmt.Errorf("%s%s cannot be read", key, blobMark)
	}
	return mark{size, time.Unix(unix, 0), kvs[0].ModRevision}, nil
}

func part(key string, n int) string { return fmt.Sprintf("%s/%03d", key, n) }

func (d *Directory) putBlobKey(ctx context.Context, key, value string) error {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	if _, err := d.cfg.Client.Put(ctx, key, value); err != nil {
		return fmt.Errorf("store an archive: %w", writeFailed(err))
	}
	return nil
}

// Blob reads what was kept under a digest, and verifies it. The error wraps pratique.ErrNotFound when there is none, and pratique.ErrUnavailable
// when the store does not answer; data that is not what the digest says is an error and never returned.
func (d *Directory) Blob(ctx context.Context, account, digest string) ([]byte, error) {
	missing := &pratique.Error{Kind: pratique.ErrNotFound, Message: "the archive is not kept here", Hint: "upload it again"}
	if !isDigest(digest) {
		return nil, missing
	}
	key := d.keys.blob(account, digest)
	m, err := d.blobMark(ctx, key)
	if err != nil {
		return nil, err
	}
	if m.size == 0 {
		return nil, missing
	}
	out := make([]byte, 0, m.size)
	for n := 0; len(out) < m.size; n++ { // one by one: an answer of etcd has a limit, too
		kvs, err := d.read(ctx, part(key, n))
		if err != nil {
			return nil, err
		}
		if len(kvs) == 0 || len(kvs[0].Value) == 0 {
			return nil, fmt.Errorf("archive %s: part %d is missing", digest, n)
		}
		out = append(out, kvs[0].Value...)
	}
	if Digest(out) != digest {
		return nil, fmt.Errorf("archive %s: what is kept is not what its digest says", digest)
	}
	return out, nil
}

// DropBlobs removes what none of the digests in use names and was last written before a time, and tells how many that were. What is newer is left
// alone: the chart that will name it may not be committed yet. So the digests must be of a snapshot that is newer than that time.
func (d *Directory) DropBlobs(ctx context.Context, account string, used map[string]bool, before time.Time) (int, error) {
	prefix := d.keys.blobs(account)
	kvs, err := d.read(ctx, prefix, clientv3.WithPrefix(), clientv3.WithKeysOnly())
	if err != nil {
		return 0, err
	}
	dropped, last := 0, ""
	for _, kv := range kvs {
		digest, _, _ := strings.Cut(strings.TrimPrefix(string(kv.Key), prefix), "/")
		if digest == last || used[digest] {
			continue
		}
		last = digest
		gone, err := d.dropBlob(ctx, prefix+digest, before)
		if err != nil {
			return dropped, err
		}
		if gone {
			dropped++
		}
	}
	return dropped, nil
}

// dropBlob removes one, unless somebody writes it at this moment.
func (d *Directory) dropBlob(ctx context.Context, key string, before time.Time) (bool, error) {
	m, err := d.blobMark(ctx, key)
	if err != nil || !m.written.Before(before) {
		return false, err
	}
	if err := d.cfg.Guard(); err != nil {
		return false, err
	}
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	resp, err := d.cfg.Client.Txn(ctx).
		If(clientv3.Compare(clientv3.ModRevision(key+blobMark), "=", m.revision)).
		Then(clientv3.OpDelete(key+"/", clientv3.WithPrefix())).Commit()
	if err != nil {
		return false, fmt.Errorf("drop an archive: %w", writeFailed(err))
	}
	return resp.Succeeded, nil
}

func isDigest(s string) bool {
	raw, err := hex.DecodeString(s)
	return err == nil && len(raw) == sha256.Size && s == strings.ToLower(s)
}
