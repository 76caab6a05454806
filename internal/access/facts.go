package access

import (
	"hash/maphash"
	"strings"
	"sync/atomic"

	"github.com/pratique-iam/pratique/catalog"
)

// fact is what the catalogue says of an action.
type fact struct {
	action     string
	operation  *catalog.Operation // the general one, where several share the name; nil: of a service that Pratique does not operate
	global     bool
	enterprise bool
}

// facts remember what the catalogue said, which folds a name four times to say all of it. Actions come from whoever asks, so the memory has a fixed
// size and no order: a fact lies where the hash of its action says, the newest of several that say the same. The zero value is empty and
// safe for concurrent use.
type facts struct {
	table atomic.Pointer[factTable]
}

type factTable struct {
	seed  maphash.Seed
	slots [1 << 11]atomic.Pointer[fact]
}

// longestFact bounds the memory: the vendors' limit for a literal action.
const longestFact = 128

func (f *facts) of(c *catalog.Catalog, action string) *fact {
	t := f.table.Load()
	if t == nil {
		t = &factTable{seed: maphash.MakeSeed()}
		f.table.Store(t)
	}
	slot := &t.slots[maphash.String(t.seed, action)%uint64(len(t.slots))]
	if known := slot.Load(); known != nil && known.action == action {
		return known
	}
	known := learn(c, action)
	if len(action) <= longestFact {
		slot.Store(known)
	}
	return known
}

func learn(c *catalog.Catalog, action string) *fact {
	// The action may be a part of a body that should not be kept.
	f := &fact{action: strings.Clone(action), global: c.Level(action) == catalog.Global}
	if ops := c.ByAction(action); len(ops) > 0 {
		f.operation = ops[0]
	}
	supported, known := c.EnterpriseProject(action)
	f.enterprise = supported || !known // a service that we do not operate decides for itself
	return f
}
