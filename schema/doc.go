// Package schema is the one description of an API. Go structs give the shape of a request or
// response, named types give the constraints of their values, and one row for each operation (Op)
// gives its route, errors and paging.
//
// Routing, decoding, validation and encoding walk over that description; so do the command line
// and the client. Reflection happens once for each type, into a Shape; a request only follows its
// Shape.
//
// The package knows no job and never reads a clock. Start with Op (op.go) and Shape (shape.go); a
// request's path through a server is route.go, bind.go, decode.go, encode.go.
//
// It is meant for other modules too: what it exports keeps working within a major version.
package schema
