// Package https serves the device plane over HTTP: it reads a request, asks whether its caller may
// make it, and writes the answer or the error in the plane's form (file 30, section 5). Who the
// caller is was decided before.
package https

import (
	"log/slog"
	"net/http"

	"github.com/drover-iot/drover/api"
	"github.com/drover-iot/drover/api/jobsdata"
	"github.com/drover-iot/drover/api/notoffered"
	"github.com/drover-iot/drover/device"
	"github.com/drover-iot/drover/internal/clock"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/schema"
)

// MaxBody is the largest body of a request, in bytes (R-HTTP-7).
const MaxBody = 128 << 10

// Handler serves one device plane.
type Handler struct {
	plane  *device.Plane
	router *schema.Router
	log    *slog.Logger
}

// requestIDHeader is the header of an answer with the id of its request, which the gateway has set.
const requestIDHeader = "x-amzn-RequestId"

// New returns a handler for a plane.
func New(p *device.Plane) *Handler {
	h := &Handler{plane: p, router: schema.NewRouter(&jobsdata.Service), log: p.Log}
	p.Bind(h.router)
	h.router.CheckBound()
	return h
}

// Operation is the name of the operation of a method and a path, as it was sent; empty for none.
func (h *Handler) Operation(method, rawPath string) string {
	match, err := h.router.Match(method, rawPath)
	if err != nil {
		return ""
	}
	return match.Name
}

// Authorize says whether the caller may do an operation on a thing; its error is the answer.
type Authorize func(op *schema.Description, thing string) error

// Serve answers one request. read returns its body, of at most MaxBody bytes; it is called when the
// caller may do the operation, and its error is the answer.
func (h *Handler) Serve(
	w http.ResponseWriter, r *http.Request, read func() ([]byte, error), may Authorize,
) {
	began := clock.Now()
	op, out, err := h.answer(r, read, may)
	header := w.Header()
	header.Set("Content-Type", "application/json")
	if err == nil {
		_, _ = w.Write(out) // the caller may be gone
		h.plane.CountAnswer(device.OverHTTPS, op, "", began)
		return
	}
	if fault.Of(err) == nil {
		h.log.Error("device request", "method", r.Method, "path", r.URL.Path,
			"request", w.Header().Get(requestIDHeader), "err", err)
	}
	a := api.OnDevice(err)
	h.plane.CountAnswer(device.OverHTTPS, op, string(a.Exception), began)
	if a.Status == http.StatusTooManyRequests {
		header.Set("Retry-After", "1")
	}
	header.Set("x-amzn-ErrorType", string(a.Exception))
	w.WriteHeader(a.Status)
	_, _ = w.Write(
		schema.Append(nil, refusal{Message: api.Message(err), ExecutionState: device.State(err)}))
}

// refusal is the body of an error.
type refusal struct {
	Message        string                   `json:"message"`
	ExecutionState *jobsdata.ExecutionState `json:"executionState"`
}

// answer returns the operation, as far as it was found, and the body of its response.
func (h *Handler) answer(
	r *http.Request, read func() ([]byte, error), may Authorize,
) (op string, out []byte, err error) {
	path := r.URL.EscapedPath()
	match, err := h.router.Match(r.Method, path)
	if err != nil {
		return "", nil, notoffered.Refusal(err, r.Method, path, notoffered.OfDevices...)
	}
	if err := may(match.Description, match.Label("thingName")); err != nil {
		return match.Name, nil, err
	}
	body, err := read()
	if err != nil {
		return match.Name, nil, err
	}
	call, err := match.Decode(
		schema.Parts{RawQuery: r.URL.RawQuery, Header: r.Header, Body: body}, jobsdata.Lenient)
	if err != nil {
		return match.Name, nil, err
	}
	out, err = call.Do(r.Context())
	return match.Name, out, err
}
