// Package records is the use cases of the audit log: reading and verifying it, cutting what is older
// than it is kept, and recording what the server does to jobs by itself and what becomes of operator
// keys (docs/spec/51, section 4). The records of what operators ask for are made where their changes
// are committed, by package engine/commit.
//
// Start with service.go.
package records
