// Package registry decides about things, thing groups, certificates and policies: what a name may be, which groups a
// thing may join, which things a query matches, what a policy allows. It is pure: facts in, answers out; no clock, no
// store, no I/O. Start with types.go for the nouns, arn.go for names on the wire, policy.go and query.go for evaluation.
package registry
