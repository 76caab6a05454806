package api

import (
	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/policy"
)

// servicesOf are the services in whose name a service account may ask for a role, because what it runs is theirs:
//
//   - what runs on the nodes of a cluster acts by the cluster's worker role, as a vendor's instance metadata lets it;
//   - the controller of an add-on that is installed in the cluster acts by the service role of that add-on, and nobody else in the cluster does.
//
// The trust policy of the role still decides. The name of the service account is one that its cluster has vouched for.
func servicesOf(s *pratique.Snapshot, cl *pratique.Cluster, account string, role *pratique.Role) []policy.Principal {
	if worker, ok := s.WorkerRole(cl.ID); ok && worker.ID == role.ID {
		return []policy.Principal{{Type: "Service", ID: pratique.WorkerService}}
	}
	kind, ok := s.Rules().Catalog.ClusterType(cl.Type)
	if !ok {
		return nil
	}
	var out []policy.Principal
	for i := range s.AddonsOf(cl.ID) {
		if i.State != pratique.AddonInstalled && i.State != pratique.AddonInstalling {
			continue
		}
		t, ok := s.AddonTemplate(i.Template)
		if !ok || t.ServiceAccount == "" || account != serviceAccount+t.Namespace+":"+t.ServiceAccount {
			continue
		}
		who, ok := t.Principal(kind)
		if ok && who.Role != "" && pratique.Fold(who.Role) == pratique.Fold(role.Name) {
			out = append(out, policy.Principal{Type: "Service", ID: who.Service})
		}
	}
	return out
}
