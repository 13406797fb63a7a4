package answers

import (
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
}
