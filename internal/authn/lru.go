package authn

// lru is a map that forgets what was used longest ago when it grows beyond a limit. The zero value is empty; it is not safe for
// concurrent use.
type lru[K comparable, V any] struct {
	items map[K]*node[K, V]
	ends  node[K, V] // next is the newest, prev the oldest
}

type node[K comparable, V any] struct {
	key        K
	value      V
	next, prev *node[K, V]
}

// get finds a value and makes it the newest.
func (l *lru[K, V]) get(key K) (v V, ok bool) {
	n, ok := l.items[key]
	if !ok {
		return v, false
	}
	n.unlink()
	l.link(n)
	return n.value, true
}

// add puts a new key in, and takes the oldest out when there are more than limit.
func (l *lru[K, V]) add(key K, value V, limit int) {
	if l.items == nil {
		l.items = map[K]*node[K, V]{}
		l.ends.next, l.ends.prev = &l.ends, &l.ends
	}
	l.remove(key)
	n := &node[K, V]{key: key, value: value}
	l.items[key] = n
	l.link(n)
	for len(l.items) > limit {
		l.remove(l.ends.prev.key)
	}
}

// oldest is the value that was used longest ago.
func (l *lru[K, V]) oldest() (key K, value V, ok bool) {
	if len(l.items) == 0 {
		return key, value, false
	}
	return l.ends.prev.key, l.ends.prev.value, true
}

func (l *lru[K, V]) remove(key K) {
	if n, ok := l.items[key]; ok {
		n.unlink()
		delete(l.items, key)
	}
}

func (l *lru[K, V]) link(n *node[K, V]) {
	n.prev, n.next = &l.ends, l.ends.next
	n.prev.next, n.next.prev = n, n
}

func (n *node[K, V]) unlink() { n.prev.next, n.next.prev = n.next, n.prev }
