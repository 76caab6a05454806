package policy

import "strings"

// This file and reference_condition_test.go decide requests a second time, as slowly and as plainly as possible: statement by
// statement, with no index, no compilation and no state. They share nothing with the evaluator but the types of the contract, so
// that a mistake must be made twice to go unnoticed. Clarity wins over everything here; nobody should make it faster.

// referenceDecide answers what Chain.Decide must answer: the effect, and the index of the tier that gave it, -1 when none did.
func referenceDecide(c Chain, r *Request) (Effect, int) {
	for i, tier := range c {
		if tier.Skipped != "" {
			continue
		}
		effect := refTier(tier, r)
		switch {
		case effect == Deny:
			return Deny, i
		case tier.Combine == Required && effect == Undecided:
			return Undecided, i
		case tier.Combine == Required:
			continue // a session policy lets pass, it does not grant
		case effect == Allow:
			return Allow, i
		}
	}
	return Undecided, -1
}

func refTier(t Tier, r *Request) Effect {
	if t.Combine == Separate {
		for _, set := range t.Sets {
			if refSources(set.Sources(), r) == Allow {
				return Allow
			}
		}
		return Undecided
	}
	var all []Source
	for _, set := range t.Sets {
		all = append(all, set.Sources()...)
	}
	return refSources(all, r)
}

// refSources pools sources: any matching Deny denies, else any matching Allow allows.
func refSources(sources []Source, r *Request) Effect {
	answer := Undecided
	for _, source := range sources {
		if source.Document == nil {
			continue
		}
		for i := range source.Document.Statements {
			s := &source.Document.Statements[i]
			if !refMatches(source.Document, s, r) {
				continue
			}
			if s.Effect == Deny {
				return Deny
			}
			answer = Allow
		}
	}
	return answer
}

// refMatches reports whether a statement says something about a request.
func refMatches(d *Document, s *Statement, r *Request) bool {
	if dialect := DialectOf(r.Action); dialect == NoDialect || dialect != d.Dialect {
		return false
	}
	return refPrincipal(s, r) && refAction(d, s, r.Action) && refResource(d, s, r) && refConditions(d, s, r)
}

func refPrincipal(s *Statement, r *Request) bool {
	if len(s.Principals) == 0 {
		return true
	}
	for _, trusted := range s.Principals {
		for _, asking := range r.Principals {
			if trusted.Type == asking.Type && (trusted.ID == asking.ID || refIsRole(asking.ID) && refFold(trusted.ID) == refFold(asking.ID)) {
				return true
			}
		}
	}
	return false
}

func refAction(d *Document, s *Statement, action string) bool {
	if len(s.NotActions) > 0 {
		return !refAnyAction(d, s.NotActions, action)
	}
	return refAnyAction(d, s.Actions, action)
}

func refAnyAction(d *Document, patterns []Value, action string) bool {
	for _, p := range patterns {
		texts := []string{p.Text}
		if d.Version == "1.0" {
			texts = refRoleAction(p.Text)
		}
		for _, text := range texts {
			if refGlobText(refFold(text), refFold(action)) {
				return true
			}
		}
	}
	return false
}

// refRoleAction spells an action of a 1.0 role out in three segments. Its service "identity" is IAM, the name that roles are older than.
func refRoleAction(text string) []string {
	if refFold(text) == "identity:assume role" {
		return []string{"iam:tokens:assume", "iam:agencies:assume"}
	}
	segments := strings.Split(refFold(text), ":")
	for i, segment := range segments {
		if segment == "" && len(segments) > 1 {
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

func refResource(d *Document, s *Statement, r *Request) bool {
	switch {
	case len(s.NotResources) > 0:
		for _, p := range s.NotResources {
			if refRAMResource(p.Text, r.Resource) {
				return false
			}
		}
		return true
	case len(s.URIs) > 0:
		for _, p := range s.URIs {
			if refURI(p.Text, r.Resource) {
				return true
			}
		}
		return false
	case len(s.Resources) > 0:
		for _, p := range s.Resources {
			if d.Dialect == RAM && refRAMResource(p.Text, r.Resource) {
				return true
			}
			if d.Dialect == Huawei && refHuaweiResource(p.Text, s.Effect, r) {
				return true
			}
		}
		return false
	default:
		return true
	}
}

// refRAMResource compares ARNs as whole strings. Role names are written in lower case by everybody, so a role ARN is compared folded.
func refRAMResource(pattern, resource string) bool {
	if refIsRole(resource) {
		return refGlobText(refFold(pattern), refFold(resource))
	}
	return refGlobText(pattern, resource)
}

func refIsRole(arn string) bool {
	segments := strings.SplitN(arn, ":", 5)
	return len(segments) == 5 && segments[1] == "ram" && strings.HasPrefix(segments[4], "role/")
}

// refHuaweiResource compares segment by segment when the pattern has five or more of them. Only the last may hold variables; a
// pattern whose variables cannot be read or filled in matches nothing in an Allow and everything in a Deny.
func refHuaweiResource(pattern string, effect Effect, r *Request) bool {
	wants := strings.SplitN(pattern, ":", 5)
	if len(wants) < 5 {
		return refGlobText(pattern, r.Resource)
	}
	parts, readable := refSplit(Huawei, wants[4])
	path, filled := refExpand(parts, r)
	if !readable || !filled {
		return effect == Deny
	}
	haves := strings.SplitN(r.Resource, ":", 5)
	if len(haves) < 5 {
		return false
	}
	for i := range 4 {
		if !refGlobText(wants[i], haves[i]) {
			return false
		}
	}
	return refGlob(path, []rune(haves[4]))
}

// refURI compares the agency form. "/iam/agencies/x" names the same agency as "iam:<region>:<domain>:agency:x".
func refURI(pattern, resource string) bool {
	if refGlobText(pattern, resource) {
		return true
	}
	name, isAgency := strings.CutPrefix(pattern, "/iam/agencies/")
	segments := strings.SplitN(resource, ":", 5)
	return isAgency && len(segments) == 5 && segments[0] == "iam" && segments[3] == "agency" && refGlobText(name, segments[4])
}

// refRune is one character of a pattern. Literal characters are never wildcards.
type refRune struct {
	char    rune
	literal bool
}

func refGlobText(pattern, text string) bool {
	return refGlob(refRunes(pattern, false), []rune(text))
}

func refRunes(text string, literal bool) []refRune {
	var out []refRune
	for _, char := range text {
		out = append(out, refRune{char, literal})
	}
	return out
}

// refGlob fills the whole table of "the first i characters of the pattern match the first j of the text".
func refGlob(pattern []refRune, text []rune) bool {
	table := make([][]bool, len(pattern)+1)
	for i := range table {
		table[i] = make([]bool, len(text)+1)
	}
	table[0][0] = true
	for i, p := range pattern {
		star := p.char == '*' && !p.literal
		question := p.char == '?' && !p.literal
		for j := range len(text) + 1 {
			switch {
			case star:
				table[i+1][j] = table[i][j] || j > 0 && table[i+1][j-1]
			case j > 0:
				table[i+1][j] = table[i][j-1] && (question || p.char == text[j-1])
			}
		}
	}
	return table[len(pattern)][len(text)]
}

// refFold lowers the letters A to Z and no others.
func refFold(text string) string {
	return strings.Map(func(char rune) rune {
		if 'A' <= char && char <= 'Z' {
			return char - 'A' + 'a'
		}
		return char
	}, text)
}
