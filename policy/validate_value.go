package policy

import (
	"net/netip"
	"strings"
	"time"
)

// validValue reports whether a text of a document has the type that an operator asks for. Every text is a string.
func validValue(kind valueKind, s string) bool {
	switch kind {
	case valueNumber:
		return isDecimal(s)
	case valueDate:
		_, ok := parseDate(s)
		return ok
	case valueBool, valueNull:
		return s == "true" || s == "false"
	case valueIP:
		_, ok := parseNetwork(s)
		return ok
	case valueString:
	}
	return true
}

// valueExample shows what a value of a type looks like, for hints.
func valueExample(kind valueKind) string {
	switch kind {
	case valueNumber:
		return `write a decimal number, such as "10" or "-2.5"`
	case valueDate:
		return `write a date and time with a zone, such as "2026-11-21T23:59:59Z"`
	case valueBool, valueNull:
		return `write "true" or "false"`
	case valueIP:
		return `write an address or a block, such as "192.0.2.1" or "2001:db8::/32"`
	case valueString:
	}
	return ""
}

// isDecimal reports whether s is a plain decimal number. Exponents are refused: no sample of either vendor has one, and "1e999999999"
// costs its reader a gigabyte.
func isDecimal(s string) bool {
	s = strings.TrimPrefix(s, "-")
	whole, fraction, point := strings.Cut(s, ".")
	return isDigits(whole) && (!point || isDigits(fraction))
}

func isDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// parseDate reads a moment in ISO 8601 as both vendors write it: RFC 3339, with or without seconds. A date without a zone is refused: the
// vendors say UTC, their customers mean local time.
func parseDate(s string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04Z07:00"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// parseNetwork reads an address or a CIDR block; a lone address is the block of itself. IPv4 written as IPv6 is IPv4. Zones are refused.
func parseNetwork(s string) (netip.Prefix, bool) {
	if addr, err := netip.ParseAddr(s); err == nil {
		if addr.Zone() != "" {
			return netip.Prefix{}, false
		}
		addr = addr.Unmap()
		return netip.PrefixFrom(addr, addr.BitLen()), true
	}
	prefix, err := netip.ParsePrefix(s)
	if err != nil {
		return netip.Prefix{}, false
	}
	if addr := prefix.Addr(); addr.Is4In6() {
		if prefix.Bits() < 96 {
			return netip.Prefix{}, false
		}
		prefix = netip.PrefixFrom(addr.Unmap(), prefix.Bits()-96)
	}
	return prefix.Masked(), true
}
