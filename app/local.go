package app

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/drover-iot/drover/gateway"
	"github.com/drover-iot/drover/internal/fault"
)

// localHandler serves the paths below /_drover/ that are no operations: the clock of the server and
// its nodes. They are for programs on the same machine and for operators (R-WIRE-31). Bodies
// and answers are JSON.
type localHandler struct {
	// allow checks the caller of a request before its body is read, and returns the check of the
	// body. An error of either is the answer.
	allow func(*http.Request) (checkBody func([]byte) error, err error)
	calls map[string]localCall // by method and path: GET /_drover/clock
}

// A localCall answers one request.
type localCall func(ctx context.Context, body []byte) (answer any, err error)

// maxLocalBody is the largest body that is read here, in bytes.
const maxLocalBody = 4 << 10

func (h *localHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	answer, err := h.serve(w, r)
	w.Header().Set("Content-Type", "application/json")
	if !gateway.IsIdentified(r) { // then the connection does not last
		w.Header().Set("Connection", "close")
	}
	if err != nil {
		refuseLocal(w, r, err)
		return
	}
	_ = json.NewEncoder(w).Encode(answer) // the caller may be gone
}

// refuseLocal answers an error, and ends the connection.
func refuseLocal(w http.ResponseWriter, r *http.Request, err error) {
	gateway.HangUp(w, r)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(localStatus(err))
	_ = json.NewEncoder(w).Encode(map[string]string{"message": localMessage(err)})
}

// serve finds out who calls, reads the body and does what the request asks for. That may take long:
// a year of a fleet, or everything that is deleted. So then no time limits hold any more.
func (h *localHandler) serve(w http.ResponseWriter, r *http.Request) (any, error) {
	checkBody, err := h.allow(r)
	if err != nil {
		return nil, err
	}
	body, err := gateway.ReadBody(w, r, maxLocalBody)
	if err == nil {
		err = checkBody(body)
	}
	if err != nil {
		return nil, err
	}
	limits := http.NewResponseController(w)
	_ = limits.SetReadDeadline(time.Time{})  // not supported in tests only
	_ = limits.SetWriteDeadline(time.Time{}) // likewise
	call, exists := h.calls[r.Method+" "+r.URL.Path]
	if !exists {
		return nil, fault.New(fault.UnknownOperation, "there are GET and POST /_drover/clock, "+
			"POST /_drover/reset, GET /_drover/nodes, and what steers jobs")
	}
	return call(r.Context(), body)
}

// localStatus is the HTTP status for an error. What is not listed is a refused caller.
func localStatus(err error) int {
	f := fault.Of(err)
	switch {
	case f == nil:
		return http.StatusInternalServerError
	case f.Code == fault.UnknownOperation:
		return http.StatusNotFound
	case f.Code == fault.Invalid:
		return http.StatusBadRequest
	case f.Code == fault.TooLarge:
		return http.StatusRequestEntityTooLarge
	case f.Code == fault.Unauthorized:
		return http.StatusUnauthorized
	case f.Code == fault.Unavailable:
		return http.StatusServiceUnavailable
	}
	return http.StatusForbidden
}

// localMessage is what a caller is told about an error. Callers are on this machine or have a key
// of an operator, so the text of a failure is not kept from them.
func localMessage(err error) string {
	if f := fault.Of(err); f != nil {
		return f.Message
	}
	return err.Error()
}
