package console

import "slices"

// identityRoutes are those about who there is and what they hold.
func (c *Console) identityRoutes() []route {
	return slices.Concat(c.groupRoutes(), c.userRoutes(), c.roleRoutes(), c.grantRoutes(), c.policyRoutes(), c.placeRoutes(projects()), c.placeRoutes(enterpriseProjects()))
}
