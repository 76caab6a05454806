package kube

import "github.com/pratique-iam/pratique"

// Ended is the refusal of an identity whose session has ended, or what that hangs on, with what helps: a role is not signed in to.
func Ended(s *pratique.Snapshot, who pratique.Ref, reason string) string {
	if who.Kind == pratique.KindRole {
		reason += "; assume the role again"
		if name := s.PrincipalName(who); plain(name) {
			reason += ": pratique assume-role " + name
		}
		return reason
	}
	return reason + "; run: pratique login"
}
