// Package device is the device plane: what things ask and what they are told, the same over MQTT and HTTPS. It
// translates: wire in, one engine call, wire out. It knows no connection; package app joins it to the broker and to the
// HTTPS listener.
//
// mqtt.go answers requests on topics, announce.go tells things what changed, wire.go turns executions into payloads.
package device

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/drover-iot/drover/engine"
	"github.com/drover-iot/drover/engine/jobs"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/internal/rates"
	"github.com/drover-iot/drover/store"
)

// MaxPending is how many executions a list shows (R-ORD-5, R-MQTT-19).
const MaxPending = 10

// MaxPayload is the largest payload that is sent (R-MQTT-16).
const MaxPayload = 128 << 10

// Plane answers devices.
type Plane struct {
	Engine *engine.Engine
	Log    *slog.Logger
	// Publish sends a message to whoever subscribes to its topic; it never blocks. Subscribed reports whether anybody
	// does.
	Publish    func(topic string, payload []byte)
	Subscribed func(topic string) bool
	// Reads limits GetPending and Describe together, Writes limits StartNext and Update together, of all things; nil does
	// not (R-LIM-50).
	Reads, Writes *rates.Limit
}

// admit refuses a request that comes too soon.
func admit(limit *rates.Limit) error {
	if limit.Admits() {
		return nil
	}
	return fault.New(fault.Throttled, "too many requests of this kind; try again in a moment")
}

// Notify announces to things that their pending executions changed: jobs/notify, then jobs/notify-next (R-MQTT-43). Each
// carries the state as of now, which is that of its commit or newer. An error means that not all were notified.
func (p *Plane) Notify(ctx context.Context, notices []store.Notice) error {
	names, err := p.Engine.Jobs.ThingNames(ctx, notices)
	if err != nil {
		return err
	}
	for i, n := range notices {
		if names[i] == "" {
			continue
		}
		if err := p.announce(ctx, n, names[i]); err != nil {
			return fmt.Errorf("thing %s: %w", names[i], err)
		}
	}
	return nil
}

// next is the job id that stands for the first pending execution of a thing (R-HTTP-15).
const next = "$next"

// find finds an execution by its job id; for "$next" the first pending one, whatever the number. The result is nil only
// for "$next" with nothing pending.
func (p *Plane) find(
	ctx context.Context, thing, jobID string, number *int64, withDocument bool,
) (*jobs.DeviceExecution, error) {
	if jobID == next {
		return p.Engine.Jobs.Next(ctx, thing, withDocument)
	}
	return p.Engine.Jobs.Describe(ctx, thing, jobID, number, withDocument)
}
