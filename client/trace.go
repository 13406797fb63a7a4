package client

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/schema"
)

// A TraceEvent is one thing that happened on a connection of a device.
type TraceEvent struct {
	At         time.Time `json:"at"`
	Kind       string    `json:"kind"` // STARTED, RECEIVED, SENT, REFUSED, WITHHELD, CLOSED or LOST
	Connection uint64    `json:"connection"`
	ClientID   string    `json:"clientId"`
	Remote     string    `json:"remote"`
	Text       string    `json:"text"`
	Packet     string    `json:"packet,omitempty"`
	Topics     []string  `json:"topics,omitempty"`
	Payload    string    `json:"payload,omitempty"`
	Why        string    `json:"why,omitempty"` // which policy has refused it
}

// Trace calls see with what the clients of a thing send and get at the server that is asked, from
// now on, until ctx ends, the server ends, or see returns an error, which Trace returns then. The
// end of ctx is no error. The error is an *Error when the server refuses.
func Trace(ctx context.Context, c *Client, thing string, see func(TraceEvent) error) error {
	signed, err := c.transport.Sign(ctx, NewRequest(c.endpoint, &iot.Service, schema.Request{
		Method: http.MethodGet,
		Path:   "/_drover/trace/" + url.PathEscape(thing),
		Header: http.Header{},
	}), 1)
	if err != nil {
		return err
	}
	body, err := c.transport.Open(signed)
	if err != nil {
		return err
	}
	defer body.Close()
	for lines := json.NewDecoder(body); ; {
		var e TraceEvent
		err := lines.Decode(&e)
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, io.EOF):
			return errors.New("the server has ended the trace")
		case err != nil:
			return err
		}
		if err := see(e); err != nil {
			return err
		}
	}
}
