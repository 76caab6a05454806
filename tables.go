package pratique

// kindTable is a table with the kind that it holds.
type kindTable struct {
	kind Kind
	anyTable
}

// anyTable is a Table of whatever kind.
type anyTable interface {
	Len() int
	checkNames(k Kind) error
}

// tables lists everything that a snapshot holds beside the account itself. What goes through all kinds goes through this list, so that a
// new kind cannot be forgotten in one place.
func (s *Snapshot) tables() []kindTable {
	return []kindTable{
		{KindProject, s.Projects},
		{KindEnterpriseProject, s.EnterpriseProjects},
		{KindUser, s.Users},
		{KindGroup, s.Groups},
		{KindRole, s.Roles},
		{KindPolicy, s.Policies},
		{KindGrant, s.Grants},
		{KindCluster, s.Clusters},
		{KindNamespacePermission, s.NamespacePermissions},
		{KindAccessKey, s.AccessKeys},
		{KindPassword, s.Passwords},
		{KindSession, s.Sessions},
		{KindNodePool, s.NodePools},
		{KindJob, s.Jobs},
		{KindChart, s.Charts},
		{KindAddonTemplate, s.AddonTemplates},
		{KindAddon, s.Addons},
		{KindReport, s.Reports},
		{KindMFA, s.MFAs},
		{KindIdentityProvider, s.IdentityProviders},
	}
}

// StoredKinds lists every kind that is kept in a store.
func StoredKinds() []Kind {
	out := []Kind{KindAccount}
	for _, t := range new(Snapshot).tables() {
		out = append(out, t.kind)
	}
	return out
}

// Count counts what a store holds of the account: the account itself and everything in its tables.
func (s *Snapshot) Count() int {
	n := 1
	for _, t := range s.tables() {
		n += t.Len()
	}
	return n
}

// MetaOf is what every object of a directory has, which nobody may change; false for something else.
func MetaOf(o any) (*Meta, bool) {
	thing, ok := o.(object)
	if !ok {
		return nil, false
	}
	return thing.meta(), true
}
