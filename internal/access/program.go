package access

import (
	"slices"
	"sync"
	"sync/atomic"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/policy"
)

// program is everything that one principal holds, compiled. It is made on the first question and kept while its inputs stay the same.
//
// Nobody tells a program that it is out of date. It remembers the snapshot that it was last checked against; a question about a newer one
// first compares the inputs by identity, which takes about a microsecond, because objects of a snapshot never change in place.
type program struct {
	seen   atomic.Pointer[pratique.Snapshot]
	holds  []held
	chains atomic.Pointer[[]keyedChain]
}

// keyedChain is a chain and what it was made for.
type keyedChain struct {
	key   chainKey
	chain policy.Chain
}

// programs keeps the programs of one account. A full cache starts again from nothing: simple, and rebuilding costs microseconds.
type programs struct {
	mu sync.RWMutex
	of map[string]*program
}

// maxPrograms bounds the memory of a cache: about 20 KiB a program at 80 statements in force.
const maxPrograms = 200_000

func (d *Decider) program(s *pratique.Snapshot, p pratique.Ref) *program {
	cache := d.cache(s.Account.ID)
	cache.mu.RLock()
	prog := cache.of[p.ID]
	cache.mu.RUnlock()
	if prog != nil && (prog.seen.Load() == s || prog.current(s, p)) {
		return prog
	}
	prog = &program{holds: holdings(s, p, nil)}
	prog.seen.Store(s)
	prog.chains.Store(new([]keyedChain))
	cache.mu.Lock()
	defer cache.mu.Unlock()
	if len(cache.of) >= maxPrograms {
		clear(cache.of)
	}
	cache.of[p.ID] = prog
	return prog
}

// current compares the inputs with what they are in s.
func (p *program) current(s *pratique.Snapshot, ref pratique.Ref) bool {
	var stack [64]held
	now := holdings(s, ref, stack[:0])
	if len(now) != len(p.holds) {
		return false
	}
	for i, h := range now {
		if was := p.holds[i]; h.grant != was.grant || h.policy != was.policy {
			return false
		}
	}
	p.seen.Store(s)
	return true
}

// chain returns the principal's chain for one kind of request. There are two or three, so that comparing is quicker than a map, whose hash of
// two ids takes a tenth of a decision.
func (d *Decider) chain(s *pratique.Snapshot, p *program, k *chainKey) policy.Chain {
	for {
		known := p.chains.Load()
		for i := range *known {
			if c := &(*known)[i]; c.key == *k {
				return c.chain
			}
		}
		next := slices.Clone(*known)
		if len(next) >= maxChains {
			next = nil // somebody asks about thousands of projects; the newest matter
		}
		made := keyedChain{*k, d.buildChain(s, p.holds, *k, nil)}
		next = append(next, made)
		if p.chains.CompareAndSwap(known, &next) {
			return made.chain
		}
	}
}

// maxChains bounds the chains kept for one principal: one for every project or enterprise project that is asked about.
const maxChains = 64

func (d *Decider) cache(account string) *programs {
	d.mu.RLock()
	c := d.caches[account]
	d.mu.RUnlock()
	if c != nil {
		return c
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if c = d.caches[account]; c == nil {
		c = &programs{of: map[string]*program{}}
		if d.caches == nil {
			d.caches = map[string]*programs{}
		}
		d.caches[account] = c
	}
	return c
}
