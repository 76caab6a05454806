package console

// identityRoutes are those about who there is.
func (c *Console) identityRoutes() []route {
	return c.groupRoutes()
}
