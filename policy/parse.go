package policy

import (
	"fmt"
	"unicode/utf8"
)

// Parser reads documents of one kind. The zero value reads identity policies with the vendors' limits and without a registry.
// It may be used by several goroutines at once.
type Parser struct {
	Kind     Kind
	Registry Registry             // when set, literal actions of Identity and Session documents must be known to it
	Limits   func(Dialect) Limits // DefaultLimits when nil
}

// Parse is Parser{}.Parse.
func Parse(data []byte) (*Document, error) { return Parser{}.Parse(data) }

// Parse reads one document. It is strict: what another reader of JSON might take for something else is refused, and so is every member,
// operator, action or value that the dialect does not have. The error is an *Error: a syntax error alone, or all problems of the document in
// the order of the text, at most 50. Classes are the vendor's: MalformedPolicyDocument and InvalidParameter… for RAM, IAM.10… for Huawei,
// MalformedPolicyDocument where the text does not tell the dialect.
func (p Parser) Parse(data []byte) (*Document, error) {
	if p.Limits == nil {
		p.Limits = DefaultLimits
	}
	r := reader{Parser: p}
	most := max(p.Limits(RAM).counts(p.Kind).Bytes, p.Limits(Huawei).counts(p.Kind).Bytes)
	if most = min(most, 1<<30); len(data) > most { // a Position counts in 32 bits
		r.tooLarge(len(data), most, "bytes")
		return nil, &Error{Problems: r.problems}
	}
	root, syntax := scan(data)
	r.dialect = versionDialect(&root)
	r.limits = p.Limits(r.dialect).counts(p.Kind)
	if syntax != nil {
		syntax.Class = r.class("IAM.1020")
		return nil, &Error{Problems: []Problem{*syntax}}
	}
	doc := r.document(&root)
	if doc != nil {
		r.size(data)
	}
	if len(r.problems) > 0 {
		return nil, &Error{Problems: sortProblems(r.problems)}
	}
	return doc, nil
}

// reader turns the tree of one text into a Document and gathers what is wrong with it.
type reader struct {
	Parser
	dialect  Dialect
	limits   Limits
	roles    bool // a Huawei 1.0 document
	problems []Problem
}

// class picks the error class: Huawei's own code, or what RAM says about the kind of document.
func (r *reader) class(huawei string) string {
	switch {
	case r.dialect == Huawei:
		return huawei
	case r.Kind == Session:
		return "InvalidParameter.PolicyGrammar"
	default:
		return "MalformedPolicyDocument"
	}
}

func (r *reader) refuse(pos Position, huawei, message, hint string) {
	r.problems = append(r.problems, Problem{Severity: Fatal, Class: r.class(huawei), Pos: pos, Message: message, Hint: hint})
}

// size checks the limits on the whole text, once the dialect says which they are.
func (r *reader) size(data []byte) {
	if len(data) > r.limits.Bytes {
		r.tooLarge(len(data), r.limits.Bytes, "bytes")
	}
	if n, most := utf8.RuneCount(data), r.limits.characters(r.Kind); n > most {
		r.tooLarge(n, most, "characters")
	}
}

func (r *reader) tooLarge(n, most int, unit string) {
	var class string
	switch {
	case r.dialect == Huawei:
		class = "IAM.1021"
	case r.Kind == Trust:
		class = "InvalidParameter.AssumeRolePolicyDocument.Length"
	case r.Kind == Session:
		class = "InvalidParameter.PolicySize"
	default:
		class = "InvalidParameter.PolicyDocument.Length"
	}
	r.problems = append(r.problems, Problem{
		Severity: Fatal, Class: class, Pos: Position{Line: 1, Column: 1},
		Message: fmt.Sprintf("the document has %d %s, %d are allowed", n, unit, most),
		Hint:    "split it into several policies",
	})
}

// versionDialect tells the dialect by Version, wherever it stands in the text.
func versionDialect(root *node) Dialect {
	m := root.member("Version")
	if m == nil || m.value.kind != '"' {
		return NoDialect
	}
	switch m.value.text {
	case "1":
		return RAM
	case "1.1", "1.0", "5.0":
		return Huawei
	}
	return NoDialect
}

