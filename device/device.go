package device

import (
	"context"
	"log/slog"
	"time"

	"github.com/drover-iot/drover/engine/jobs"
	"github.com/drover-iot/drover/internal/clock"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/internal/rates"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/store"
)

// MaxPayload is the largest payload that is sent, in bytes (R-MQTT-16).
const MaxPayload = 128 << 10

// Executions is the use cases that the plane translates to; *jobs.Service is one. In all of them a
// thing that is not in the registry is fault.NotFound.
type Executions interface {
	Pending(ctx context.Context, thing string, limit int) ([]jobs.DeviceExecution, error)
	Next(ctx context.Context, thing string, withDocument bool) (*jobs.DeviceExecution, error)
	Describe(
		ctx context.Context, thing, jobID string, number *int64, withDocument bool,
	) (*jobs.DeviceExecution, error)
	StartNext(
		ctx context.Context, thing string, details map[string]string, stepMinutes *int64,
	) (*jobs.DeviceExecution, error)
	Report(
		ctx context.Context, thing, jobID string, r job.Report, withDocument bool,
	) (*jobs.DeviceExecution, error)
	ThingNames(ctx context.Context, notices []store.Notice) ([]string, error)
}

// Plane answers devices.
type Plane struct {
	Jobs Executions
	// Now is the time in payloads: that of the engine's clock.
	Now func() time.Time
	Log *slog.Logger
	// WithURLs returns a document with presigned URLs in place of its placeholders, for one
	// delivery. It is called for documents with placeholders only.
	WithURLs func(document string, d job.Delivery) (string, error)
	// Publish sends a message to whoever subscribes to its topic; it never blocks. Subscribed
	// reports whether anybody does.
	Publish    func(topic string, payload []byte)
	Subscribed func(topic string) bool
	notified   notifiedHeads
	// Seen is called with the thing of each request over MQTT, which need not be named like the
	// client: one may speak for several things. May be nil.
	Seen func(thing string)
	// Reads limits GetPending and Describe together, Writes limits StartNext and Update together,
	// of all things. Nil does not limit (R-LIM-50).
	Reads, Writes *rates.Limit
	// PendingShown returns how many executions of jobs without windows a list shows (R-ORD-5,
	// R-MQTT-19, R-LIM-30). Nil is the default.
	PendingShown func() int
	// Answered is called with each request that was answered. May be nil.
	Answered func(Answered)
}

// The transports of requests.
const (
	OverMQTT  = "mqtt"
	OverHTTPS = "http"
)

// Answered is a request that was answered.
type Answered struct {
	Transport string
	Operation string // its name; empty when there is none with its path or topic
	Code      string // how it was refused, as its transport says it; empty when it was not
	Took      time.Duration
}

// CountAnswer reports a request that was answered to who counts them.
func (p *Plane) CountAnswer(transport, operation, code string, began time.Time) {
	if p.Answered == nil {
		return
	}
	p.Answered(Answered{
		Transport: transport,
		Operation: operation,
		Code:      code,
		Took:      clock.Now().Sub(began),
	})
}

// checkRate refuses a request that comes too soon.
func checkRate(limit *rates.Limit) error {
	if limit.Allow() {
		return nil
	}
	return fault.New(fault.Throttled, "too many requests of this kind; try again in a moment")
}
