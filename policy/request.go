package policy

// Request is one question to a Chain.
type Request struct {
	Action     string      // "cce:node:delete", "cs:DeleteCluster"
	Resource   string      // full name in the dialect of the action; empty when the operation has none
	Context    []Attribute // condition keys; compared without regard to ASCII case
	Lookup     Lookup      // condition keys that are worked out when a condition asks for them, before those of Context; may be nil
	Principals []Principal // who asks, for trust policies; any one of them may match
}

// Lookup finds the values of a condition key, as a document writes it; it compares without regard to ASCII case. A key with one value that is
// not empty may come as one, which takes no memory; of any other the values are many. Neither means that the request does not have the key.
//
// It is called while a statement is looked at, only for keys that its conditions and variables name, and perhaps several times for one: its
// answer must stay the same for the whole decision. (A function and not an interface: it stays on the stack of whoever asks.)
type Lookup func(key string) (one string, many []string)

// Attribute is a condition key and its values in a request. A key that is present with no values counts as absent.
type Attribute struct {
	Key    string
	Values []string
}

// Source is one policy as it takes part in a Set: the document and what an explanation says about where it comes from.
type Source struct {
	Document *Document
	Compiled *Compiled // of Document, when it is shared with other sets; Compile makes one where it is nil
	Policy   string    // name of the policy
	ID       string    // id of the policy
	Version  string    // of the policy, "v3"
	Grant    string    // id of the grant that brought it in
	Scope    string    // where it was granted: "project local-1"
}

// Combine says how the sets of one tier add up.
type Combine uint8

const (
	// Pooled treats the sets of a tier as one: any matching Deny denies, else any matching Allow allows.
	Pooled Combine = iota
	// Separate decides every set alone and allows when one of them does: a Deny carves only out of its own set and never denies the
	// tier. This is how Huawei's 1.0 roles add up.
	Separate
	// Required is Pooled, but Allow only lets the walk go on and Undecided ends it: a session policy.
	Required
)

// Tier is one step of a Chain.
type Tier struct {
	Name    string // "project", "enterprise-project", "role", "session", "account", "resource-group"
	Combine Combine
	Sets    []*Set
	Skipped string // when not empty the tier is walked past, and this is why
}

// Chain is an ordered list of tiers. The first tier that answers Allow or Deny decides; a Chain that ends undecided does not allow.
type Chain []Tier

// Decision is the answer of a Chain. The zero value does not allow.
type Decision struct {
	Effect    Effect `json:"effect"`
	Tier      int    `json:"tier"`      // index of the tier that decided; of the Required tier that stayed undecided; -1 when none did
	Set       int    `json:"set"`       // index of the deciding set in its tier, -1 when none
	Source    int    `json:"source"`    // index of the deciding source in its set, -1 when none
	Statement int    `json:"statement"` // index of the deciding statement in its document, -1 when none
}

// Allowed reports whether the request may go ahead.
func (d Decision) Allowed() bool { return d.Effect == Allow }
