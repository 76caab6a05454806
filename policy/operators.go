package policy

// Operators lists the condition operators of a dialect in the vendor's current spelling, for editors. Huawei's set prefixes and its suffix
// IfExists can be put around them; its older spellings are read but not listed.
func Operators(d Dialect) []string {
	typed := func(number string) []string {
		var out []string
		for _, family := range []string{number, "Date"} {
			for _, test := range []string{"Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals"} {
				out = append(out, family+test)
			}
		}
		return append(out, "Bool", "IpAddress", "NotIpAddress")
	}
	texts := []string{"StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase"}
	switch d {
	case RAM:
		return append(append(texts, "StringLike", "StringNotLike"), typed("Numeric")...)
	case Huawei:
		return append(append(texts, "StringMatch", "StringNotMatch", "StringStartWith", "StringEndWith", "Null"), typed("Number")...)
	case NoDialect:
	}
	return nil
}
