package app

import (
	"bytes"
	"context"
	"encoding/json"
	"time"

	"github.com/drover-iot/drover/internal/clock"
	"github.com/drover-iot/drover/internal/fault"
)

// clockCalls are the calls of /_drover/clock and /_drover/reset. They exist for test benches: a
// test makes a server with a virtual clock, moves it by a month in a moment, and empties the server
// afterwards. Every answer, also one to a reset, is the clock:
// {"now":"2030-01-02T15:04:05Z","mode":"virtual"}. The body of a POST is JSON, {} for a reset.
type clockCalls struct {
	engine timeEngine
	// virtual is the engine's clock when it is a virtual one, else nil: then the clock can be read
	// and nothing more.
	virtual *clock.Virtual
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

// calls are the calls by method and path.
func (c *clockCalls) calls() map[string]localCall {
	return map[string]localCall{
		"GET /_drover/clock":  c.show,
		"POST /_drover/clock": c.move,
		"POST /_drover/reset": c.reset,
	}
}

// show answers what the clock shows.
func (c *clockCalls) show(context.Context, []byte) (any, error) {
	mode := "real"
	if c.virtual != nil {
		mode = "virtual"
	}
	return map[string]string{"now": c.engine.Now().Format(time.RFC3339Nano), "mode": mode}, nil
}

// move moves a virtual clock.
func (c *clockCalls) move(ctx context.Context, body []byte) (any, error) {
	if c.virtual == nil {
		return nil, fault.New(fault.Invalid,
			"the clock is the real one; start the server with --clock virtual to move it")
	}
	if err := c.advance(ctx, body); err != nil {
		return nil, err
	}
	return c.show(ctx, nil)
}

// reset empties the server.
func (c *clockCalls) reset(ctx context.Context, body []byte) (any, error) {
	if c.virtual == nil {
		return nil, fault.New(fault.Invalid,
			"reset wipes everything; it exists only with --clock virtual")
	}
	if err := readObject(body, &struct{}{}); err != nil {
		return nil, fault.New(fault.Invalid, "the body must be {}: %v", err)
	}
	if err := c.engine.Reset(ctx); err != nil {
		return nil, err
	}
	return c.show(ctx, nil)
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
func (c *clockCalls) advance(ctx context.Context, body []byte) error {
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
		return c.engine.Advance(ctx, c.virtual.Now().Add(by))
	case in.Set != "" && in.Advance == "" && !in.Next:
		to, err := time.Parse(time.RFC3339, in.Set)
		if err != nil {
			return fault.New(fault.Invalid,
				"set: %q is not a time such as 2030-01-02T15:04:05Z", in.Set)
		}
		return c.engine.Advance(ctx, to)
	case in.Next && in.Advance == "" && in.Set == "":
		_, err := c.engine.AdvanceToNext(ctx)
		return err
	}
	return fault.New(fault.Invalid, "give exactly one of advance, set, next")
}
