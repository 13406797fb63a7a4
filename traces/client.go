package traces

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"

	otlp "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// client sends spans as protobuf over HTTP. The library has a client of its own, which brings gRPC
// with it; the request is the same message as otlp.TracesData.
type client struct {
	url   string
	log   *slog.Logger
	pause time.Duration // between two tries
	http  http.Client
}

// A batch is sent up to this many times, each with a time limit; what then is not delivered is lost.
const (
	sendTries   = 3
	sendTimeout = 5 * time.Second
	sendPause   = time.Second
)

// Start implements otlptrace.Client.
func (c *client) Start(context.Context) error { return nil }

// Stop implements otlptrace.Client.
func (c *client) Stop(context.Context) error {
	c.http.CloseIdleConnections()
	return nil
}

// UploadTraces implements otlptrace.Client. What cannot be delivered is logged here: the library
// would print it.
func (c *client) UploadTraces(ctx context.Context, spans []*otlp.ResourceSpans) error {
	body, err := proto.Marshal(&otlp.TracesData{ResourceSpans: spans})
	for try := 1; err == nil; try++ {
		var again bool
		again, err = c.send(ctx, body)
		if err == nil || !again || try == sendTries {
			break
		}
		select {
		case <-ctx.Done():
		case <-time.After(c.pause):
			err = nil
		}
	}
	if err != nil {
		c.log.Warn("traces were not delivered", "err", err)
	}
	return nil
}

// send sends a batch once; again says that it may be taken later.
func (c *client) send(ctx context.Context, body []byte) (again bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return false, err
	}
	r.Header.Set("Content-Type", "application/x-protobuf")
	answer, err := c.http.Do(r)
	if err != nil {
		return true, err
	}
	defer answer.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, 64<<10)) // so that the connection is used again
	switch answer.StatusCode {
	case http.StatusOK, http.StatusAccepted, http.StatusNoContent:
		return false, nil
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable,
		http.StatusGatewayTimeout:
		again = true
	}
	return again, fmt.Errorf("%s answered %s", r.URL.Redacted(), answer.Status)
}
