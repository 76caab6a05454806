package policy

import (
	"strconv"
	"strings"
)

// dice turns bytes into choices, one byte a choice, so that the fuzzer can steer the generator. A seed that has run out always
// chooses the first option, which is the plainest one and ends every loop.
type dice struct{ seed []byte }

func (d *dice) roll(sides int) int {
	if len(d.seed) == 0 {
		return 0
	}
	b := d.seed[0]
	d.seed = d.seed[1:]
	return int(b) % sides
}

func (d *dice) chance(percent int) bool { return d.roll(100) >= 100-percent }

func (d *dice) pick(options ...string) string { return options[d.roll(len(options))] }

// genCase is a chain, the sources it was compiled from (tier, set, source), and a question to it.
type genCase struct {
	chain   Chain
	sources [][][]Source
	request *Request
}

// newCase makes one case from a seed. Alphabets are small and patterns are often made from the request itself, so that about
// a third of the cases end in each effect.
func newCase(seed []byte) genCase {
	d := &dice{seed: seed}
	r := d.request()
	c := genCase{request: r}
	for range 1 + d.roll(3) {
		tier := Tier{Name: "tier", Combine: d.combine()}
		if d.chance(10) {
			tier.Skipped = "the operation does not support it"
		}
		c.sources = append(c.sources, nil)
		i := len(c.sources) - 1
		for range 1 + d.roll(2) {
			set := d.sources(r)
			c.sources[i] = append(c.sources[i], set)
			tier.Sets = append(tier.Sets, Compile(set...))
		}
		c.chain = append(c.chain, tier)
	}
	return c
}

func (d *dice) combine() Combine {
	switch d.roll(5) {
	case 3:
		return Separate
	case 4:
		return Required
	default:
		return Pooled
	}
}

func (d *dice) sources(r *Request) []Source {
	var out []Source
	for i := range 1 + d.roll(3) {
		name := "p" + strconv.Itoa(i)
		source := Source{Document: d.document(r), Policy: name, ID: name, Version: "v1", Grant: "g-" + name, Scope: "account"}
		if d.chance(30) {
			source.Compiled = CompileDocument(source.Document)
		}
		out = append(out, source)
	}
	return out
}

func (d *dice) request() *Request {
	r := &Request{}
	switch {
	case d.chance(4):
		r.Action = d.pick("", "cce", "a:b:c:d", "cs:", "cce::get", ":DeleteCluster", "cce:node:")
		r.Resource = d.pick("", "*", "acs:cs:*:*:cluster/c1")
	case d.chance(50):
		r.Action = d.pick(ramActions()...)
		r.Resource = d.pick(ramResources()...)
	default:
		r.Action = d.pick(huaweiActions()...)
		r.Resource = d.pick(huaweiResources()...)
	}
	r.Action = d.recase(r.Action)
	r.Context = d.context(DialectOf(r.Action))
	for range d.roll(3) {
		r.Principals = append(r.Principals, d.principal())
	}
	return r
}

func (d *dice) principal() Principal {
	return Principal{
		Type: d.pick("RAM", "Service", "Federated"),
		ID:   d.pick("acs:ram::1:user/alice", "cs.aliyuncs.com", "acs:ram::1:oidc-provider/ack-rrsa-c1", "acs:ram::1:role/X", "acs:ram::1:role/x", "acs:ram::1:user/Alice"),
	}
}

func (d *dice) document(r *Request) *Document {
	dialect := DialectOf(r.Action)
	if d.chance(10) || dialect == NoDialect {
		dialect = RAM + Dialect(d.roll(2))
	}
	out := &Document{Dialect: dialect, Version: "1"}
	if dialect == Huawei {
		out.Version = d.pick("1.1", "1.1", "1.0")
	}
	for range 1 + d.roll(3) {
		out.Statements = append(out.Statements, d.statement(out, r))
	}
	return out
}

func (d *dice) statement(doc *Document, r *Request) Statement {
	s := Statement{Effect: Allow}
	if d.chance(35) {
		s.Effect = Deny
	}
	actions := d.actions(doc, r)
	if d.chance(15) {
		s.NotActions = actions
	} else {
		s.Actions = actions
	}
	d.resources(doc, &s, r)
	for range max(0, d.roll(5)-2) {
		s.Conditions = append(s.Conditions, d.condition(doc.Dialect, r))
	}
	if doc.Dialect == RAM && d.chance(10) {
		for range 1 + d.roll(2) {
			s.Principals = append(s.Principals, d.principal())
		}
	}
	return s
}

