// Package fleetquery is the query language of fleet indexing: it compiles queries, decides which
// things they match, and from that which dynamic groups a thing belongs to (docs/spec/33, section
// 7).
//
// It is pure: a Subject holds all that a query may ask about a thing, and the caller gathers it.
// Start with query.go; parse.go, range.go and word.go read the text, check.go compares values, and
// dynamic.go chooses among dynamic groups.
package fleetquery
