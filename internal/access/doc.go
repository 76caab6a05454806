// Package access answers whether a principal may do something, says why, and is the one door through which a directory changes.
//
//	Query ──resolve──▶ walks (one per dialect) ──chain of the principal──▶ Decision ──▶ reason, Explanation
//	Changes ──Snapshot.With──▶ Plan.Needs ──Decide each──▶ Store.Update (objects and audit record in one transaction)
//
// It reads snapshots and knows no store, network or clock: the Gate is given a Store, and time comes with the query.
package access
