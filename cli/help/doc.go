// Package help makes the pages that describe the command line: of each operation, of each service,
// of drover itself and its own commands. A page is made once, as data (page.go), and shown as text
// for a terminal (text.go) or as a man page (man.go).
//
// Pages of operations are walks over the tables of package command and the doc comments of the API,
// so that an operation has a page as soon as it is described. Only the examples are written by
// hand, in the folder examples. Rules R-CMD-123 to R-CMD-126 are in docs/spec/40.
package help
