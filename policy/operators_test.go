package policy

import "testing"

func TestEveryListedOperatorIsOne(t *testing.T) {
	t.Parallel()
	for _, d := range []Dialect{RAM, Huawei} {
		for _, name := range Operators(d) {
			if _, ok := lookupOperator(d, name); !ok {
				t.Errorf("%s has no operator %s", d, name)
			}
		}
	}
}
