// Package drover describes the operations of this server that the vendor's API has no counterpart
// for: below /_drover/, how jobs are steered (docs/spec/50), and questions about jobs that change
// nothing (docs/spec/51). They belong to the control plane: its errors, its paging, and the
// signature of an operator, made for the service iot. It holds facts only.
//
// Values that the vendor's API has, too, have the types of package iot. Start with service.go, then
// steering.go.
//
// It is meant for other modules too: what it exports keeps working within a major version.
package drover

import (
	"embed"
	"sync"

	"github.com/drover-iot/drover/schema"
)

//go:embed *.go
var source embed.FS

// Docs returns the doc comments of this package, which are the help texts of the operations.
var Docs = sync.OnceValues(func() (schema.Docs, error) { return schema.ReadDocs(source) })
