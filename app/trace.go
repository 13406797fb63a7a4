package app

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/drover-iot/drover/device/broker"
	"github.com/drover-iot/drover/device/trace"
	"github.com/drover-iot/drover/gateway"
	"github.com/drover-iot/drover/internal/clock"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/schema"
)

// What a device sends and gets, as a stream of JSON objects, one a line (R-BRK-47).

const (
	// tracePath is where the trace of a thing is, by its name.
	tracePath = "/_drover/trace/"
	// maxTraces is how many traces there may be at a time, and traceQueue how many events one may
	// be behind; what comes then is counted and left out.
	maxTraces, traceQueue = 16, 1024
	// traceChecked is how often it is looked whether the caller may still read, and an empty line
	// sent, because clients give up a stream on which nothing comes. traceWrite is how long a caller
	// may take to read what it is sent.
	traceChecked, traceWrite = 15 * time.Second, 10 * time.Second
)

// What a stream has beside what the broker sees: where the client is when it begins, and that events
// were left out.
const (
	traceStarted broker.TraceKind = "STARTED"
	traceLost    broker.TraceKind = "LOST"
)

// tracing serves traces.
type tracing struct {
	broker *broker.Broker
	allow  func(*http.Request) error
	open   atomic.Int32
}

// withTrace serves traces, and has next serve all other paths. They are for operators: a trace has
// the documents of jobs and what devices report.
func (s *Server) withTrace(operators *gateway.OperatorAuth, next http.Handler) http.Handler {
	t := &tracing{
		broker: s.broker,
		allow:  func(r *http.Request) error { return operators.Authorize(r, schema.Operator) },
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		thing, ours := strings.CutPrefix(r.URL.Path, tracePath)
		if !ours {
			next.ServeHTTP(w, r)
			return
		}
		if err := t.serve(w, r, thing); err != nil {
			refuseLocal(w, r, err)
		}
	})
}

// serve streams the trace of a thing until the caller goes. An error is one from before the first
// byte.
func (t *tracing) serve(w http.ResponseWriter, r *http.Request, thing string) error {
	if err := t.allow(r); err != nil {
		return err
	}
	switch {
	case r.Method != http.MethodGet:
		return fault.New(fault.Invalid, "the method must be GET; it is %s", r.Method)
	case thing == "":
		return fault.New(fault.Invalid, "the path must end with the name of a thing")
	}
	defer t.open.Add(-1)
	if t.open.Add(1) > maxTraces {
		return fault.New(fault.Limit, "there are %d traces already", maxTraces)
	}
	q := &tracedEvents{events: make(chan trace.Event, traceQueue)}
	q.events <- t.started(thing)
	defer t.broker.Trace(thing, q.add)()
	w.Header().Set("Content-Type", "application/x-ndjson")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusOK)
	t.stream(w, r, q)
	return nil
}

// started is the first event: whether the client is connected.
func (t *tracing) started(thing string) trace.Event {
	client, text := t.broker.Look(thing), "not connected to this server"
	if client.Connected {
		text = fmt.Sprintf("connected since %s as %q", client.Since.Format(time.RFC3339), client.Principal)
	}
	return trace.Event{
		At:       clock.Now().UTC(),
		Kind:     traceStarted,
		ClientID: thing,
		Text:     thing + " is " + text,
	}
}

// stream sends events until the caller goes or may not read any more.
func (t *tracing) stream(w http.ResponseWriter, r *http.Request, q *tracedEvents) {
	limits, lines := http.NewResponseController(w), json.NewEncoder(w)
	alive := time.NewTicker(traceChecked)
	defer alive.Stop()
	for _ = limits.Flush(); ; {
		var next []trace.Event
		silent := false
		select {
		case <-r.Context().Done():
			return
		case <-alive.C:
			if silent = true; t.allow(r) != nil {
				return
			}
		case e := <-q.events:
			next = append(next, e)
		}
		if n := q.lost.Swap(0); n > 0 {
			next = append(next, trace.Event{
				At:   clock.Now().UTC(),
				Kind: traceLost,
				Text: fmt.Sprintf("%d events were left out: this trace was not read fast enough", n),
			})
		}
		// The limit of the server is for the whole answer, and this one does not end.
		_ = limits.SetWriteDeadline(time.Now().Add(traceWrite))
		for _, e := range next {
			if lines.Encode(e) != nil {
				return
			}
		}
		if silent {
			if _, err := w.Write([]byte("\n")); err != nil {
				return
			}
		}
		if limits.Flush() != nil {
			return
		}
	}
}

// tracedEvents are the events that wait to be sent.
type tracedEvents struct {
	events chan trace.Event
	lost   atomic.Int64
}

// add adds what the broker has seen, or counts it when there is no room.
func (q *tracedEvents) add(t broker.Trace) {
	select {
	case q.events <- trace.Of(t):
	default:
		q.lost.Add(1)
	}
}
