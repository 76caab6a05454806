// Package catalog is what exists: services, operations, cluster types, system roles and system policies, read from embedded data files.
//
// Every thing that Pratique can do is a row here, with its name and its resource in each dialect. Routes, prechecks, editors, documentation
// and the linter read this table, and nothing else knows these names. The package owns the data and answers questions about it; it
// decides nothing.
//
//	data/services.yaml ─────────┐
//	data/operations/*.yaml ─────┤
//	data/cluster-types.yaml ────┼─Load─▶ cross-check ─▶ Catalog
//	data/policies{.yaml,/*.json}┤
//	data/cce-tables.yaml ───────┘
//
// A Catalog is immutable and safe for concurrent use. Callers get pointers into it and must not write through them.
package catalog
