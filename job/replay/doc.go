// Package replay says what other settings would have done to a job (docs/spec/51, section 3): its
// recorded releases and outcomes are played once more, with job's own functions.
//
// It is pure. Start with replay.go.
package replay
