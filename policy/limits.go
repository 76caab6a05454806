package policy

import "math"

// NoLimit says, in a field of Limits, that there is none. Zero does not: a limit that somebody forgot to set lets nothing through.
const NoLimit = math.MaxInt

// Limits says how much a document may hold. Characters are Unicode characters of the text as submitted, white space included. The vendors
// change these numbers from year to year, so they are data; a document is refused when it is over one, never shortened.
type Limits struct {
	Characters        int // of an identity policy
	SessionCharacters int // of a session policy
	TrustCharacters   int // of a trust policy
	Statements        int
	Actions           int // in one statement
	ActionLength      int // characters
	Resources         int // in one statement
	ResourceLength    int // characters; of a URI as well
	URIs              int // in one statement of the agency form
	Operators         int // in one Condition
	Keys              int // under one operator
	ValueLength       int // characters of a condition value or key
	Depends           int
	Bytes             int // of the text, looked at before anything else
}

// DefaultLimits returns the numbers of the vendors' documentation for a dialect. NoDialect gets the zero Limits, which refuse everything.
//
// Huawei: the error table of its IAM API (IAM.1021 to IAM.1058) and a request body of 32 KB. RAM: CreatePolicy and AssumeRole; a limit of
// trust policies is known to exist but its number is not published: 4,096 is that of other documents of the same age. RAM counts nothing
// but characters.
func DefaultLimits(d Dialect) Limits {
	const body = 32 << 10
	switch d {
	case RAM:
		return Limits{
			Characters: 6144, SessionCharacters: 2048, TrustCharacters: 4096,
			Statements: NoLimit, Actions: NoLimit, ActionLength: NoLimit, Resources: NoLimit, ResourceLength: NoLimit,
			Operators: NoLimit, Keys: NoLimit, ValueLength: NoLimit, Bytes: body,
		}
	case Huawei:
		return Limits{
			Characters: 6144, Statements: 8, Actions: 100, ActionLength: 128, Resources: 10, ResourceLength: 1500, URIs: 20,
			Operators: 10, Keys: 10, ValueLength: 1024, Depends: 20, Bytes: body,
		}
	case NoDialect:
	}
	return Limits{}
}

// systemBytes bounds documents of the catalogue, which are ours and longer than a customer's may be.
const systemBytes = 1 << 20

// counts returns the limits that apply to a kind. What ships in the catalogue is limited in the length of its texts and in the
// dependencies of a role, but not in counts: the vendors' own system policies are far over those.
func (l Limits) counts(k Kind) Limits {
	if k == System {
		l.Characters, l.Statements, l.Actions, l.Resources = NoLimit, NoLimit, NoLimit, NoLimit
		l.URIs, l.Operators, l.Keys, l.Bytes = NoLimit, NoLimit, NoLimit, systemBytes
	}
	return l
}

// characters returns the limit on the text of a document of a kind.
func (l Limits) characters(k Kind) int {
	switch k {
	case Trust:
		return l.TrustCharacters
	case Session:
		return l.SessionCharacters
	case Identity, System:
	}
	return l.Characters
}
