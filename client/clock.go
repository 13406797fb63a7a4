package client

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Clock is what a server's clock shows.
type Clock struct {
	Now  time.Time `json:"now"`
	Mode string    `json:"mode"` // real or virtual
}

// ReadClock reads the clock of a server.
func (c Client) ReadClock(ctx context.Context) (Clock, error) {
	return c.clock(ctx, http.MethodGet, nil)
}

// Advance moves a virtual clock on and returns when everything due in between has run. The duration is written as
// "90m", "24h" or "30d".
func (c Client) Advance(ctx context.Context, by string) (Clock, error) {
	return c.clock(ctx, http.MethodPost, map[string]string{"advance": by})
}

// SetClock moves a virtual clock to a later time and returns when everything due in between has run.
func (c Client) SetClock(ctx context.Context, to time.Time) (Clock, error) {
	return c.clock(ctx, http.MethodPost, map[string]string{"set": to.Format(time.RFC3339Nano)})
}

// NextEvent moves a virtual clock to the next time that something waits for, and returns when what is due then has run.
// When nothing waits for time to pass, the clock stays.
func (c Client) NextEvent(ctx context.Context) (Clock, error) {
	return c.clock(ctx, http.MethodPost, map[string]bool{"next": true})
}

// clock makes one request on /_drover/clock. It is signed: a server asks for that when the caller is on another machine.
func (c Client) clock(ctx context.Context, method string, move any) (now Clock, err error) {
	var body []byte
	if move != nil {
		if body, err = json.Marshal(move); err != nil {
			return now, err
		}
	}
	request, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(c.Endpoint, "/")+"/_drover/clock", bytes.NewReader(body))
	if err != nil {
		return now, err
	}
	if c.AccessKeyID != "" {
		if err := c.signBody(request, body); err != nil {
			return now, err
		}
	}
	status, _, text, err := c.do(request)
	if err != nil {
		return now, err
	}
	if status != http.StatusOK {
		var refused struct{ Message string }
		if json.Unmarshal(text, &refused) != nil || refused.Message == "" {
			refused.Message = http.StatusText(status)
		}
		return now, fmt.Errorf("%s", refused.Message)
	}
	return now, json.Unmarshal(text, &now)
}
