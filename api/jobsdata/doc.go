// Package jobsdata describes the device plane: the operations that devices call over HTTPS
// (operations.go), the same over MQTT topics (topics.go) with their payloads (payloads.go), and
// the values both use (types.go). It holds facts only.
//
// The two wires differ in small ways on purpose: over HTTP an execution carries thingName and its
// document is a string; over MQTT there is no thingName and the document is JSON (R-MQTT-9,
// R-MQTT-15). All times are whole epoch seconds (R-HTTP-8, R-MQTT-10).
//
// It is meant for other modules too: what it exports keeps working within a major version.
package jobsdata

import (
	"embed"
	"sync"

	"github.com/drover-iot/drover/schema"
)

//go:embed *.go
var source embed.FS

// Docs returns the doc comments of this package, which are the help texts of the command line.
var Docs = sync.OnceValues(func() (schema.Docs, error) { return schema.ReadDocs(source) })

// Lenient is how bodies and payloads of devices are read: number and boolean strings are accepted
// (R-HTTP-20), so are numbers and booleans in statusDetails (R-MQTT-47) and invalid UTF-8 inside
// strings (R-CLI-15); nesting ends at 8.
var Lenient = schema.Decoding{Lenient: true, Depth: 8}
