// Package schema is the one description of an API. Go structs give the shape of a request or response, named types
// give the constraints of their values, and one row per operation (Op) gives its route, errors and paging.
//
// Routing, decoding, validation and encoding are walks over that description; so are command-line flags, skeletons,
// OpenAPI and metrics. Reflection happens once per type, into a Shape; a request only follows its Shape.
//
// The package knows no job and never reads a clock. Start with Op (op.go) and Shape (shape.go); a request's path is
// route.go, bind.go, decode.go, encode.go.
package schema