// document reads the top level. A document whose version does not fit is not read further: its other rules are not ours to know.
func (r *reader) document(root *node) *Document {
	if root.kind != '{' {
		r.refuse(root.pos, "IAM.1020", "a policy is a JSON object, and this is "+describe(root.kind), "")
		return nil
	}
	names := []string{"Version", "Statement"}
	if r.dialect == Huawei {
		names = append(names, "Depends")
	}
	m := r.members(root, "a policy", names...)
	if !r.version(root, m[0]) {
		return nil
	}
	doc := &Document{Version: m[0].value.text, Dialect: r.dialect}
	r.roles = doc.Version == "1.0"
	doc.Statements = r.statements(root, m[1])
	if r.dialect == Huawei && m[2] != nil {
		doc.Depends = r.depends(m[2])
	}
	return doc
}

const versionHint = `write "1" for RAM or "1.1" for Huawei IAM`

// version reports whether the version is one that this kind of document may have.
func (r *reader) version(root *node, m *member) bool {
	if m == nil {
		r.refuse(root.pos, "", `member "Version" is missing`, versionHint)
		return false
	}
	v := &m.value
	switch version := v.text; {
	case v.kind != '"':
		r.refuse(v.pos, "", "Version must be a string, and this is "+describe(v.kind), versionHint)
	case r.dialect == NoDialect:
		r.refuse(v.pos, "", "Version "+quote(version)+` is not known: "1" is RAM, "1.1" and "1.0" are Huawei IAM`, versionHint)
	case version == "5.0":
		r.refuse(v.pos, "IAM.1024", `identity policies 5.0 ("Version": "5.0") are not supported`, `write a fine-grained policy, "Version": "1.1"`)
	case r.dialect == Huawei && (r.Kind == Trust || r.Kind == Session):
		r.refuse(v.pos, "IAM.1024", "trust and session policies are written in RAM, and Version "+quote(version)+" is Huawei IAM", `write "Version": "1"`)
	case version == "1.0" && r.Kind == Identity:
		r.refuse(v.pos, "IAM.1024", `"Version": "1.0" is for system roles only`, `custom policies are written in "Version": "1.1"`)
	default:
		return true
	}
	return false
}

func (r *reader) statements(root *node, m *member) []Statement {
	switch {
	case m == nil:
		r.refuse(root.pos, "IAM.1027", `member "Statement" is missing`, "")
		return nil
	case m.value.kind != '[':
		r.refuse(m.value.pos, "IAM.1027", "Statement must be a list, and this is "+describe(m.value.kind), `write "Statement": [{…}]`)
		return nil
	case len(m.value.items) == 0:
		r.refuse(m.value.pos, "IAM.1028", "Statement is empty", "a policy says at least one thing")
	}
	r.limit(m.value.pos, "IAM.1028", "statements", len(m.value.items), r.limits.Statements)
	var list []Statement
	for i := range m.value.items {
		list = append(list, r.statement(&m.value.items[i]))
	}
	return list
}

func (r *reader) statement(n *node) Statement {
	s := Statement{Pos: n.pos}
	if n.kind != '{' {
		r.refuse(n.pos, "IAM.1027", "a statement is an object, and this is "+describe(n.kind), "")
		return s
	}
	m := r.members(n, "a statement", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition", "Principal")
	s.Effect = r.effect(n, m[0])
	r.actions(&s, m[1], m[2])
	r.resources(&s, m[3], m[4])
	s.Conditions = r.conditions(m[5])
	r.principals(&s, m[6])
	if len(s.URIs) > 0 && m[5] != nil {
		r.refuse(m[5].pos, "IAM.1039", `a statement on {"uri": […]} has no Condition`, "remove it")
	}
	return s
}

// effect reads Allow or Deny. RAM compares exactly; Huawei's validator speaks of 'allow' and 'deny' while all its samples are capitalised, so
// case means nothing there and Canonical writes the capital.
func (r *reader) effect(statement *node, m *member) Effect {
	if m == nil {
		r.refuse(statement.pos, "IAM.1029", `member "Effect" is missing`, `write "Allow" or "Deny"`)
		return Undecided
	}
	for _, e := range []Effect{Allow, Deny} {
		if m.value.kind == '"' && (m.value.text == e.String() || r.dialect == Huawei && equalFold(m.value.text, e.String())) {
			return e
		}
	}
	r.refuse(m.value.pos, "IAM.1029", "Effect must be \"Allow\" or \"Deny\", and this is "+r.show(&m.value), didYouMean(m.value.text, []string{"Allow", "Deny"}))
	return Undecided
}
