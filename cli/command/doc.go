// Package command holds the tables of the command line and the reading of its words. A table says
// which options an operation has; reading sorts the words of a line into options with their
// values and plain words. All tables are walks over the description in package schema.
//
// The interpreter (package cli), the help and man pages, and completion read the same tables, so
// that none of them can know an option which another does not know. No value is read here: what a
// word means to its member is a matter of package cli.
//
// Start with Option (option.go) and Line (words.go). Rules R-CMD are in docs/spec/40.
package command
