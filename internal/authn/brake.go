package authn

import (
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/pratique-iam/pratique"
)

// The brake on guessing. Only wrong attempts count. A user can be tried ten times and then twice a minute, wherever the attempts come from; an
// address has more, because many people may sit behind one. Keys are what was typed, so that a user who does not exist is braked as well.
const (
	userBurst   = 10
	userEvery   = 30 * time.Second
	sourceBurst = 50
	sourceEvery = 2 * time.Second
	maxBuckets  = 1 << 16
)

// brake is a token bucket per key, for as many keys as fit. The zero value is ready; it is safe for concurrent use. To have a bucket
// forgotten while it is in use, somebody must make as many attempts with other keys as there is room for.
type brake struct {
	mu      sync.Mutex
	buckets lru[string, *rate.Limiter]
}

// attempt is a token that was taken from a bucket.
type attempt struct {
	reservation *rate.Reservation
	at          time.Time
}

// refund puts the token back: the attempt was no guess.
func (t attempt) refund() { t.reservation.CancelAt(t.at) }

// take takes a token before the password is looked at, so that attempts at the same time cannot all pass. ok is false when none is left.
func (b *brake) take(key string, now time.Time, every time.Duration, burst int) (t attempt, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	limiter, found := b.buckets.get(key)
	if !found {
		limiter = rate.NewLimiter(rate.Every(every), burst)
		b.buckets.add(key, limiter, maxBuckets)
	}
	t = attempt{limiter.ReserveN(now, 1), now}
	if t.reservation.DelayFrom(now) > 0 {
		t.refund()
		return attempt{}, false
	}
	return t, true
}

// guess is one attempt to sign in, counted against its user and its source.
type guess struct {
	users            *brake
	user             string
	byUser, bySource attempt
}

// brake counts an attempt to sign in, or refuses it.
func (a *Authenticator) brake(snap *pratique.Snapshot, t Attempt, now time.Time) (guess, *Refusal) {
	bySource, ok := a.sources.take(sourceKey(t.Source), now, sourceEvery, sourceBurst)
	if !ok {
		return guess{}, refuseHaste("too many wrong attempts from the address")
	}
	user := "?" + pratique.Fold(t.Account) // no id begins like this
	if snap != nil {
		user = snap.Account.ID
	}
	user += "\x00" + pratique.Fold(t.User)
	byUser, ok := a.users.take(user, now, userEvery, userBurst)
	if !ok {
		bySource.refund()
		return guess{}, refuseHaste("too many wrong attempts for the user")
	}
	return guess{&a.users, user, byUser, bySource}, nil
}

// refund undoes the count: nothing was compared.
func (g guess) refund() {
	g.byUser.refund()
	g.bySource.refund()
}

// right is for an attempt that succeeded. The user starts afresh; the address does not, or one account on it would pay for guesses at the others.
func (g guess) right() {
	g.users.release(g.user)
	g.bySource.refund()
}

// release forgets a key: whoever knows the password need not pay for those who do not.
func (b *brake) release(key string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.buckets.remove(key)
}

// sourceKey is what of an address is hard to change: all of an IPv4 address, the network of an IPv6 one. What is no address, such as
// nothing or the name of a socket, is one source.
func sourceKey(source string) string {
	if port, err := netip.ParseAddrPort(source); err == nil {
		source = port.Addr().String()
	}
	ip, err := netip.ParseAddr(source)
	if err != nil {
		return "local"
	}
	ip = ip.Unmap().WithZone("")
	if ip.Is4() {
		return ip.String()
	}
	network, err := ip.Prefix(64)
	if err != nil {
		return "local"
	}
	return network.String()
}
