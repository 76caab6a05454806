package policy

import "strings"

// outcome is the truth of one element of a statement for a request. The third value is for what cannot be evaluated: an unknown operator,
// a value that does not parse, a variable without a value.
type outcome uint8

const (
	no outcome = iota
	yes
	broken
)

// within is where brokenness is decided, and the only place: what cannot be evaluated never lets a statement allow, and never keeps one
// from denying.
func (o outcome) within(e Effect) bool { return o == yes || o == broken && e == Deny }

// not turns an outcome round; what is broken stays broken.
func (o outcome) not() outcome {
	switch o {
	case yes:
		return no
	case no:
		return yes
	case broken:
	}
	return broken
}

// or is yes when one of the two is; else broken when one of them is.
func (o outcome) or(p outcome) outcome {
	if o == yes || p == yes {
		return yes
	}
	return max(o, p)
}

func truth(b bool) outcome {
	if b {
		return yes
	}
	return no
}

// resourceKind is how a resource pattern is compared. The zero value matches nothing.
type resourceKind uint8

const (
	resourceNone     resourceKind = iota
	resourceAny                   // every request, also one without a resource
	resourceLiteral               // text is the name
	resourcePrefix                // text[:head], then anything
	resourceGlob                  // text is a pattern for the whole name
	resourceSegments              // Huawei: four segments, each a pattern, and a path from text[path:] on
	resourceTemplate              // the same, and parts are the path, which holds variables
	resourceBroken                // malformed variable
	resourceListed                // one of rule.resources
	resourceExcept                // none of rule.resources
)

// resource is one compiled resource pattern. head is the length of its literal beginning.
type resource struct {
	text  string
	parts []part // of the path, when it holds variables
	rule  *rule
	head  uint32
	path  uint32
	kind  resourceKind
}

// compileResource compiles one member of Resource or NotResource.
func compileResource(d Dialect, text string) resource {
	if allStars(text) {
		return resource{kind: resourceAny}
	}
	if d == Huawei {
		if path := segmentsEnd(text); path >= 0 {
			return compileSegments(text, path)
		}
	}
	return compileGlob(text)
}

func compileGlob(text string) resource {
	r := resource{text: text, kind: resourceGlob, head: literalHead(text)}
	switch {
	case int(r.head) == len(text):
		r.kind = resourceLiteral
	case allStars(text[r.head:]):
		r.kind = resourcePrefix
	}
	return r
}

// compileSegments compiles a Huawei resource of five segments; the path begins at text[path] and may hold colons. A pattern whose first
// wildcard stands in the path needs no segments, because its literal head holds all four colons.
func compileSegments(text string, path int) resource {
	if !strings.Contains(text[path:], "${") {
		r := compileGlob(text)
		if int(r.head) < path {
			r.kind, r.path = resourceSegments, index(path)
		}
		return r
	}
	parts, err := parseTemplate(text[path:], true, true)
	if err != nil {
		return resource{kind: resourceBroken}
	}
	return resource{text: text, parts: parts, path: index(path), kind: resourceTemplate}
}

// compileURI compiles a member of Huawei's {"uri": [...]}. The path of an agency also stands for the agency's resource name.
func compileURI(text string) []resource {
	resources := []resource{compileResource(NoDialect, text)}
	if agency, ok := strings.CutPrefix(text, "/iam/agencies/"); ok {
		resources = append(resources, compileResource(Huawei, "iam:*:*:agency:"+agency))
	}
	return resources
}

func literalHead(pattern string) uint32 {
	if i := strings.IndexAny(pattern, "*?"); i >= 0 {
		return index(i)
	}
	return index(len(pattern))
}

// segmentsEnd is the index behind the fourth colon, -1 when there are fewer.
func segmentsEnd(s string) int {
	colons := 0
	for i := range len(s) {
		if s[i] == ':' {
			if colons++; colons == 4 {
				return i + 1
			}
		}
	}
	return -1
}

// isRoleARN reports whether a resource is a RAM role. Policies write role names in lower case while the roles are called
// AliyunCISDefaultRole, so patterns are compared with these names without regard to case; with all others exactly.
func isRoleARN(resource string) bool {
	if !strings.HasPrefix(resource, "acs:ram:") {
		return false
	}
	i := segmentsEnd(resource)
	return i >= 0 && strings.HasPrefix(resource[i:], "role/")
}

// matches compares the pattern with the resource of the request. A request without a resource is matched only by what matches everything:
// in both dialects no other pattern fits the empty text.
func (r *resource) matches(q *query) outcome {
	name := q.req.Resource
	switch r.kind {
	case resourceAny:
		return yes
	case resourceLiteral:
		return truth(name == r.text || q.role && equalFold(name, r.text))
	case resourcePrefix:
		head := r.text[:r.head]
		return truth(strings.HasPrefix(name, head) || q.role && hasPrefixFold(name, head))
	case resourceGlob:
		return truth(glob(r.text, name, q.role))
	case resourceSegments:
		return truth(r.matchesSegments(name))
	case resourceTemplate:
		return r.matchesTemplate(q, name)
	case resourceBroken:
		return broken
	case resourceListed:
		return r.rule.listed(q)
	case resourceExcept:
		return r.rule.listed(q).not()
	case resourceNone:
	}
	return no
}

// matchesSegments compares the first four segments one by one, so that a '*' there does not slide over a colon, and then the path.
func (r *resource) matchesSegments(name string) bool {
	path, ok := cutSegments(r.text, name)
	return ok && glob(r.text[r.path:], path, false)
}

// matchesTemplate fills in the variables of the path first. A variable without a value breaks the pattern as a whole, even where another
// segment would have settled it: half a name is no name, and a Deny must not depend on which half is missing. The price is that such a Deny
// also closes resources of other kinds to requests without the key; its actions are what keeps it narrow.
func (r *resource) matchesTemplate(q *query, name string) outcome {
	var buf [stackText]byte
	encoded, ok := expand(buf[:0], r.parts, q, true)
	if !ok {
		return broken
	}
	path, ok := cutSegments(r.text, name)
	return truth(ok && globEncoded(encoded, path))
}

// cutSegments compares the first four segments and returns what follows them in the name.
func cutSegments(pattern, name string) (path string, ok bool) {
	for range 4 {
		i, j := strings.IndexByte(pattern, ':'), strings.IndexByte(name, ':')
		if i < 0 || j < 0 || pattern[:i] != "*" && !glob(pattern[:i], name[:j], false) {
			return "", false
		}
		pattern, name = pattern[i+1:], name[j+1:]
	}
	return name, true
}

// listed reports whether one of the statement's resource patterns matches.
func (r *rule) listed(q *query) outcome {
	o := no
	for i := range r.resources {
		if o = o.or(r.resources[i].matches(q)); o == yes {
			break
		}
	}
	return o
}
