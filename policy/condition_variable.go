package policy

import (
	"strings"
)

// stackText is how long a text with its variables filled in may become before it needs the heap. Resources and values are longer only
// where somebody tries to make them so.
const stackText = 256

// expand appends a template to buf with the request's values for its variables. Where a key is absent, or has several values so that it cannot
// be known which one is meant, the default stands for it; without a default the expansion fails. Expansion is done once, a value that looks like a variable stays as it is.
//
// With encode the document's wildcards become the bytes of globEncoded; a text that holds one of these bytes is not UTF-8 and fails too.
func expand(buf []byte, parts []part, q *query, encode bool) (expanded []byte, ok bool) {
	for i := range parts {
		p := &parts[i]
		switch {
		case p.wild == '*':
			buf = append(buf, encodedAny)
			continue
		case p.wild != 0:
			buf = append(buf, encodedOne)
			continue
		}
		s, ok := substitute(p, q)
		if !ok || encode && holdsEncoded(s) {
			return nil, false
		}
		buf = append(buf, s...)
	}
	return buf, true
}

// substitute returns the text that stands for a part which is not a wildcard.
func substitute(p *part, q *query) (string, bool) {
	if p.key == "" {
		return p.lit, true
	}
	var single [1]string
	switch have := q.values(p.key, &single); {
	case len(have) == 1:
		return have[0], true
	case p.hasDef:
		return p.def, true
	}
	return "", false
}

func holdsEncoded(s string) bool {
	return strings.IndexByte(s, encodedAny) >= 0 || strings.IndexByte(s, encodedOne) >= 0
}
