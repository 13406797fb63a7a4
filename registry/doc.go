// Package registry decides about things, thing groups, thing types, certificates and policies: what
// a name may be, which groups a thing may join, what may be changed, and what may be deleted. The
// languages have packages of their own, registry/policy and registry/fleetquery.
//
// It is pure: facts in, answers out; no clock, no store, no I/O. What is looked up, and in which
// order requests are refused, is the engine's business. Start with types.go for the nouns, then
// arn.go for names on the wire; each noun's rules stand in the file that is named after it.
package registry
