package authn

import (
	"context"
	"crypto/rand"
	"fmt"
	"runtime"

	"github.com/pratique-iam/pratique"
)

// MaxPassword is the longest password, in bytes: enough for any phrase, and too little to make hashing dear.
const MaxPassword = 1024

// queue is how many sign-ins may wait for a core. Behind them the answer would come too late to be of use.
const queue = 50

// Hasher hashes and verifies passwords, as many at once as there are cores: each takes 46 MiB, and more at once would only be slower. It is
// safe for concurrent use.
type Hasher struct {
	cost   cost
	places chan struct{} // running or waiting
	cores  chan struct{} // running
	nobody phc           // what the passwords of users without one are compared with
}

// NewHasher returns a hasher for all sign-ins of a server.
func NewHasher() *Hasher { return newHasher(defaultCost(), runtime.GOMAXPROCS(0)) }

func newHasher(c cost, cores int) *Hasher {
	h := &Hasher{cost: c, places: make(chan struct{}, cores+queue), cores: make(chan struct{}, cores)}
	h.nobody = phc{cost: c}
	_, _ = rand.Read(h.nobody.salt[:]) // documented never to fail
	_, _ = rand.Read(h.nobody.tag[:])
	return h
}

// Hash gives the hash to store for a password, which the caller has checked with CheckPassword. It waits for a core, until ctx is done; the
// error wraps pratique.ErrUnavailable, or pratique.ErrInvalid for a password that is too long.
func (h *Hasher) Hash(ctx context.Context, password string) (string, error) {
	if len(password) > MaxPassword {
		return "", tooLong()
	}
	release, err := h.acquire(ctx)
	if err != nil {
		return "", err
	}
	defer release()
	out := phc{cost: h.cost}
	_, _ = rand.Read(out.salt[:]) // documented never to fail
	copy(out.tag[:], out.compute(password))
	return out.String(), nil
}

// Verify reports whether a password is the one of a stored hash. With no hash, or one that cannot be read, the answer is no after as
// long as a wrong password takes, so that the time does not tell whether there is a user. It waits for a core, until ctx is done; the error
// then wraps pratique.ErrUnavailable.
func (h *Hasher) Verify(ctx context.Context, stored, password string) (bool, error) {
	if len(password) > MaxPassword {
		return false, nil
	}
	parsed, problem := parsePHC(stored)
	if problem != nil {
		parsed = h.nobody
	}
	release, err := h.acquire(ctx)
	if err != nil {
		return false, err
	}
	defer release()
	return parsed.matches(password) && problem == nil, nil
}

// NeedsRehash reports whether a stored hash was made at another cost than new ones are. The password is at hand only at a sign-in.
func (h *Hasher) NeedsRehash(stored string) bool {
	parsed, err := parsePHC(stored)
	return err != nil || parsed.cost != h.cost
}

// acquire takes a place in the queue, or refuses when it is full, and then waits for a core.
func (h *Hasher) acquire(ctx context.Context) (release func(), err error) {
	select {
	case h.places <- struct{}{}:
	default:
		return nil, &pratique.Error{
			Kind: pratique.ErrUnavailable, Message: "too many sign-ins at once", Hint: "try again in a moment",
		}
	}
	select {
	case h.cores <- struct{}{}:
		return func() { <-h.cores; <-h.places }, nil
	case <-ctx.Done():
		<-h.places
		return nil, fmt.Errorf("wait to check a password: %w: %w", pratique.ErrUnavailable, ctx.Err())
	}
}
