// Package addon says what an add-on lacks, and what would give it that.
//
//	catalog.Addon ─┐
//	Snapshot ──────┼─▶ Precheck.Items ──▶ report ──▶ Precheck.Propose ──▶ changes, for the Gate
//	settings ──────┘
//	manifests, rbacsync.View ─▶ InCluster ──▶ the same report
//
// It asks the same Decider that will be asked when the controller acts, for the same principal, so that a report does not have an opinion of its
// own. Everything here is a function of its arguments: reading clusters and storing reports is for internal/api.
//
// # What a permission is tried with
//
// A permission names patterns of resources; a decision is about one name. Whether a principal may do something on all that a pattern covers
// cannot be told from one answer, so the precheck asks about a name that nobody has a policy for: the pattern with the region and the account of the
// cluster filled in, and "precheck" wherever a '*' is left. A policy for one gateway by its id therefore counts as missing, although it may be
// enough today; a Deny for one gateway does not show. The first is the safe side, the second is what the doctor and the audit records are for.
// Only what holds in the whole account counts: a grant in a resource group says nothing of resources that are not there yet.
package addon
