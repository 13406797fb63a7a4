// Package value holds what the command line reads, sends and shows: JSON whose objects keep the
// order of their keys and whose numbers keep their text. Go's own maps and float64 would lose
// both, and the reference command line loses neither.
//
// ParseJSON reads a value (parse.go) and AppendJSON writes one (append.go). The package knows no
// operation and no option.
package value
