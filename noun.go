package pratique

import "iter"

// noun is what a kind that has manifests can do.
type noun struct {
	put    func(*editor, Manifest) error
	remove func(*editor, Delete) error
	from   func(s *Snapshot, name string) iter.Seq[any]
	find   func(s *Snapshot, nameOrID string) (any, bool)
}

// nounOf finds the noun of a kind; false for a kind that has no manifests.
func nounOf(k Kind) (noun, bool) {
	n, ok := map[Kind]noun{
		KindProject:             nounIn((*editor).putProject, (*editor).deleteProject, func(s *Snapshot) Table[*Project] { return s.Projects }),
		KindEnterpriseProject:   nounIn((*editor).putEnterpriseProject, (*editor).deleteEnterpriseProject, func(s *Snapshot) Table[*EnterpriseProject] { return s.EnterpriseProjects }),
		KindUser:                nounIn((*editor).putUser, (*editor).deleteUser, func(s *Snapshot) Table[*User] { return s.Users }),
		KindGroup:               nounIn((*editor).putGroup, (*editor).deleteGroup, func(s *Snapshot) Table[*Group] { return s.Groups }),
		KindRole:                nounIn((*editor).putRole, (*editor).deleteRole, func(s *Snapshot) Table[*Role] { return s.Roles }),
		KindGrant:               nounIn((*editor).putGrant, (*editor).deleteGrant, func(s *Snapshot) Table[*Grant] { return s.Grants }),
		KindNamespacePermission: nounIn((*editor).putNamespacePermission, (*editor).deleteNamespacePermission, func(s *Snapshot) Table[*NamespacePermission] { return s.NamespacePermissions }),
		KindIdentityProvider:    nounIn((*editor).putIdentityProvider, (*editor).deleteIdentityProvider, func(s *Snapshot) Table[*IdentityProvider] { return s.IdentityProviders }),
		KindPolicy: {
			put: (*editor).putPolicy, remove: (*editor).deletePolicy,
			from: func(s *Snapshot, name string) iter.Seq[any] { return anys(s.Policies.From(name)) },
			find: func(s *Snapshot, name string) (any, bool) { return s.Policy(name) }, // the system's too
		},
	}[k]
	return n, ok
}

func nounIn[P object](put func(*editor, Manifest) error, remove func(*editor, Delete) error, table func(*Snapshot) Table[P]) noun {
	return noun{
		put: put, remove: remove,
		from: func(s *Snapshot, name string) iter.Seq[any] { return anys(table(s).From(name)) },
		find: func(s *Snapshot, name string) (any, bool) { return table(s).Find(name) },
	}
}
