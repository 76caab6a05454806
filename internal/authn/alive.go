package authn

import "github.com/pratique-iam/pratique"

// alive answers whether a principal may act now, having come in a certain way. Every kind of credential asks it, at every use, so that disabling or
// deleting a user ends all of them at once. The principal is who it is, also when it may not act; a reason that is not empty says why not.
func alive(snap *pratique.Snapshot, ref pratique.Ref, way pratique.Access) (p pratique.Principal, reason string) {
	if ref.Kind != pratique.KindUser {
		// An assumed role acts by the leave of whoever assumed it: validRole looks at its session, and no other credential is a role's.
		return p, "credentials of this kind of principal are not accepted"
	}
	if ref.ID == pratique.RootID {
		return pratique.Principal{
			Account: snap.Account.ID, Type: pratique.PrincipalRoot, ID: pratique.RootID, Name: pratique.RootID,
		}, ""
	}
	u, ok := snap.Users.ID(ref.ID)
	if !ok {
		return p, "the user does not exist"
	}
	p = pratique.Principal{Account: snap.Account.ID, Type: pratique.PrincipalUser, ID: u.ID, Name: u.Name}
	_, vouched := snap.Vouched(u)
	switch {
	case u.Disabled:
		return p, "the user is disabled"
	case !vouched:
		return p, "the identity provider of the user is gone"
	case !u.May(way):
		return p, "the user has no " + string(way) + " access"
	default:
		return p, ""
	}
}

// refOf is the principal as credentials name it.
func refOf(p pratique.Principal) pratique.Ref {
	switch p.Type {
	case pratique.PrincipalRoot, pratique.PrincipalUser:
		return pratique.Ref{Kind: pratique.KindUser, ID: p.ID}
	case pratique.PrincipalRole:
		return pratique.Ref{Kind: pratique.KindRole, ID: p.ID}
	default:
		return pratique.Ref{}
	}
}
