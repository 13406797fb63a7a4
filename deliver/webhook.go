package deliver

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/drover-iot/drover/engine/sinks"
	"github.com/drover-iot/drover/internal/clock"
	"github.com/drover-iot/drover/internal/webclient"
	signing "github.com/drover-iot/drover/internal/webhook"
	"github.com/drover-iot/drover/registry/outside"
	"github.com/drover-iot/drover/registry/sink"
)

// maxAnswer is how much of the body of an answer is read, so that the connection can be used again.
const maxAnswer = 64 << 10

// A webhook posts messages to a URL, signed as the Standard Webhooks specification has it.
type webhook struct {
	sinks.Target
	client *http.Client
	agent  string
}

func (d Dialer) newWebhook(t sinks.Target, trust *tls.Config) *webhook {
	return &webhook{
		Target: t,
		agent:  "drover/" + d.Version,
		client: webclient.New(webclient.Options{
			CheckAddress: outside.CheckAddress, TLS: trust, Limit: d.Attempt,
		}),
	}
}

// Close gives up connections that are idle.
func (w *webhook) Close() { w.client.CloseIdleConnections() }

// Send posts a message.
func (w *webhook) Send(ctx context.Context, m sinks.Message) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, w.URL, bytes.NewReader(m.Body))
	if err != nil {
		return webclient.WithoutURL(err)
	}
	at := clock.Now()
	request.Header.Set("Content-Type", sink.ContentType)
	request.Header.Set("User-Agent", w.agent)
	signing.SetHeaders(request.Header, m.ID, at, m.Body, w.secrets(at)...)
	answer, err := w.client.Do(request)
	if err != nil {
		return webclient.WithoutURL(err)
	}
	defer answer.Body.Close()
	_, err = io.CopyN(io.Discard, answer.Body, maxAnswer)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	if answer.StatusCode/100 == 2 {
		return webclient.WithoutURL(err) // an answer that breaks off may be half of one
	}
	return refusal(answer, at)
}

// secrets are the one that signs and, while it is accepted, the one before (R-SNK-5).
func (w *webhook) secrets(at time.Time) [][]byte {
	if len(w.Previous) > 0 && at.Before(w.Secrets.PreviousUntil) {
		return [][]byte{w.Signing, w.Previous}
	}
	return [][]byte{w.Signing}
}

// refusal is what an answer that is no success means (R-SNK-7, R-SNK-8).
func refusal(answer *http.Response, at time.Time) error {
	r := &sinks.Refusal{
		Reason: fmt.Sprintf("answered %d %s", answer.StatusCode, http.StatusText(answer.StatusCode)),
		After:  retryAfter(answer.Header.Get("Retry-After"), at),
	}
	switch answer.StatusCode {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
	default:
		r.Final = answer.StatusCode < 500
	}
	return r
}

// retryAfter reads the header of this name: seconds or a date. 0 for none, and for what is neither.
func retryAfter(text string, at time.Time) time.Duration {
	if seconds, err := strconv.ParseInt(text, 10, 32); err == nil {
		return time.Duration(max(0, seconds)) * time.Second
	}
	if date, err := http.ParseTime(text); err == nil {
		return max(0, date.Sub(at))
	}
	return 0
}
