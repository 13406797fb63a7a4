// Package output prints what a call of the command line found: as indented JSON, or as lines of
// cells with tabs between (docs/spec/40, sections 11 and 12).
//
// It knows no operation: the order of members and the form of times and numbers are decided before.
package output
