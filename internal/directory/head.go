package directory

import (
	"fmt"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/internal/strictjson"
)

// head is the value of an account's head key.
type head struct {
	Generation uint64 `json:"generation"`
	Audit      string `json:"audit"`   // hash of the newest record
	Objects    int    `json:"objects"` // keys below data/<account>/
}

func headOf(s *pratique.Snapshot) head {
	return head{Generation: s.Generation, Audit: s.AuditHead, Objects: s.Count()}
}

func (h head) encode() ([]byte, error) { return strictjson.Marshal(h) }

func readHead(key string, value []byte) (head, error) {
	var h head
	if err := strictjson.Unmarshal(value, &h); err != nil {
		return h, damaged(key, err)
	}
	return h, nil
}

// check compares what a head says with what was read. A difference is a partial read or a hand in the store, never a snapshot to serve.
func (h head) check(account string, s *pratique.Snapshot) error {
	if n := s.Count(); n != h.Objects {
		return fmt.Errorf("account %s has %d objects, its head says %d: the data is incomplete or was changed by hand; restore a backup", account, n, h.Objects)
	}
	return nil
}

// damaged names a key whose value cannot be read, and what to do.
func damaged(key string, err error) error {
	return fmt.Errorf("key %s cannot be read: %w; restore a backup, or delete the key with etcdctl while the server is stopped", key, err)
}
