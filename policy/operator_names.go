package policy

import "strings"

// opKind is what a condition operator does to one value of a request and one value of a document. Its zero value is no operator at all:
// a document that was stored before an operator was withdrawn must not fall into the first row of a table.
type opKind uint8

const (
	opUnknown opKind = iota
	opEquals
	opEqualsFold
	opMatch
	opStartWith
	opEndWith
	opLess
	opLessEq
	opGreater
	opGreaterEq
	opBoolean
	opIPAddress
	opNull
	opNullOrEmpty
)

// setKind tells how the several values of one key in a request are taken together.
type setKind uint8

const (
	setNone setKind = iota
	setForAll
	setForAny
)

// valueKind is the type that the values of an operator must have, in the document and in the request.
type valueKind uint8

const (
	valueString valueKind = iota
	valueNumber
	valueDate
	valueBool
	valueIP
	valueNull // "true" or "false", said about the key and not about its value
)

// opInfo is a condition operator taken apart.
type opInfo struct {
	base     opKind
	negated  bool
	ifExists bool
	set      setKind
	value    valueKind
}

// lookupOperator finds a condition operator by its exact name. Names are compared with their case: every sample of both vendors has
// it, and a document that relies on anything else is more likely misspelt than meant.
//
// RAM has neither prefixes nor suffixes ("The condition operator '…' is not supported"). Huawei has the set prefixes ForAllValues: and
// ForAnyValue:, the suffix IfExists on everything but the two null tests, and an older family beside the current one.
func lookupOperator(d Dialect, name string) (opInfo, bool) {
	switch d {
	case RAM:
		info := ramOperator(name)
		return info, info.base != opUnknown
	case Huawei:
		return lookupHuawei(name)
	case NoDialect:
	}
	return opInfo{}, false
}

func lookupHuawei(name string) (opInfo, bool) {
	set := setNone
	if rest, ok := strings.CutPrefix(name, "ForAllValues:"); ok {
		set, name = setForAll, rest
	} else if rest, ok := strings.CutPrefix(name, "ForAnyValue:"); ok {
		set, name = setForAny, rest
	}
	name, ifExists := strings.CutSuffix(name, "IfExists")
	info := huaweiOperator(name)
	if info.base == opUnknown {
		return opInfo{}, false
	}
	// A null test asks about the key itself: "if it exists" and "for all its values" would make it say nothing.
	if info.value == valueNull && (ifExists || set != setNone) {
		return opInfo{}, false
	}
	info.set, info.ifExists = set, ifExists
	return info, true
}

// ramOperator is the complete official set of RAM.
func ramOperator(name string) opInfo {
	switch name {
	case "StringEquals":
		return opInfo{base: opEquals}
	case "StringNotEquals":
		return opInfo{base: opEquals, negated: true}
	case "StringEqualsIgnoreCase":
		return opInfo{base: opEqualsFold}
	case "StringNotEqualsIgnoreCase":
		return opInfo{base: opEqualsFold, negated: true}
	case "StringLike":
		return opInfo{base: opMatch}
	case "StringNotLike":
		return opInfo{base: opMatch, negated: true}
	}
	return typedOperator(name)
}

// huaweiOperator knows both families of Huawei's names, without prefix and suffix. The ...AnyOf forms mean what the plain ones mean:
// several values of a document are alternatives in either.
func huaweiOperator(name string) opInfo {
	switch name {
	case "StringEquals", "StringEqualsAnyOf":
		return opInfo{base: opEquals}
	case "StringNotEquals", "StringNotEqualsAnyOf":
		return opInfo{base: opEquals, negated: true}
	case "StringEqualsIgnoreCase", "StringEqualsIgnoreCaseAnyOf":
		return opInfo{base: opEqualsFold}
	case "StringNotEqualsIgnoreCase", "StringNotEqualsIgnoreCaseAnyOf":
		return opInfo{base: opEqualsFold, negated: true}
	case "StringMatch", "StringLike", "StringLikeAnyOf":
		return opInfo{base: opMatch}
	case "StringNotMatch", "StringNotLike", "StringNotLikeAnyOf":
		return opInfo{base: opMatch, negated: true}
	case "StringStartWith", "StringStartWithAnyOf":
		return opInfo{base: opStartWith}
	case "StringEndWith", "StringEndWithAnyOf":
		return opInfo{base: opEndWith}
	case "Null":
		return opInfo{base: opNull, value: valueNull}
	case "IsNullOrEmpty":
		return opInfo{base: opNullOrEmpty, value: valueNull}
	}
	// Number… is the official spelling; Numeric… is met in the wild and cannot mean anything else.
	if rest, ok := strings.CutPrefix(name, "Number"); ok {
		return ordered("Numeric"+rest, "Numeric", valueNumber)
	}
	return typedOperator(name)
}

// typedOperator holds what both dialects share: numbers, dates, booleans and addresses.
func typedOperator(name string) opInfo {
	switch name {
	case "Bool":
		return opInfo{base: opBoolean, value: valueBool}
	case "IpAddress":
		return opInfo{base: opIPAddress, value: valueIP}
	case "NotIpAddress":
		return opInfo{base: opIPAddress, negated: true, value: valueIP}
	}
	if info := ordered(name, "Numeric", valueNumber); info.base != opUnknown {
		return info
	}
	return ordered(name, "Date", valueDate)
}

// ordered takes a comparison apart: prefix and one of six endings.
func ordered(name, prefix string, value valueKind) opInfo {
	ending, ok := strings.CutPrefix(name, prefix)
	if !ok {
		return opInfo{}
	}
	switch ending {
	case "Equals":
		return opInfo{base: opEquals, value: value}
	case "NotEquals":
		return opInfo{base: opEquals, negated: true, value: value}
	case "LessThan":
		return opInfo{base: opLess, value: value}
	case "LessThanEquals":
		return opInfo{base: opLessEq, value: value}
	case "GreaterThan":
		return opInfo{base: opGreater, value: value}
	case "GreaterThanEquals":
		return opInfo{base: opGreaterEq, value: value}
	}
	return opInfo{}
}

// operatorNames lists the official names of a dialect, for hints.
func operatorNames(d Dialect) []string {
	number := "Numeric"
	names := []string{"StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", "StringLike", "StringNotLike"}
	if d == Huawei {
		number = "Number"
		names = append(names, "StringMatch", "StringNotMatch", "StringStartWith", "StringEndWith", "Null", "IsNullOrEmpty")
	}
	for _, ending := range []string{"Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals"} {
		names = append(names, number+ending, "Date"+ending)
	}
	return append(names, "Bool", "IpAddress", "NotIpAddress")
}
