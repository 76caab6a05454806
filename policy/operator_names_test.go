package policy

import "testing"

func TestEveryListedOperatorIsKnown(t *testing.T) {
	t.Parallel()
	for _, d := range []Dialect{RAM, Huawei} {
		for _, name := range operatorNames(d) {
			if _, ok := lookupOperator(d, name); !ok {
				t.Errorf("%s does not know %s", d, name)
			}
		}
	}
}

func TestOperatorsAreTakenApart(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]opInfo{
		"ForAllValues:StringNotLikeIfExists": {base: opMatch, negated: true, ifExists: true, set: setForAll},
		"ForAnyValue:StringEqualsIgnoreCase": {base: opEqualsFold, set: setForAny},
		"StringStartWithAnyOf":               {base: opStartWith},
		"NumberLessThanEqualsIfExists":       {base: opLessEq, ifExists: true, value: valueNumber},
		"NumericGreaterThan":                 {base: opGreater, value: valueNumber},
		"DateNotEquals":                      {base: opEquals, negated: true, value: valueDate},
		"NotIpAddressIfExists":               {base: opIPAddress, negated: true, ifExists: true, value: valueIP},
		"IsNullOrEmpty":                      {base: opNullOrEmpty, value: valueNull},
	} {
		if got, ok := lookupOperator(Huawei, name); !ok || got != want {
			t.Errorf("%s: got %+v, %v", name, got, ok)
		}
		if _, ok := lookupOperator(RAM, name); ok && name != "NumericGreaterThan" && name != "DateNotEquals" {
			t.Errorf("RAM knows %s", name)
		}
	}
}

func TestNamesThatAreNoOperatorsAreUnknown(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"", "stringEquals", "StringEqual", "Number", "Date", "IfExists", "ForAllValues:", "ForAllValues:ForAnyValue:StringEquals",
		"StringEqualsIfExistsIfExists", "NumberNumericEquals", "NumberEqualsAnyOf", "NullIfExists", "ForAnyValue:IsNullOrEmpty", "BoolEquals",
	} {
		for _, d := range []Dialect{NoDialect, RAM, Huawei} {
			if info, ok := lookupOperator(d, name); ok {
				t.Errorf("%s knows %q: %+v", d, name, info)
			}
		}
	}
}
