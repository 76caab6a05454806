package authn

import (
	"maps"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"
)

// Limits on what is canonicalised. They are checked before any signature, because anybody can send a request.
const (
	maxPath    = 4096
	maxQuery   = 100
	maxHeaders = 200
	maxText    = 8192 // of a header or a query parameter
)

// canonical is the text whose hash is signed: method, path, query, headers, their names and the body's hash, a line each. No two
// requests that differ have the same one, but for the slash at the end of a path, which the algorithm adds; routes must not tell
// those apart.
func (r *SignedRequest) canonical(headers map[string]string, names []string, body string) (text, reason string) {
	if len(r.Method) < 3 || len(r.Method) > 16 || strings.ContainsFunc(r.Method, func(c rune) bool { return c < 'A' || c > 'Z' }) {
		return "", "the method has the wrong form"
	}
	path, reason := canonicalPath(r.Path)
	if reason != "" {
		return "", reason
	}
	query, reason := canonicalQuery(r.Query)
	if reason != "" {
		return "", reason
	}
	var b strings.Builder
	for _, line := range []string{r.Method, path, query} {
		b.WriteString(line)
		b.WriteByte('\n')
	}
	for _, name := range names {
		b.WriteString(name + ":" + headers[name] + "\n")
	}
	b.WriteString("\n" + strings.Join(names, ";") + "\n" + body)
	return b.String(), ""
}

// canonicalPath escapes each segment in the one way there is, and ends with a slash. Paths that some router could read as another one are
// refused and not cleaned.
func canonicalPath(raw string) (path, reason string) {
	if len(raw) > maxPath || !strings.HasPrefix(raw, "/") {
		return "", "the path is too long, or does not begin with a slash"
	}
	segments := strings.Split(raw[1:], "/")
	var b strings.Builder
	b.WriteByte('/')
	for i, s := range segments {
		last := i == len(segments)-1
		if s == "" && last {
			break
		}
		plain, err := url.PathUnescape(s)
		switch {
		case err != nil || !utf8.ValidString(plain):
			return "", "the path is not escaped correctly"
		case plain == "" || plain == "." || plain == "..":
			return "", "the path holds an empty segment or dots"
		case strings.ContainsAny(plain, "/\\") || hasControl(plain):
			return "", "the path holds an escaped slash, a backslash or a control character"
		}
		b.WriteString(escape(plain))
		b.WriteByte('/')
	}
	return b.String(), ""
}

// canonicalQuery sorts the parameters. One that comes twice, also in another case, is refused: which of them counts depends on who reads.
func canonicalQuery(query map[string][]string) (text, reason string) {
	if len(query) > maxQuery {
		return "", "there are too many parameters"
	}
	folded := map[string]bool{}
	var b strings.Builder
	for i, key := range slices.Sorted(maps.Keys(query)) {
		values := query[key]
		if len(values) != 1 || folded[strings.ToLower(key)] {
			return "", "a parameter comes more than once"
		}
		folded[strings.ToLower(key)] = true
		if key == "" || len(key) > maxText || len(values[0]) > maxText || !utf8.ValidString(key) || !utf8.ValidString(values[0]) {
			return "", "a parameter is too long, has no name or is not UTF-8"
		}
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(escape(key) + "=" + escape(values[0]))
	}
	return b.String(), ""
}

// headers gives the headers under lower-case names. One that comes twice is left out if nothing depends on it, and refused otherwise: all that
// begin with x- may name a project, an account or a hash.
func (r *SignedRequest) headers() (headers map[string]string, reason string) {
	if len(r.Header) > maxHeaders {
		return nil, "there are too many headers"
	}
	headers = make(map[string]string, len(r.Header))
	repeated := map[string]bool{}
	for name, values := range r.Header {
		low := strings.ToLower(name)
		if _, again := headers[low]; again || len(values) != 1 || repeated[low] {
			repeated[low] = true
			delete(headers, low)
			continue
		}
		if !validHeaderName(low) || len(values[0]) > maxText || !utf8.ValidString(values[0]) || hasControl(values[0]) {
			return nil, "a header is too long or holds a character that it may not"
		}
		headers[low] = strings.Trim(values[0], " ") // other blanks have been refused, or are part of the value
	}
	for name := range repeated {
		if strings.HasPrefix(name, "x-") || name == "host" || name == "authorization" || name == "content-type" {
			return nil, "a header comes more than once"
		}
	}
	return headers, ""
}

func validHeaderName(low string) bool {
	return low != "" && !strings.ContainsFunc(low, func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_'
	})
}

func hasControl(s string) bool {
	return strings.ContainsFunc(s, func(c rune) bool { return c < ' ' || c == 0x7f })
}

// escape is RFC 3986: all but the unreserved characters becomes %XX. url.QueryEscape would write a space as a plus.
func escape(s string) string {
	const hexDigits = "0123456789ABCDEF"
	var b strings.Builder
	for _, c := range []byte(s) {
		if 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-_.~", c) >= 0 {
			b.WriteByte(c)
		} else {
			b.Write([]byte{'%', hexDigits[c>>4], hexDigits[c&15]})
		}
	}
	return b.String()
}
