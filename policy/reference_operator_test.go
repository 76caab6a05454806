package policy

import (
	"math/big"
	"net/netip"
	"regexp"
	"strings"
	"time"
)

// refOperator is an operator taken apart: prefix, bare positive name, negation, suffix.
type refOperator struct {
	prefix   string // "", "ForAllValues" or "ForAnyValue"
	family   string // String, Number, Date, Bool, Ip, Presence
	name     string // what is compared: "Equals", "LessThan", …
	negated  bool
	ifExists bool
}

// refParseOperator knows the operators by their full names in each language, exactly as written.
func refParseOperator(dialect Dialect, text string) (refOperator, bool) {
	var op refOperator
	if dialect == Huawei {
		for _, prefix := range []string{"ForAllValues", "ForAnyValue"} {
			if rest, ok := strings.CutPrefix(text, prefix+":"); ok {
				op.prefix, text = prefix, rest
			}
		}
		if rest, ok := strings.CutSuffix(text, "IfExists"); ok {
			op.ifExists, text = true, rest
		}
		if text == "Null" || text == "IsNullOrEmpty" {
			op.family, op.name = "Presence", text
			return op, op.prefix == "" && !op.ifExists
		}
	}
	for line := range strings.SplitSeq(refOperatorTable, "\n") {
		fields := strings.Fields(line)
		if len(fields) == 5 && fields[0] == text && (fields[1] == "both" || fields[1] == dialect.String()) {
			op.family, op.name, op.negated = fields[2], fields[3], fields[4] == "not"
			return op, true
		}
	}
	return op, false
}

const refOperatorTable = `
StringEquals                    both   String Equals            is
StringNotEquals                 both   String Equals            not
StringEqualsIgnoreCase          both   String EqualsIgnoreCase  is
StringNotEqualsIgnoreCase       both   String EqualsIgnoreCase  not
StringLike                      both   String Like              is
StringNotLike                   both   String Like              not
StringMatch                     Huawei String Like              is
StringNotMatch                  Huawei String Like              not
StringStartWith                 Huawei String StartWith         is
StringEndWith                   Huawei String EndWith           is
StringEqualsAnyOf               Huawei String Equals            is
StringNotEqualsAnyOf            Huawei String Equals            not
StringEqualsIgnoreCaseAnyOf     Huawei String EqualsIgnoreCase  is
StringNotEqualsIgnoreCaseAnyOf  Huawei String EqualsIgnoreCase  not
StringLikeAnyOf                 Huawei String Like              is
StringNotLikeAnyOf              Huawei String Like              not
StringStartWithAnyOf            Huawei String StartWith         is
StringEndWithAnyOf              Huawei String EndWith           is
NumericEquals                   both   Number Equals            is
NumericNotEquals                both   Number Equals            not
NumericLessThan                 both   Number LessThan          is
NumericLessThanEquals           both   Number LessThanEquals    is
NumericGreaterThan              both   Number GreaterThan       is
NumericGreaterThanEquals        both   Number GreaterThanEquals is
NumberEquals                    Huawei Number Equals            is
NumberNotEquals                 Huawei Number Equals            not
NumberLessThan                  Huawei Number LessThan          is
NumberLessThanEquals            Huawei Number LessThanEquals    is
NumberGreaterThan               Huawei Number GreaterThan       is
NumberGreaterThanEquals         Huawei Number GreaterThanEquals is
DateEquals                      both   Date   Equals            is
DateNotEquals                   both   Date   Equals            not
DateLessThan                    both   Date   LessThan          is
DateLessThanEquals              both   Date   LessThanEquals    is
DateGreaterThan                 both   Date   GreaterThan       is
DateGreaterThanEquals           both   Date   GreaterThanEquals is
Bool                            both   Bool   Equals            is
IpAddress                       both   Ip     Contains          is
NotIpAddress                    both   Ip     Contains          not
`

// parses reports whether a policy value fits the operator.
func (op refOperator) parses(text string) bool {
	switch op.family {
	case "Ip":
		_, ok := refPrefix(text)
		return ok
	case "Presence":
		return refIsBool(text)
	default:
		return op.parsesRequest(text)
	}
}

// parsesRequest reports whether a request value fits the operator.
func (op refOperator) parsesRequest(text string) bool {
	ok := true
	switch op.family {
	case "Number":
		_, ok = refNumber(text)
	case "Date":
		_, ok = refDate(text)
	case "Bool":
		ok = refIsBool(text)
	case "Ip":
		_, ok = refAddress(text)
	}
	return ok
}

// compare takes a request value and a policy value that both fit the operator.
func (op refOperator) compare(have string, pattern []refRune) bool {
	want := refString(pattern)
	switch op.family {
	case "Number":
		a, _ := refNumber(have)
		b, _ := refNumber(want)
		return op.ordered(a.Cmp(b))
	case "Date":
		a, _ := refDate(have)
		b, _ := refDate(want)
		return op.ordered(a.Compare(b))
	case "Ip":
		a, _ := refAddress(have)
		b, _ := refPrefix(want)
		return b.Contains(a)
	case "Bool":
		return refFold(have) == refFold(want)
	}
	switch op.name {
	case "Like":
		return refGlob(pattern, []rune(have))
	case "EqualsIgnoreCase":
		return refFold(have) == refFold(want)
	case "StartWith":
		return strings.HasPrefix(have, want)
	case "EndWith":
		return strings.HasSuffix(have, want)
	default:
		return have == want
	}
}

func (op refOperator) ordered(sign int) bool {
	switch op.name {
	case "LessThan":
		return sign < 0
	case "LessThanEquals":
		return sign <= 0
	case "GreaterThan":
		return sign > 0
	case "GreaterThanEquals":
		return sign >= 0
	default:
		return sign == 0
	}
}

var refDecimal = regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?$`)

func refNumber(text string) (*big.Rat, bool) {
	if !refDecimal.MatchString(text) {
		return nil, false
	}
	return new(big.Rat).SetString(text)
}

func refIsBool(text string) bool { return refFold(text) == "true" || refFold(text) == "false" }

// refDate reads a date with time and zone; the seconds may be left out, as ISO 8601 has it.
func refDate(text string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04Z07:00"} {
		if date, err := time.Parse(layout, text); err == nil {
			return date, true
		}
	}
	return time.Time{}, false
}

// refAddress reads an address. IPv4 written as IPv6 is IPv4; a zone has no place in a policy.
func refAddress(text string) (netip.Addr, bool) {
	addr, err := netip.ParseAddr(text)
	return addr.Unmap(), err == nil && addr.Zone() == ""
}

// refPrefix reads an address or a CIDR, which must lie on one side of the border between IPv4 and IPv6.
func refPrefix(text string) (netip.Prefix, bool) {
	if addr, ok := refAddress(text); ok {
		return netip.PrefixFrom(addr, addr.BitLen()), true
	}
	prefix, err := netip.ParsePrefix(text)
	if err != nil || !prefix.Addr().Is4In6() {
		return prefix, err == nil
	}
	return netip.PrefixFrom(prefix.Addr().Unmap(), prefix.Bits()-96), prefix.Bits() >= 96
}
