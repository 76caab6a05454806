// Package policy reads, checks, compiles and decides policy documents in two languages: Alibaba Cloud RAM
// ("Version": "1") and Huawei Cloud IAM ("1.1" fine-grained policies and "1.0" system roles).
//
// The three steps meet only at the syntax tree:
//
//	bytes ──Parser.Parse──▶ Document ──Compile──▶ Set ──Chain.Decide──▶ Decision
//	                            │                          └─Chain.Explain─▶ Explanation
//	                            └─Canonical, Format, Lint
//
// A Set is an immutable, indexed collection of statements; a Chain is an ordered list of tiers of Sets. The languages differ in
// their matching rules, operators and chains, not in the evaluator. The zero Decision does not allow.
//
// The package is pure: no clock, disk, network, log or context. The time of a request is one of its attributes.
// Every type is safe for concurrent reading once it has been built.
package policy
