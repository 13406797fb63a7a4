package app

import (
	"bytes"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/drover-iot/drover/engine"
	"github.com/drover-iot/drover/internal/clock"
	"github.com/drover-iot/drover/internal/fault"
)

// clockHandler serves /_drover/clock and /_drover/reset, which exist for test benches. Callers on this machine need no
// credentials, others an operator's signature; a page in a browser is refused.
type clockHandler struct {
	engine  *engine.Engine
	virtual *clock.Virtual // nil on the real clock
	reset   func(*http.Request) error
	verify  func(*http.Request, []byte) error
}

// move is the body of POST /_drover/clock: one of its members.
type move struct {
	Advance string `json:"advance"` // a duration: 90m, 30d
	Set     string `json:"set"`     // RFC 3339
	Next    bool   `json:"next"`    // to the next due time
}

func (h *clockHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 4<<10))
	if err == nil {
		err = h.admit(r, body)
	}
	if err == nil {
		err = h.act(r, body)
	}
	w.Header().Set("Content-Type", "application/json")
	if err != nil {
		w.WriteHeader(clockStatus(err))
		_ = json.NewEncoder(w).Encode(map[string]string{"message": err.Error()}) // the caller may be gone
		return
	}
	mode := "real"
	if h.virtual != nil {
		mode = "virtual"
	}
	_ = json.NewEncoder(w).Encode(map[string]string{"now": h.engine.Now().Format(time.RFC3339Nano), "mode": mode})
}

func clockStatus(err error) int {
	f := fault.Of(err)
	switch {
	case f == nil:
		return http.StatusInternalServerError
	case f.Code == fault.UnknownOperation:
		return http.StatusNotFound
	case f.Code == fault.Invalid:
		return http.StatusBadRequest
	case f.Code == fault.Unavailable:
		return http.StatusServiceUnavailable
	}
	return http.StatusForbidden
}

// admit lets callers on this machine in, and those with a signature. A browser sends Origin with what a page posts.
func (h *clockHandler) admit(r *http.Request, body []byte) error {
	if r.Header.Get("Origin") != "" {
		return fault.New(fault.Forbidden, "not for pages in a browser")
	}
	if host, _, err := net.SplitHostPort(r.RemoteAddr); err == nil && net.ParseIP(host).IsLoopback() {
		return nil
	}
	return h.verify(r, body)
}

// act does what the request asks for; what it answers is the clock afterwards.
func (h *clockHandler) act(r *http.Request, body []byte) error {
	switch r.Method + " " + r.URL.Path {
	case "GET /_drover/clock":
		return nil
	case "POST /_drover/clock":
		if h.virtual == nil {
			return fault.New(fault.Invalid, "the clock is the real one; start the server with --clock virtual to move it")
		}
		return h.move(r, body)
	case "POST /_drover/reset":
		if h.virtual == nil {
			return fault.New(fault.Invalid, "reset wipes everything; it exists only with --clock virtual")
		}
		return h.reset(r)
	}
	return fault.New(fault.UnknownOperation, "there are GET and POST /_drover/clock, and POST /_drover/reset")
}

// move moves the virtual clock and returns when everything due has run.
func (h *clockHandler) move(r *http.Request, body []byte) error {
	var in move
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&in); err != nil {
		return fault.New(fault.Invalid, `the body must be {"advance":"90m"}, {"set":"2030-01-02T15:04:05Z"} or {"next":true}: %v`, err)
	}
	switch {
	case in.Advance != "" && in.Set == "" && !in.Next:
		by, err := clock.ParseDuration(in.Advance)
		if err != nil {
			return fault.New(fault.Invalid, "advance: %v", err)
		}
		return h.engine.Advance(r.Context(), h.virtual.Now().Add(by))
	case in.Set != "" && in.Advance == "" && !in.Next:
		to, err := time.Parse(time.RFC3339, in.Set)
		if err != nil {
			return fault.New(fault.Invalid, "set: %q is not a time such as 2030-01-02T15:04:05Z", in.Set)
		}
		return h.engine.Advance(r.Context(), to)
	case in.Next && in.Advance == "" && in.Set == "":
		_, err := h.engine.AdvanceToNext(r.Context())
		return err
	}
	return fault.New(fault.Invalid, "give exactly one of advance, set, next")
}
