// Package shorthand reads the short form in which structures and maps may be written on the command
// line: key=value,key=[…],key={…} (docs/spec/40, section 4).
//
// It knows no operation: Parse returns objects, lists and texts as they are written, and the caller
// gives the texts the types of the model. The parser goes over the text once, whatever it is given.
package shorthand
