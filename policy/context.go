package policy

// UsesContext reports whether an answer of the chain can depend on the request's Context: a statement has conditions, or a resource with
// variables. When it cannot, the caller need not gather the context.
func (c Chain) UsesContext() bool {
	for _, t := range c {
		if t.Skipped != "" {
			continue
		}
		for _, s := range t.Sets {
			if s.usesContext() {
				return true
			}
		}
	}
	return false
}

func (s *Set) usesContext() bool { return s != nil && s.context }

// usesContext looks through the statements of a compiled document.
func (c *Compiled) usesContext() bool {
	if c == nil {
		return false
	}
	for i := range c.rules {
		r := &c.rules[i]
		if len(r.conditions) > 0 {
			return true
		}
		for j := range r.resources {
			if r.resources[j].kind == resourceTemplate {
				return true
			}
		}
	}
	return false
}
