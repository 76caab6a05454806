package api

import (
	"context"
	"iter"
	"slices"
	"strings"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/internal/web"
)

type factorsIn struct {
	pageIn
	User           string `query:"user" doc:"name or id; empty: oneself"`
	All            bool   `query:"all" doc:"everybody who has a factor, and the administrators who have none"`
	Administrators bool   `query:"administrators" doc:"with all: administrators only"`
}

// factors tells of one's own factor or that of somebody else; or, to whoever may do mfa.list, who has one.
func (a *API) factors(_ context.Context, c Call, in factorsIn) (apiv1.List[apiv1.MFA], error) {
	s := c.Snapshot
	out := apiv1.List[apiv1.MFA]{Revision: s.Generation}
	if in.All && in.User != "" || in.Administrators && !in.All {
		return out, web.Invalid("give either user or all, and administrators with all only")
	}
	if in.All {
		return a.allFactors(c, in)
	}
	id, err := a.owner(c, in.User, "mfa.get")
	if err != nil {
		return out, err
	}
	if id == c.Who.ID && c.Who.Type == pratique.PrincipalRole {
		return out, web.Invalid("a role has no second factor; name a user")
	}
	out.Items = []apiv1.MFA{factorOf(s, id, mightiest(s))}
	return out, nil
}

func (a *API) allFactors(c Call, in factorsIn) (apiv1.List[apiv1.MFA], error) {
	s := c.Snapshot
	out := apiv1.List[apiv1.MFA]{Revision: s.Generation}
	if err := a.Gate.May(s, c.Who, pratique.Need{Operation: "mfa.list"}, c.Source); err != nil {
		return out, err
	}
	from, limit, err := in.bounds()
	if err != nil {
		return out, err
	}
	admins := mightiest(s)
	add := func(m apiv1.MFA) { // what is neither is left out
		if m.Administrator || m.Enrolled && !in.Administrators {
			out.Items = append(out.Items, m)
		}
	}
	if from == "" {
		add(factorOf(s, pratique.RootID, admins))
	}
	walk := s.Users.From(from)
	if in.Administrators {
		walk = byName(s, admins, from)
	}
	for u := range walk {
		if len(out.Items) >= limit {
			out.Next = nextPage(u.Name)
			break
		}
		add(factorOf(s, u.ID, admins))
	}
	return out, nil
}

// byName walks the users with some ids in the order of their names: administrators are few, where users are many.
func byName(s *pratique.Snapshot, ids map[string]bool, from string) iter.Seq[*pratique.User] {
	var users []*pratique.User
	for id := range ids {
		if u, ok := s.Users.ID(id); ok && pratique.Fold(u.Name) >= pratique.Fold(from) {
			users = append(users, u)
		}
	}
	slices.SortFunc(users, func(x, y *pratique.User) int { return strings.Compare(pratique.Fold(x.Name), pratique.Fold(y.Name)) })
	return slices.Values(users)
}

func factorOf(s *pratique.Snapshot, id string, admins map[string]bool) apiv1.MFA {
	out := apiv1.MFA{User: s.PrincipalName(pratique.Ref{Kind: pratique.KindUser, ID: id}), Administrator: admins[id]}
	if m, ok := s.MFAs.ID(id); ok {
		out.Enrolled, out.Confirmed, out.Created, out.RecoveryCodes = true, m.Confirmed, m.Created.Time(), len(m.Recovery)
	}
	return out
}

// mightiest are the root and the users who sign in at a console and hold, themselves or by a group, a policy of the system with which
// one can give oneself anything.
func mightiest(s *pratique.Snapshot) map[string]bool {
	out := map[string]bool{pratique.RootID: true}
	add := func(userID string) {
		if u, ok := s.Users.ID(userID); ok && u.May(pratique.Console) {
			out[userID] = true
		}
	}
	for _, name := range []string{"Security Administrator", "Tenant Administrator", "AdministratorAccess"} {
		p, ok := s.Policy(name)
		if !ok {
			continue
		}
		for g := range s.GrantsWith(p.ID) {
			switch g.Principal.Kind { //nolint:exhaustive // roles are assumed, with the factor of whoever assumes them
			case pratique.KindUser:
				add(g.Principal.ID)
			case pratique.KindGroup:
				if group, ok := s.Groups.ID(g.Principal.ID); ok {
					for _, id := range group.Members {
						add(id)
					}
				}
			}
		}
	}
	return out
}
