package policy

import (
	"bytes"
	"encoding/binary"
	"strings"
)

// actionPatterns folds the action patterns of a statement and brings those of a role into three segments.
func actionPatterns(d *Document, values []Value) []string {
	patterns := make([]string, 0, len(values))
	for _, v := range values {
		p := foldText(v.Text)
		if d.Dialect == Huawei && d.Version == "1.0" {
			patterns = append(patterns, roleAction(p)...)
		} else {
			patterns = append(patterns, p)
		}
	}
	return patterns
}

// roleAction translates a folded action of a Huawei 1.0 role into patterns of three segments. The service "identity" is IAM under its
// older name, an empty segment is an abbreviated '*' ("::Get"), and with two segments the second is the operation, of whatever type.
// "identity:assume role" is the one action whose name changed altogether; fine-grained policies have two names for it.
func roleAction(p string) []string {
	if p == "identity:assume role" {
		return []string{"iam:tokens:assume", "iam:agencies:assume"}
	}
	segments := strings.Split(p, ":")
	if len(segments) == 1 {
		return []string{p} // "*" is everything; other single words match no action
	}
	for i, s := range segments {
		if s == "" {
			segments[i] = "*"
		}
	}
	if segments[0] == "identity" {
		segments[0] = "iam"
	}
	if len(segments) == 2 {
		segments = []string{segments[0], "*", segments[1]}
	}
	return []string{strings.Join(segments, ":")}
}

// actionKey is the text under which an action pattern is indexed: a literal under itself, a pattern with wildcards under its literal
// segments, colon included ("cce:cluster:get*" under "cce:cluster:", "cce:*:get" under "cce:", "*" under "").
func actionKey(pattern string) (key string, literal bool) {
	i := strings.IndexAny(pattern, "*?")
	if i < 0 {
		return pattern, true
	}
	return pattern[:strings.LastIndexByte(pattern[:i], ':')+1], false
}

// maxFolded is the length up to which a request's action is folded without allocating; the vendors' limit is 128.
const maxFolded = 128

// query is a request prepared for the index: its action is folded and hashed once, however many sets are asked. It points only at the
// request and lives on the stack of the decision.
type query struct {
	req       *Request
	prefix    [4]prefix
	n         int // prefixes in use
	length    int // of the folded action
	dialect   Dialect
	role      bool // the resource is a RAM role: names fold
	operation byte // first letter of the last segment
	long      []byte
	folded    [maxFolded + wordSize]byte // and room to read a word behind its end
}

// prefix is a leading part of an action: nothing, the service, service and type, and the whole of it. These are the keys that patterns
// which match the action may be indexed under.
type prefix struct {
	end  int
	hash uint64
}

// prepare fills in what is derived from q.req. It stores no pointer taken from the request, so that a caller's request may stay on its
// stack.
func (q *query) prepare() {
	q.dialect = DialectOf(q.req.Action)
	if q.dialect == NoDialect {
		return
	}
	b := q.fold()
	q.prefix, q.n = hashPrefixes(b, q.length)
	q.operation = b[q.prefix[q.n-2].end]
	q.role = q.dialect == RAM && isRoleARN(q.req.Resource)
}

// fold puts the action in lower case, eight bytes at a time, and returns it with a word's length of zeros behind.
func (q *query) fold() []byte {
	action := q.req.Action
	q.length = len(action)
	b := q.folded[:]
	if len(action) > maxFolded {
		q.long = make([]byte, len(action)+2*wordSize)
		b = q.long
	}
	copy(b, action)
	for i := 0; i < len(action); i += wordSize {
		binary.LittleEndian.PutUint64(b[i:], foldWord(binary.LittleEndian.Uint64(b[i:])))
	}
	return b
}

// action is the folded action.
func (q *query) action() []byte {
	if q.long != nil {
		return q.long[:q.length]
	}
	return q.folded[:q.length]
}

// values returns the values of a condition key, nil when it is absent; single is room for one. What Lookup knows is not looked for in Context,
// where a caller may have put it. A key that stands there twice counts once, first with values; whoever builds requests from outside must
// refuse doubles.
func (q *query) values(key string, single *[1]string) []string {
	if q.req.Lookup != nil {
		one, many := q.req.Lookup(key)
		if one != "" {
			single[0] = one
			return single[:]
		}
		if len(many) > 0 {
			return many
		}
	}
	for i := range q.req.Context {
		a := &q.req.Context[i]
		if len(a.Key) == len(key) && len(a.Values) > 0 && equalFold(a.Key, key) {
			return a.Values
		}
	}
	return nil
}

// matchesAction reports whether one of folded patterns matches the action.
func (q *query) matchesAction(patterns []string) bool {
	for _, p := range patterns {
		if glob(p, q.action(), false) {
			return true
		}
	}
	return false
}

const wordSize = 8

// hashPrefixes hashes the prefixes of b[:length], each going on from the one before; behind them b must have a word's length of zeros. A third
// colon and what follows belong to the last prefix: no request has them.
//
// The hash has no secret. Whoever writes policies could choose actions that collide, which costs their own principals a longer probe;
// but the same number of patterns like "cce:*a*" must be tried one by one as well, so there is nothing to gain over plain input.
func hashPrefixes(b []byte, length int) (prefixes [4]prefix, n int) {
	prefixes[0].hash = 0x9E3779B97F4A7C15
	for n = 1; n < 3; n++ {
		last := prefixes[n-1]
		i := bytes.IndexByte(b[last.end:length], ':')
		if i < 0 {
			break
		}
		end := last.end + i + 1
		prefixes[n] = prefix{end: end, hash: hashSegment(last.hash, b, last.end, end)}
	}
	if last := prefixes[n-1]; last.end < length {
		prefixes[n] = prefix{end: length, hash: hashSegment(last.hash, b, last.end, length)}
		n++
	}
	return prefixes, n
}

// hashSegment goes on hashing with b[start:end], word by word; of the last word only what belongs to it.
func hashSegment(h uint64, b []byte, start, end int) uint64 {
	for ; end-start > wordSize; start += wordSize {
		h = mix(h, binary.LittleEndian.Uint64(b[start:]))
	}
	return mix(h, binary.LittleEndian.Uint64(b[start:])<<(8*uint(wordSize-end+start)))
}

func mix(h, word uint64) uint64 {
	h = (h ^ word) * 0xD6E8FEB86659FD93
	return h ^ h>>32
}

// hashKey is the hash of an index key.
func hashKey(key string) uint64 {
	b := make([]byte, len(key)+wordSize)
	copy(b, key)
	prefixes, n := hashPrefixes(b, len(key))
	return prefixes[n-1].hash
}
