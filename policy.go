package pratique

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/pratique-iam/pratique/catalog"
	"github.com/pratique-iam/pratique/policy"
)

// Policy is a named document. Custom ones have up to five versions, of which one is in force.
type Policy struct {
	Meta
	Alias       string          `json:"-"` // system roles: "te_admin"
	System      bool            `json:"-"`
	Description string          `json:"description,omitempty"`
	Default     string          `json:"default"` // id of the version in force
	Versions    []PolicyVersion `json:"versions"`

	parsed *parsed
}

func (*Policy) kind() Kind { return KindPolicy }

// PolicyVersion is one text of a policy. Ids are v1, v2, … and never used again within the policy.
type PolicyVersion struct {
	ID       string         `json:"id"`
	Document jsontext.Value `json:"document"` // canonical
}

// PolicySpec is what a manifest says of a policy. A new Document becomes a new version in force; the oldest version that is not in force
// makes room for a sixth. DefaultVersion alone puts an older version back in force. Versions, when given, replaces the whole history: it
// is what export writes.
type PolicySpec struct {
	Description    string          `json:"description,omitempty"`
	Document       jsontext.Value  `json:"document,omitempty"`
	DefaultVersion string          `json:"defaultVersion,omitempty"`
	Versions       []PolicyVersion `json:"versions,omitempty"`
}

// parsed keeps the version in force ready for deciding, made on first use: most policies of a large directory are never asked about.
type parsed struct {
	once     sync.Once
	compiled *policy.Compiled
	err      error
}

// Document is the version in force. An error means that the stored text cannot be read; whoever decides by it must then deny.
func (p *Policy) Document() (*policy.Document, error) {
	c, err := p.Compiled()
	return c.Document(), err
}

// Compiled is the version in force, ready for deciding and shared by everybody who holds the policy. Errors are those of Document.
func (p *Policy) Compiled() (*policy.Compiled, error) {
	p.parsed.once.Do(func() {
		if p.parsed.compiled != nil {
			return
		}
		text, ok := p.Version(p.Default)
		if !ok {
			p.parsed.err = fmt.Errorf("policy %s: version %s is missing", p.Name, p.Default)
			return
		}
		// No registry: an action that has left the catalogue since must not disable the statement that denies it.
		doc, err := policy.Parser{}.Parse(text)
		p.parsed.compiled, p.parsed.err = policy.CompileDocument(doc), err
	})
	return p.parsed.compiled, p.parsed.err
}

// Version returns the text of a version.
func (p *Policy) Version(id string) (jsontext.Value, bool) {
	for _, v := range p.Versions {
		if v.ID == id {
			return v.Document, true
		}
	}
	return nil, false
}

func (p *Policy) spec() PolicySpec {
	s := PolicySpec{Description: p.Description}
	s.Document, _ = p.Version(p.Default)
	if len(p.Versions) > 1 || p.Default != "v1" {
		s.DefaultVersion, s.Versions, s.Document = p.Default, p.Versions, nil
	}
	return s
}

func systemPolicy(c *catalog.SystemPolicy) *Policy {
	p := &Policy{
		Meta: Meta{ID: c.ID, Name: c.Name}, Alias: c.Alias, System: true, Description: c.Description,
		Default: c.Version, Versions: []PolicyVersion{{ID: c.Version, Document: c.Document.Canonical()}},
		parsed: &parsed{compiled: policy.CompileDocument(c.Document)},
	}
	return p
}

// Adopt prepares a policy that was read from a store. It must be called before the policy is shared.
func (p *Policy) adopt() { p.parsed = &parsed{} }

func (e *editor) putPolicy(m Manifest) error {
	own := len(e.plan.Needs)
	old, exists, err := find(e, e.Policies, m, "policy")
	if err != nil {
		return err
	}
	if sys, ok := e.rules.systemPolicy(m.Metadata.Name); ok && !exists {
		return conflict("%q is a policy of the system and cannot be changed", sys.Name).hint("choose another name")
	}
	var spec PolicySpec
	if err := decodeSpec(m, &spec); err != nil {
		return err
	}
	if err := checkText("description", spec.Description, 1024); err != nil {
		return err
	}
	p := &Policy{Meta: Meta{Name: m.Metadata.Name}, Description: spec.Description}
	p.adopt()
	if err := e.versions(p, old, spec); err != nil {
		return err
	}
	if !exists {
		e.stamp(&p.Meta, nil, KindPolicy)
		e.Policies.set(p)
		e.write(Create, p, diff(nil, p.spec()))
		return nil
	}
	fields := renamed(old.Name, p.Name, policyDiff(old, p))
	if len(fields) == 0 {
		e.unchanged(old, "policy", own)
		return nil
	}
	e.stamp(&p.Meta, &old.Meta, KindPolicy)
	e.Policies.set(p)
	e.write(Update, p, fields)
	e.warnAttached(p)
	return nil
}

// versions works out the history that a manifest asks for.
func (e *editor) versions(p, old *Policy, spec PolicySpec) error {
	switch {
	case len(spec.Versions) > 0:
		return e.replaceHistory(p, spec)
	case len(spec.Document) > 0 && spec.DefaultVersion != "":
		return invalid("policy %q: give document for a new version, or defaultVersion to go back to one, not both", p.Name)
	case len(spec.Document) == 0 && spec.DefaultVersion == "":
		return invalid("policy %q has no document", p.Name).hint("set spec.document")
	case len(spec.Document) == 0:
		if old == nil {
			return invalid("policy %q does not exist yet and has no version %s", p.Name, spec.DefaultVersion).hint("set spec.document")
		}
		if _, ok := old.Version(spec.DefaultVersion); !ok {
			return notFound(KindPolicy, old.Name+" version "+spec.DefaultVersion)
		}
		p.Versions, p.Default = old.Versions, spec.DefaultVersion
		return nil
	}
	text, err := e.checkDocument(p.Name, spec.Document)
	if err != nil {
		return err
	}
	if old == nil {
		p.Versions, p.Default = []PolicyVersion{{ID: "v1", Document: text}}, "v1"
		return nil
	}
	p.Versions, p.Default = old.Versions, old.Default
	if current, _ := old.Version(old.Default); bytes.Equal(current, text) {
		return nil
	}
	e.addVersion(p, text)
	return nil
}

