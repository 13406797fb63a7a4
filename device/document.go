package device

import (
	"github.com/drover-iot/drover/engine/jobs"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/job"
)

// Every document that a device gets goes through deliver, whatever it asked for and over whichever
// protocol (R-DOC-10): there its placeholders become URLs. Operators see the placeholders
// (R-PRE-5).

// deliver puts presigned URLs into the document of an execution, new ones each time (R-PRE-1). It
// is called with what a use case has returned. A document that cannot be delivered is the
// operator's concern, so it is logged as well (R-PRE-12).
func (p *Plane) deliver(
	thing string, x *jobs.DeviceExecution, err error,
) (*jobs.DeviceExecution, error) {
	if err == nil && x != nil && x.Document != "" && x.URLLifetime != 0 {
		if x.Document, err = p.WithURLs(x.Document, x.Delivery(thing)); err != nil {
			err = job.Undeliverable(x.JobID, err)
		}
	}
	if fault.Is(err, fault.Undeliverable) {
		p.Log.Warn("job document cannot be delivered", "thing", thing, "err", err)
	}
	if err != nil {
		return nil, err
	}
	return x, nil
}
