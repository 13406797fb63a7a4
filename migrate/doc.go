// Package migrate copies a fleet from one server that speaks the AWS IoT API to another: from an
// account to a Drover, from a Drover to an account, or between two Drovers (R-MOV-1). It uses nothing
// but that API, by the SDK's client at both ends.
//
// Copy in copy.go is the start: it goes through the kinds in the order in which they need each
// other, and each kind has a file. An object is read at the source, looked up in the target, and then
// created, found equal, or left as it is there. Nothing in the target is deleted or overwritten.
// What is done is seen from the target alone, so a copy that was interrupted is started again.
//
// Jobs are the hard part: a thing that has finished a job must never be given it again. jobs.go
// says how that is kept, executions.go what is known of a job's things, and catchup.go what a
// second copy does about jobs that have gone on meanwhile.
package migrate