func (d *dice) actions(doc *Document, r *Request) []Value {
	var out []Value
	for range 1 + d.roll(3) {
		var text string
		switch {
		case doc.Version == "1.0" && d.chance(50):
			text = d.pick("*", "identity:*", "identity:assume role", "identity:get", "Identity:users:get*", "cce:get", "cce:*",
				"::Get", "*:*:Get*", "cce::delete", "*:get", ":delete", "identity:", "CCE:NODE:*", "iam:assume role")
		case doc.Version == "1.0":
			parts := strings.Split(r.Action, ":")
			i := d.roll(len(parts))
			parts[i] = d.generalise(parts[i])
			text = d.recase(strings.Join(parts, ":"))
			if len(parts) != 3 {
				text = "*:*:*" // the action is in no language that has roles
			}
		case d.chance(60):
			text = d.recase(d.generalise(r.Action))
		case doc.Dialect == RAM:
			text = d.generalise(d.pick(append(ramActions(), "*", "*:Get*", "c?:*", "**")...))
		default:
			text = d.generalise(d.pick(append(huaweiActions(), "*:*:*", "*", "cce:*", "*:get", "cce:*:*", "**")...))
		}
		if text == "" {
			text = "*"
		}
		out = append(out, Value{Text: text})
	}
	return out
}

func (d *dice) resources(doc *Document, s *Statement, r *Request) {
	kind := d.roll(8)
	if kind < 3 {
		return
	}
	var out []Value
	for range 1 + d.roll(3) {
		out = append(out, Value{Text: d.resource(doc.Dialect, r)})
	}
	switch {
	case kind == 6 && doc.Dialect == RAM:
		s.NotResources = out
	case kind == 6:
		for i := range out {
			out[i].Text = d.pick("/iam/agencies/Adm", "/iam/agencies/*", "/iam/agencies/A?m", "*", "/iam/agencies/", "/iam/agencies/é")
		}
		s.URIs = out
	default:
		s.Resources = out
	}
}

func (d *dice) resource(dialect Dialect, r *Request) string {
	text := r.Resource
	switch {
	case d.chance(60):
	case dialect == RAM:
		text = d.pick(append(ramResources(), "*", "**", "acs:*:*:*:*", "acs:ram:*:*:ROLE/*", "acs:oss:*:*:ROLE/*", "acs:ram::*:role/aliyunx", "acs:cs:*:1:*", "${*}")...)
	default:
		text = d.pick(append(huaweiResources(), "*", "**", "*:*:*:*:*", "cce:*:*:cluster:${g:UserName}", "cce:*:*:*:c1/${g:UserName, 'bob'}*",
			"cce:*:*:cluster:${g:Nope}", "cce:*:*:cluster:${g:TagKeys}/*", "*:*:*:*:${*}", "*:*:*:*:b${*}", "cce:*:d1:cluster:*", "cce:*",
			"*:*:*:agency:Adm", "cce:*:*:cluster:${g:Nope,'c1'}", "cce:*:*:cluster:${g:UserName", "cce:${g:Nope}", "*:*:*:${g:Nope}")...)
	}
	text = d.generalise(text)
	if dialect == RAM {
		text = d.recase(text)
	}
	if text == "" {
		return "*"
	}
	return text
}

// generalise keeps a text, or turns a run of it into a star, a character into a question mark, or a character into another one. It
// leaves variables alone.
func (d *dice) generalise(text string) string {
	runes := []rune(text)
	if len(runes) == 0 || strings.Contains(text, "${") {
		return text
	}
	from := d.roll(len(runes))
	switch d.roll(6) {
	case 1, 2:
		to := from + d.roll(len(runes)-from+1)
		return string(runes[:from]) + "*" + string(runes[to:])
	case 3:
		runes[from] = '?'
	case 4:
		runes[from] = 'z'
	}
	return string(runes)
}

// recase sometimes changes the case of ASCII letters.
func (d *dice) recase(text string) string {
	switch d.roll(6) {
	case 1:
		return strings.ToUpper(text)
	case 2:
		return refFold(text)
	default:
		return text
	}
}

func huaweiActions() []string {
	return []string{"cce:node:delete", "cce:node:get", "cce:cluster:create", "iam:agencies:assume", "iam:tokens:assume", "iam:users:get", "cce:nodé:get"}
}

func ramActions() []string {
	return []string{"cs:DeleteCluster", "cs:GetCluster", "ram:PassRole", "sts:AssumeRole", "cs:Dé"}
}

func huaweiResources() []string {
	return []string{
		"", "cce:local-1:d1:cluster:c1", "cce:local-1:d1:cluster:c1/alice", "cce:local-1:d1:cluster:alice", "cce:local-1:d1:cluster:c1/ns/p:x", "cce:local-1:d1:node:é",
		"iam::d1:agency:Adm", "/iam/agencies/Adm", "iam::d1:user:Adm", "obs::d1:agency:Adm", "obs:::bucket:b*", "cce:local-1:d1", "cce:local-1:d1:cluster:*", "CCE:local-1:d1:cluster:c1", "cce:a:b:d1:cluster:c1",
	}
}

func ramResources() []string {
	return []string{
		"", "acs:cs:*:1:cluster/c1", "acs:ram::1:role/AliyunX", "acs:ram:*:1:role/aliyunx", "acs:ram::1:user/Alice", "acs:log:cn:1:project/p/logstore/mse_é",
		"acs:oss:::b/${g:UserName}", "acs:ram::1:role/É", "acs:ram::1:group/role/X", "acs:oss::1:role/Ab",
	}
}
