// Package answers is the questions that operators ask and that change nothing (docs/spec/51): what a
// job will come to, why a device does not update, which devices fail, what other settings would have
// done. The answers themselves are pure functions of packages below job; this package reads the facts
// for them.
//
// Everything here reads the store beside the commits and never waits for one. Start with service.go.
package answers
