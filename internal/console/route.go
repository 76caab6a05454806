package console

// route is one row of the table. An open one needs nobody to be signed in.
type route struct {
	pattern string
	handle  handler
	open    bool
}

// routes lists every page and every form. A page is a GET and changes nothing; a form is a POST.
func (c *Console) routes() []route {
	const get, post = "GET " + Prefix, "POST " + Prefix
	out := []route{
		{get + "login", c.loginPage, true},
		{post + "login", c.login, true},
		{get + "login/code", c.codePage, true},
		{post + "login/code", c.loginCode, true},
		{post + "resume", c.resume, true},
		{post + "logout", c.logout, false},
		{post + "theme", c.setTheme, true},
		{get + "password", c.password, false},
		{post + "password", c.setPassword, false},
		{post + "sessions/{id}/end", c.endSession, false},
		{get + "{$}", c.overview, false},
		{get, c.nothingHere, false},
	}
	out = append(out, c.mfaRoutes()...)
	out = append(out, c.oidcRoutes()...)
	out = append(out, c.identityRoutes()...)
	out = append(out, c.providerRoutes()...)
	out = append(out, c.clusterRoutes()...)
	out = append(out, c.wizardRoutes()...)
	out = append(out, c.addonRoutes()...)
	out = append(out, c.permissionRoutes()...)
	out = append(out, c.proofRoutes()...)
	return out
}
