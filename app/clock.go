package app

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/drover-iot/drover/gateway"
	"github.com/drover-iot/drover/internal/clock"
	"github.com/drover-iot/drover/internal/fault"
)

// clockHandler serves /_drover/clock and /_drover/reset. They exist for test benches: a test makes
// a server with a virtual clock, moves it by a month in a moment, and empties the server
// afterwards. Every answer, also one to a reset, is the clock:
// {"now":"2030-01-02T15:04:05Z","mode":"virtual"}. The body of a POST is JSON, {} for a reset.
type clockHandler struct {
	engine timeEngine
	// virtual is the engine's clock when it is a virtual one, else nil: then the clock can be read
	// and nothing more.
	virtual *clock.Virtual
	// allow checks the caller of a request before its body is read, and returns the check of the
	// body. An error of either is the answer.
	allow func(*http.Request) (checkBody func([]byte) error, err error)
}

// timeEngine is the part of an engine that has to do with its clock.
type timeEngine interface {
	Now() time.Time
	// Advance and AdvanceToNext return when everything due has run.
	Advance(ctx context.Context, to time.Time) error
	AdvanceToNext(ctx context.Context) (bool, error)
	// Reset deletes all jobs, things and the like.
	Reset(ctx context.Context) error
}

// maxClockBody is the largest body that is read here, in bytes.
const maxClockBody = 4 << 10

func (h *clockHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	err := h.serve(w, r)
	w.Header().Set("Content-Type", "application/json")
	if !gateway.IsIdentified(r) { // then the connection does not last
		w.Header().Set("Connection", "close")
	}
	if err != nil {
		gateway.HangUp(w, r)
		w.WriteHeader(clockStatus(err))
		answer := map[string]string{"message": clockMessage(err)}
		_ = json.NewEncoder(w).Encode(answer) // the caller may be gone
		return
	}
	mode := "real"
	if h.virtual != nil {
		mode = "virtual"
	}
	answer := map[string]string{"now": h.engine.Now().Format(time.RFC3339Nano), "mode": mode}
	_ = json.NewEncoder(w).Encode(answer) // the caller may be gone
}

// serve finds out who calls, reads the body and does what the request asks for. That may take long:
// a year of a fleet, or everything that is deleted. So then no time limits hold any more.
func (h *clockHandler) serve(w http.ResponseWriter, r *http.Request) error {
	checkBody, err := h.allow(r)
	if err != nil {
		return err
	}
	body, err := gateway.ReadBody(w, r, maxClockBody)
	if err == nil {
		err = checkBody(body)
	}
	if err != nil {
		return err
	}
	limits := http.NewResponseController(w)
	_ = limits.SetReadDeadline(time.Time{})  // not supported in tests only
	_ = limits.SetWriteDeadline(time.Time{}) // likewise
	return h.act(r, body)
}

// clockStatus is the HTTP status for an error. What is not listed is a refused caller.
func clockStatus(err error) int {
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
	case f.Code == fault.Unavailable:
		return http.StatusServiceUnavailable
	}
	return http.StatusForbidden
}

// clockMessage is what a caller is told about an error. Callers are on this machine or have a key
// of an operator, so the text of a failure is not kept from them.
func clockMessage(err error) string {
	if f := fault.Of(err); f != nil {
		return f.Message
	}
	return err.Error()
}

// act does what a request asks for.
func (h *clockHandler) act(r *http.Request, body []byte) error {
	switch r.Method + " " + r.URL.Path {
	case "GET /_drover/clock":
		return nil
	case "POST /_drover/clock":
		if h.virtual == nil {
			return fault.New(fault.Invalid,
				"the clock is the real one; start the server with --clock virtual to move it")
		}
		return h.advance(r.Context(), body)
	case "POST /_drover/reset":
		if h.virtual == nil {
			return fault.New(fault.Invalid,
				"reset wipes everything; it exists only with --clock virtual")
		}
		if err := readObject(body, &struct{}{}); err != nil {
			return fault.New(fault.Invalid, "the body must be {}: %v", err)
		}
		return h.engine.Reset(r.Context())
	}
	return fault.New(fault.UnknownOperation,
		"there are GET and POST /_drover/clock, and POST /_drover/reset")
}

// advanceRequest is the body of POST /_drover/clock. Exactly one member is set.
type advanceRequest struct {
	Advance string `json:"advance"` // by a duration: 90m, 30d
	Set     string `json:"set"`     // to a time of RFC 3339
	Next    bool   `json:"next"`    // to the next time at which something is due
}

// readObject reads a JSON object without members that are unknown.
func readObject(body []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	return decoder.Decode(into)
}

// advance moves the virtual clock as the body says.
func (h *clockHandler) advance(ctx context.Context, body []byte) error {
	var in advanceRequest
	if err := readObject(body, &in); err != nil {
		return fault.New(fault.Invalid,
			`the body must be {"advance":"90m"}, {"set":"2030-01-02T15:04:05Z"} or `+
				`{"next":true}: %v`, err)
	}
	switch {
	case in.Advance != "" && in.Set == "" && !in.Next:
		by, err := clock.ParseDuration(in.Advance)
		if err != nil {
			return fault.New(fault.Invalid, "advance: %v", err)
		}
		return h.engine.Advance(ctx, h.virtual.Now().Add(by))
	case in.Set != "" && in.Advance == "" && !in.Next:
		to, err := time.Parse(time.RFC3339, in.Set)
		if err != nil {
			return fault.New(fault.Invalid,
				"set: %q is not a time such as 2030-01-02T15:04:05Z", in.Set)
		}
		return h.engine.Advance(ctx, to)
	case in.Next && in.Advance == "" && in.Set == "":
		_, err := h.engine.AdvanceToNext(ctx)
		return err
	}
	return fault.New(fault.Invalid, "give exactly one of advance, set, next")
}
