package kube

import (
	"strings"

	"github.com/pratique-iam/pratique"
)

// Left says which of our groups a review names that its user is no longer in; "" when there is none. A token names groups and lives for ten
// minutes, and Kubernetes believes it: without this, leaving a group would take that long to count inside clusters.
func Left(s *pratique.Snapshot, r *Review, who pratique.Ref) string {
	for _, name := range r.Groups {
		id, ours := strings.CutPrefix(name, Prefix)
		if !ours || name == AdministratorsGroup || s.Member(who.ID, id) {
			continue
		}
		if g, ok := s.Groups.ID(id); ok {
			return "the token names group " + g.Name + ", which its user is no longer in"
		}
		return "the token names a group that its user is no longer in"
	}
	return ""
}
