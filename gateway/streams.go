package gateway

import (
	"net/http"

	"github.com/drover-iot/drover/internal/fault"
)

// AllowStream checks the caller of a request without a body that is answered by a stream of events.
// It may be called again while the stream lasts. Faults: Invalid for a request with a body, else
// those of Begin.
func (a *OperatorAuth) AllowStream(r *http.Request) error {
	if r.ContentLength != 0 {
		return fault.New(fault.Invalid, "the request must have no body")
	}
	s, err := a.Begin(r)
	if err == nil {
		err = s.finish(nil)
	}
	if err == nil {
		markIdentified(r)
	}
	return err
}
