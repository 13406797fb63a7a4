package answers

import (
	"context"

	"github.com/drover-iot/drover/engine/jobs"
	"github.com/drover-iot/drover/internal/clock"
	"github.com/drover-iot/drover/store"
)

// Service answers questions. Its methods may be called concurrently.
type Service struct {
	Store store.Store
	Clock clock.Clock
	// Jobs decides what a request would do, for those that are asked about before they are made.
	Jobs *jobs.Service
	Devices
	// Sizes knows how large artifacts are; nil knows of none.
	Sizes Sizes

	readings readings
}

// Sizes knows how large the artifacts in the server's own store are.
type Sizes interface {
	// Size is the size of an artifact in bytes; known is false for one that is not there.
	Size(ctx context.Context, key string) (bytes int64, known bool)
}
