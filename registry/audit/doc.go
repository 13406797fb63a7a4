// Package audit is the audit log as pure functions: what a record says, the form in which it is
// stored and hashed, the chain that the records are, and how a chain is verified (docs/spec/51,
// section 4).
//
// A record is stored as a text, in JSON, and the SHA-256 of that text. The text holds the number of
// the record and the hash of the one before it. So whoever changes, removes, adds or reorders
// records must write all later ones anew, and even that shows when the hash of a later record was
// noted somewhere else.
//
// Start with record.go, then chain.go. The package reads no clock and no store.
package audit
