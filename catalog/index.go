package catalog

import "slices"

// index builds the maps. Of two things with one key the first stays; check reports the second.
func (c *Catalog) index() {
	c.services = map[serviceKey]*Service{}
	c.types = map[string]*ClusterType{}
	c.policies = map[string]*SystemPolicy{}
	c.registered = map[string]string{}
	for i := range c.Services {
		s := &c.Services[i]
		putNew(c.services, serviceKey{s.Dialect, fold(s.Code)}, s)
		for _, action := range s.Actions {
			putNew(c.registered, fold(action), action)
		}
	}
	for i := range c.ClusterTypes {
		putNew(c.types, c.ClusterTypes[i].Name, &c.ClusterTypes[i])
	}
	for i := range c.Policies {
		for _, key := range c.Policies[i].keys() {
			putNew(c.policies, fold(key), &c.Policies[i])
		}
	}
	c.indexOperations()
	for _, name := range c.registered {
		c.names = append(c.names, name)
	}
	slices.Sort(c.names)
}

func (c *Catalog) indexOperations() {
	c.operations = map[string]*Operation{}
	c.actions = map[string][]*Operation{}
	c.projects = map[string]tristate{}
	for i := range c.Operations {
		o := &c.Operations[i]
		putNew(c.operations, o.ID, o)
		for _, action := range o.actions() {
			c.actions[fold(action)] = append(c.actions[fold(action)], o)
			putNew(c.registered, fold(action), action)
			c.joinProject(typeOf(action), o.EnterpriseProject)
		}
	}
}

func (c *Catalog) joinProject(kind string, supported bool) {
	t, ok := c.projects[kind]
	switch {
	case ok:
		c.projects[kind] = t.join(supported)
	case supported:
		c.projects[kind] = yes
	default:
		c.projects[kind] = no
	}
}

// actions returns all names of an operation, aliases included.
func (o *Operation) actions() []string {
	all := slices.Concat([]string{o.Huawei, o.RAM}, o.HuaweiAliases, o.RAMAliases)
	return slices.DeleteFunc(all, func(s string) bool { return s == "" })
}

func (p *SystemPolicy) keys() []string {
	return slices.DeleteFunc([]string{p.ID, p.Name, p.Alias}, func(s string) bool { return s == "" })
}

func putNew[K comparable, V any](m map[K]V, key K, value V) {
	if _, ok := m[key]; !ok {
		m[key] = value
	}
}
