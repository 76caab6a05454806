package policy

import (
	"cmp"
	"net/netip"
	"strings"
	"time"
)

// parsed is a value of a document or a request in the type that an operator asks for; one member is set.
type parsed struct {
	text    string // also the digits of a number: comparing them needs no other form
	moment  time.Time
	network netip.Prefix
	truth   bool
}

// parseValue reads a text of a document. The parser refuses what is not understood here; stored and hand-made documents, and values with
// variables, come here without it.
func parseValue(kind valueKind, s string) (p parsed, ok bool) {
	switch kind {
	case valueString:
		return parsed{text: s}, true
	case valueNumber:
		return parsed{text: s}, isDecimal(s)
	case valueDate:
		p.moment, ok = parseDate(s)
	case valueIP:
		p.network, ok = parseNetwork(s)
	case valueBool, valueNull:
		p.truth = equalFold(s, "true")
		ok = p.truth || equalFold(s, "false")
	}
	return p, ok
}

// parseRequest reads a value of a request: like a value of a document, but an address is one address and not a block.
func parseRequest(kind valueKind, s string) (parsed, bool) {
	p, ok := parseValue(kind, s)
	if kind == valueIP {
		ok = ok && p.network.IsSingleIP() && !strings.Contains(s, "/")
	}
	return p, ok
}

// compareTyped compares a value of the request with one of the document; both have the operator's type.
func compareTyped(op opInfo, have, want *parsed) bool {
	switch op.value {
	case valueNumber:
		return ordering(op.base, compareDecimal(have.text, want.text))
	case valueDate:
		return ordering(op.base, have.moment.Compare(want.moment))
	case valueBool:
		return have.truth == want.truth
	case valueIP:
		return want.network.Contains(have.network.Addr())
	case valueString, valueNull:
	}
	return false
}

// ordering says whether an operator is content with how have compares to want.
func ordering(base opKind, sign int) bool {
	switch base {
	case opEquals:
		return sign == 0
	case opLess:
		return sign < 0
	case opLessEq:
		return sign <= 0
	case opGreater:
		return sign > 0
	case opGreaterEq:
		return sign >= 0
	case opUnknown, opEqualsFold, opMatch, opStartWith, opEndWith, opBoolean, opIPAddress, opNull, opNullOrEmpty:
	}
	return false
}

// compareDecimal compares two decimal numbers digit by digit. A float64 would take 9007199254740993 for 9007199254740992, and big.Rat
// allocates; the texts are all that is needed. Both must satisfy isDecimal.
func compareDecimal(a, b string) int {
	aNegative, aWhole, aFraction := decimal(a)
	bNegative, bWhole, bFraction := decimal(b)
	sign := 1
	switch {
	case aNegative && bNegative:
		sign = -1
	case aNegative:
		return -1
	case bNegative:
		return 1
	}
	return sign * cmp.Or(cmp.Compare(len(aWhole), len(bWhole)), strings.Compare(aWhole, bWhole), strings.Compare(aFraction, bFraction))
}

// decimal takes a number apart: whole digits without leading zeros, fraction without trailing ones. Zero is not negative.
func decimal(s string) (negative bool, whole, fraction string) {
	s, negative = strings.CutPrefix(s, "-")
	whole, fraction, _ = strings.Cut(s, ".")
	whole, fraction = strings.TrimLeft(whole, "0"), strings.TrimRight(fraction, "0")
	return negative && whole+fraction != "", whole, fraction
}