func (e *editor) addVersion(p *Policy, text jsontext.Value) {
	newest := 0
	for _, v := range p.Versions {
		var n int
		if _, err := fmt.Sscanf(v.ID, "v%d", &n); err == nil {
			newest = max(newest, n)
		}
	}
	kept := slices.Clone(p.Versions)
	if len(kept) >= e.rules.Limits.PolicyVersions {
		oldest := slices.IndexFunc(kept, func(v PolicyVersion) bool { return v.ID != p.Default })
		e.warn(fmt.Sprintf("policy %q keeps %d versions: %s made room", p.Name, e.rules.Limits.PolicyVersions, kept[oldest].ID))
		kept = slices.Delete(kept, oldest, oldest+1)
	}
	p.Default = fmt.Sprintf("v%d", newest+1)
	p.Versions = append(kept, PolicyVersion{ID: p.Default, Document: text})
}

func (e *editor) replaceHistory(p *Policy, spec PolicySpec) error {
	if len(spec.Versions) > e.rules.Limits.PolicyVersions {
		return invalid("policy %q has %d versions; at most %d are kept", p.Name, len(spec.Versions), e.rules.Limits.PolicyVersions)
	}
	for _, v := range spec.Versions {
		var n int
		if _, err := fmt.Sscanf(v.ID, "v%d", &n); err != nil || n < 1 || v.ID != fmt.Sprintf("v%d", n) {
			return invalid("policy %q: version id %q must be v1, v2, …", p.Name, v.ID)
		}
		if _, twice := p.Version(v.ID); twice {
			return invalid("policy %q: version %s stands twice", p.Name, v.ID)
		}
		text, err := e.checkDocument(p.Name, v.Document)
		if err != nil {
			return err
		}
		p.Versions = append(p.Versions, PolicyVersion{ID: v.ID, Document: text})
	}
	p.Default = firstOf(spec.DefaultVersion, p.Versions[len(p.Versions)-1].ID)
	if _, ok := p.Version(p.Default); !ok {
		return invalid("policy %q: defaultVersion %s is not among its versions", p.Name, p.Default)
	}
	return nil
}

// checkDocument parses, checks against the catalogue, and returns the canonical text. The document may stand as JSON in the manifest, or as
// a string that holds it: then positions in errors are those of the author's own file.
func (e *editor) checkDocument(name string, text jsontext.Value) (jsontext.Value, error) {
	if text.Kind() == '"' {
		unquoted, err := jsontext.AppendUnquote(nil, text)
		if err != nil {
			return nil, invalid("policy %q: document: %v", name, err)
		}
		text = unquoted
	}
	doc, err := e.rules.parser(policy.Identity).Parse(text)
	if err != nil {
		return nil, documentError("policy "+name, err)
	}
	if _, mixed := e.rules.Catalog.PolicyLevel(doc); mixed {
		return nil, invalid("policy %q mixes actions of global and of project-level services", name).hint("make two policies of it")
	}
	for _, w := range policy.Lint(doc) {
		e.warn(fmt.Sprintf("policy %q: %s (%s)%s", name, w.Message, w.Class, hintOf(w)))
	}
	return doc.Canonical(), nil
}

func documentError(what string, err error) *Error {
	out := invalid("%s: %v", what, err)
	if d, ok := errors.AsType[*policy.Error](err); ok {
		lines := make([]string, len(d.Problems))
		for i, p := range d.Problems {
			lines[i] = p.String()
		}
		out.Message = what + ": " + strings.Join(lines, "\n")
	}
	return out
}

// hintOf leaves the place out: it would be one in the canonical text, which nobody has seen.
func hintOf(p policy.Problem) string {
	if p.Hint == "" {
		return ""
	}
	return "; " + p.Hint
}

func policyDiff(old, p *Policy) []FieldDiff {
	before, _ := old.Version(old.Default)
	after, _ := p.Version(p.Default)
	type view struct {
		Description string         `json:"description,omitempty"`
		Document    jsontext.Value `json:"document"`
		Version     string         `json:"defaultVersion"`
		Versions    []string       `json:"versions"`
	}
	ids := func(p *Policy) (out []string) {
		for _, v := range p.Versions {
			out = append(out, v.ID)
		}
		return out
	}
	return diff(view{old.Description, before, old.Default, ids(old)}, view{p.Description, after, p.Default, ids(p)})
}

func (e *editor) deletePolicy(c Delete) error {
	e.need("policy.delete", "name", c.Name)
	p, ok := e.Policies.Find(c.Name)
	if !ok {
		if sys, isSystem := e.rules.systemPolicy(c.Name); isSystem {
			return conflict("%q is a policy of the system and cannot be deleted", sys.Name)
		}
		return notFound(KindPolicy, c.Name)
	}
	var h holders
	e.heldByGrants(&h, e.GrantsWith(p.ID))
	if err := h.refuse(c, p.Name); err != nil {
		return err
	}
	e.dropGrants(e.GrantsWith(p.ID))
	e.Policies.remove(p)
	e.write(Remove, p, nil)
	return nil
}
