package policy

import (
	"slices"
	"strings"
)

// conditions reads {operator: {key: values}} and flattens it, in the order of the text.
func (r *reader) conditions(m *member) []Condition {
	if m == nil {
		return nil
	}
	n := &m.value
	switch {
	case n.kind != '{':
		r.refuse(n.pos, "IAM.1050", "Condition must be an object, and this is "+describe(n.kind), `write {"<operator>": {"<key>": ["<value>"]}}`)
		return nil
	case len(n.members) == 0 && r.dialect == Huawei:
		// RAM's own tools write "Condition": {} and mean none; Huawei counts from one.
		r.refuse(n.pos, "IAM.1050", "Condition is empty", "remove it")
	}
	r.limit(n.pos, "IAM.1050", "operators in one Condition", len(n.members), r.limits.Operators)
	var list []Condition
	for i := range n.members {
		list = append(list, r.operator(&n.members[i])...)
	}
	return list
}

func (r *reader) operator(m *member) []Condition {
	info, ok := lookupOperator(r.dialect, m.name)
	if !ok {
		r.refuse(m.pos, "IAM.1059", "condition operator "+quote(m.name)+" is not supported", r.operatorHint(m.name))
	}
	n := &m.value
	switch {
	case n.kind != '{':
		r.refuse(n.pos, "IAM.1051", "operator "+quote(m.name)+" takes an object, and this is "+describe(n.kind), `write {"<key>": ["<value>"]}`)
		return nil
	case len(n.members) == 0:
		r.refuse(n.pos, "IAM.1054", "operator "+quote(m.name)+" has no key", "remove it")
	}
	r.limit(n.pos, "IAM.1054", "keys under one operator", len(n.members), r.limits.Keys)
	var list []Condition
	seen := make(map[string]bool, len(n.members))
	for i := range n.members {
		key := &n.members[i]
		if folded := foldText(key.name); seen[folded] {
			// Both would have to hold, which reads like a list of alternatives.
			r.refuse(key.pos, "IAM.1052", "condition key "+quote(key.name)+" stands twice under "+quote(m.name)+", in another case", "put the values into one list")
		} else {
			seen[folded] = true
		}
		c := r.condition(m.name, key)
		if ok {
			r.values(c, info)
		}
		list = append(list, c)
	}
	return list
}

// operatorHint explains a name that is an operator elsewhere, or finds the nearest.
func (r *reader) operatorHint(name string) string {
	if _, ok := lookupOperator(Huawei, name); ok {
		return "it is an operator of Huawei IAM; RAM has neither prefixes, nor IfExists, nor Null"
	}
	known := operatorNames(r.dialect)
	if r.dialect == Huawei {
		for _, base := range slices.Clip(known) {
			known = append(known, base+"IfExists")
		}
	}
	return didYouMean(name, known)
}

// condition reads one key and its values.
func (r *reader) condition(operator string, key *member) Condition {
	r.length(Value{Text: key.name, Pos: key.pos}, "IAM.1052", "a condition key", r.limits.ValueLength)
	if key.name == "" || strings.Contains(key.name, " ") || hasControl(key.name) {
		r.refuse(key.pos, "IAM.1052", "condition key "+quote(key.name)+" is empty or contains a space", "")
	}
	values := r.list(key, listRule{name: "the value of " + quote(key.name), notList: "IAM.1053", empty: "IAM.1053"})
	return Condition{Operator: operator, Key: key.name, Values: values, Pos: key.pos}
}

// values checks that the values fit the operator. A value with a variable cannot be checked before a request fills it in.
func (r *reader) values(c Condition, info opInfo) {
	for _, v := range c.Values {
		if r.dialect == Huawei {
			r.length(v, "IAM.1056", "a condition value", r.limits.ValueLength)
			if v.Text == "" {
				r.refuse(v.Pos, "IAM.1056", "a condition value is empty", "")
				continue
			}
			parts, err := parseTemplate(v.Text, true, info.base == opMatch)
			if err != nil {
				r.refuse(v.Pos, "IAM.1057", "condition value "+quote(v.Text)+": "+err.Error(), variableHint)
				continue
			}
			if hasVariable(parts) {
				continue
			}
		}
		if !validValue(info.value, v.Text) {
			r.refuse(v.Pos, "IAM.1055", "condition value "+quote(v.Text)+" does not fit operator "+quote(c.Operator), valueExample(info.value))
		}
	}
}

func hasVariable(parts []part) bool {
	for _, p := range parts {
		if p.key != "" {
			return true
		}
	}
	return false
}
