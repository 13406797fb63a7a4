// Package failures finds out which things of a job fail (docs/spec/51, section 3): it counts the first
// attempts that have ended, by what their things have in common, and says where failures are more
// frequent than chance explains.
//
// It is pure. Start with counter.go.
package failures
