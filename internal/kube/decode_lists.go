package kube

// extra reads one key of the user's extra and its values. Slots of an earlier review are used again, with their memory.
func (d *decoder) extra(key string) error {
	r := d.r
	for i := range r.Extra {
		if r.Extra[i].Key == key {
			return invalid("the extra %q stands twice", clip(key))
		}
	}
	if len(r.Extra) == maxExtra {
		r.refuse("the user has too many extras")
		return d.skip()
	}
	var slot Extra
	if len(r.Extra) < cap(r.Extra) {
		slot = r.Extra[:len(r.Extra)+1][len(r.Extra)]
	}
	r.Extra = append(r.Extra, Extra{Key: key, Values: slot.Values[:0]})
	if d.null() {
		return nil
	}
	return d.list((*decoder).extraValue)
}

func (d *decoder) extraValue() error {
	s, err := d.text()
	if err != nil {
		return err
	}
	e := &d.r.Extra[len(d.r.Extra)-1]
	if len(e.Values) == maxExtra {
		d.r.refuse("an extra of the user has too many values")
		return nil
	}
	e.Values = append(e.Values, s)
	return nil
}

// selector reads a selector. Its raw form is for people who ask by hand: kube-apiserver sends requirements, and what is not understood
// narrows nothing.
func (d *decoder) selector(name string) error {
	switch name {
	case "requirements":
		return d.several(0, name, (*decoder).requirement)
	case "rawSelector":
		if err := d.once(1, name); err != nil {
			return err
		}
		return d.skip()
	default:
		return d.unknown("spec.resourceAttributes.selector", name, "requirements", "rawSelector")
	}
}

func (d *decoder) requirement() error {
	d.required, d.strange = Requirement{}, false
	if err := d.object((*decoder).requirementMember); err != nil {
		return err
	}
	if d.strange {
		d.required.Operator = "" // what is not known could turn the meaning round
	}
	list := &d.r.Labels
	if d.fields {
		list = &d.r.Fields
	}
	if len(*list) == maxRequirements {
		d.r.refuse("a selector has too many requirements")
		return nil
	}
	*list = append(*list, d.required)
	return nil
}

func (d *decoder) requirementMember(name string) error {
	switch name {
	case "key":
		return d.set(0, name, &d.required.Key)
	case "operator":
		return d.set(1, name, (*string)(&d.required.Operator))
	case "values":
		return d.several(2, name, (*decoder).requirementValue)
	default:
		d.strange = true
		return d.unknown("spec.resourceAttributes.selector.requirements", name, "key", "operator", "values")
	}
}

func (d *decoder) requirementValue() error {
	s, err := d.text()
	if err != nil {
		return err
	}
	if len(d.required.Values) == maxValues {
		d.r.refuse("a selector has too many values")
		return nil
	}
	d.required.Values = append(d.required.Values, s)
	return nil
}
