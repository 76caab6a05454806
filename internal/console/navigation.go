package console

import "github.com/pratique-iam/pratique/internal/console/ui"

// navigation is the list on the side of every page.
func navigation() []ui.NavGroup {
	return []ui.NavGroup{
		{Links: []ui.NavLink{
			{Section: "overview", Title: "Overview", Href: Prefix},
			{Section: "my-access", Title: "My access", Href: at("my-access")},
		}},
		{Title: "Fleet", Links: []ui.NavLink{
			{Section: "clusters", Title: "Clusters", Href: at("clusters")},
			{Section: "addons", Title: "Add-ons", Href: at("addons")},
			{Section: "jobs", Title: "Jobs", Href: at("jobs")},
			{Section: "permissions", Title: "Permissions", Href: at("permissions")},
		}},
		{Title: "Identity", Links: []ui.NavLink{
			{Section: "users", Title: "Users", Href: at("users")},
			{Section: "groups", Title: "User groups", Href: at("groups")},
			{Section: "roles", Title: "Roles", Href: at("roles")},
			{Section: "policies", Title: "Policies", Href: at("policies")},
			{Section: providersSection, Title: "Identity providers", Href: at(providersSection)},
			{Section: "projects", Title: "Projects", Href: at("projects")},
			{Section: "enterprise-projects", Title: "Enterprise projects", Href: at("enterprise-projects")},
		}},
		{Title: "Proof", Links: []ui.NavLink{
			{Section: "simulator", Title: "Simulator", Href: at("simulator")},
			{Section: "who-can", Title: "Who can", Href: at("who-can")},
			{Section: "audit", Title: "Audit", Href: at("audit")},
		}},
	}
}
