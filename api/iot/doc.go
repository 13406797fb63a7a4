// Package iot describes the control plane: every operation on jobs, templates and the registry,
// with the structures it takes and answers. It holds facts only; what an operation does stands in
// the engine.
//
// A structure's fields stand in the order of the API model. A field that is a pointer, slice or
// map is optional. Constraints that are tighter than the model's name the rule that asks for it.
// Start with service.go, then jobs.go.
//
// It is meant for other modules too: what it exports keeps working within a major version.
package iot

import (
	"embed"
	"sync"

	"github.com/drover-iot/drover/schema"
)

//go:embed *.go
var source embed.FS

// Docs returns the doc comments of this package, which are the help texts of the command line.
var Docs = sync.OnceValues(func() (schema.Docs, error) { return schema.ReadDocs(source) })
