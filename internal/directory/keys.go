package directory

import (
	"bytes"
	"fmt"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/pratique-iam/pratique"
)

// keys builds and reads the keys that doc.go lists.
type keys struct{ prefix string }

func (k keys) heads() string              { return k.prefix + "/head/" }
func (k keys) head(account string) string { return k.heads() + account }
func (k keys) objects() string            { return k.prefix + "/data/" }

func (k keys) object(account string, kind pratique.Kind, id string) string {
	return k.objects() + account + "/" + string(kind) + "/" + id
}

func (k keys) audit(account string, seq uint64, n int) string {
	return k.auditFrom(account, seq) + fmt.Sprintf("-%03d", n)
}

// auditFrom sorts before all records of a generation and after those of the one before it.
func (k keys) auditFrom(account string, seq uint64) string {
	return fmt.Sprintf("%s/audit/%s/%020d", k.prefix, account, seq)
}

func (k keys) name(name string) string     { return k.prefix + "/names/" + pratique.Fold(name) }
func (k keys) server(name string) string   { return k.prefix + "/server/" + name }
func (k keys) blobs(account string) string { return k.prefix + "/blob/" + account + "/" }

func (k keys) blob(account, digest string) string { return k.blobs(account) + digest }

func (k keys) changed() string { return k.prefix + "/changed" }

// watched is the range of objects and heads. "data" and "head" are neighbours in the alphabet, so that one watch has both, in the order of
// their revisions, and has nothing of the audit records.
func (k keys) watched() (start, end string) {
	return k.objects(), clientv3.GetPrefixRangeEnd(k.heads())
}

// place is what a watched key names. A head has no kind and no id.
type place struct{ account, kind, id []byte }

func (p place) head() bool { return len(p.kind) == 0 }

// place reads a watched key; the parts share its memory. An id may hold slashes, an account and a kind may not.
func (k keys) place(key []byte) (place, bool) {
	rest, ok := bytes.CutPrefix(key, []byte(k.heads()))
	if ok {
		return place{account: rest}, len(rest) > 0 && bytes.IndexByte(rest, '/') < 0
	}
	if rest, ok = bytes.CutPrefix(key, []byte(k.objects())); !ok {
		return place{}, false
	}
	account, rest, _ := bytes.Cut(rest, []byte("/"))
	kind, id, _ := bytes.Cut(rest, []byte("/"))
	return place{account, kind, id}, len(account) > 0 && len(kind) > 0 && len(id) > 0
}
