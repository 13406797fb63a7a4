package client

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/schema"
)

// A VirtualClock reads and moves the clock of a server that runs with --clock virtual. There, time
// stands still until somebody moves it: a test can let a day pass between two lines.
//
//	clock := client.Clock(c)
//	clock.Advance(ctx, 24*time.Hour)
//
// Each move returns when everything that was due on the way has run. None is ever repeated by
// itself: a second Advance would be another day.
type VirtualClock struct{ client *Client }

// Clock returns the clock of the server that c calls.
func Clock(c *Client) VirtualClock { return VirtualClock{c} }

// A Reading is what a server's clock shows.
type Reading struct {
	Now     time.Time
	Virtual bool // false: the clock is the real one and cannot be moved
}

// Read returns what the clock shows. A real clock can be read too.
func (v VirtualClock) Read(ctx context.Context) (Reading, error) {
	return v.do(ctx, http.MethodGet, nil)
}

// Advance moves the clock on by a duration, at least 0.
func (v VirtualClock) Advance(ctx context.Context, by time.Duration) (Reading, error) {
	return v.do(ctx, http.MethodPost, map[string]string{"advance": by.String()})
}

// Set moves the clock to a time that is not before what it shows.
func (v VirtualClock) Set(ctx context.Context, to time.Time) (Reading, error) {
	return v.do(ctx, http.MethodPost, map[string]string{"set": to.Format(time.RFC3339Nano)})
}

// Next moves the clock to the next time that something waits for, such as a rollout's next minute
// or a timeout. When nothing waits for time to pass, the clock stays.
func (v VirtualClock) Next(ctx context.Context) (Reading, error) {
	return v.do(ctx, http.MethodPost, map[string]bool{"next": true})
}

// do makes one request on /_drover/clock.
func (v VirtualClock) do(ctx context.Context, method string, move any) (Reading, error) {
	var shown struct {
		Now  time.Time `json:"now"`
		Mode string    `json:"mode"`
	}
	err := v.client.serverCall(ctx, method, "/_drover/clock", move, &shown)
	return Reading{Now: shown.Now, Virtual: shown.Mode == "virtual"}, err
}

// serverCall makes one request on a path of the server itself, below /_drover/, and reads the
// answer. It is signed like one for the control plane, because a server asks for that when the
// caller is on another machine. A nil body is none.
func (c *Client) serverCall(ctx context.Context, method, path string, body, answer any) error {
	parts := schema.Request{Method: method, Path: path, Header: http.Header{}}
	if body != nil {
		var err error
		if parts.Body, err = json.Marshal(body); err != nil {
			return err
		}
	}
	text, err := c.attempt(ctx, NewRequest(c.endpoint, &iot.Service, parts), 1)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, answer)
}
