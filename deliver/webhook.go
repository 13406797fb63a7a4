package deliver

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/drover-iot/drover/engine/sinks"
	"github.com/drover-iot/drover/internal/clock"
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
		client: &http.Client{
			Timeout: d.Attempt,
			Transport: &http.Transport{
				DialContext:            dial,
				TLSClientConfig:        trust,
				TLSHandshakeTimeout:    connectLimit,
				MaxIdleConnsPerHost:    16,
				IdleConnTimeout:        time.Minute,
				MaxResponseHeaderBytes: 64 << 10,
				ForceAttemptHTTP2:      true,
				DisableCompression:     true,
			},
			CheckRedirect: func(*http.Request, []*http.Request) error {
				return http.ErrUseLastResponse
			},
		},
	}
}

// Close gives up connections that are idle.
func (w *webhook) Close() { w.client.CloseIdleConnections() }

// Send posts a message.
func (w *webhook) Send(ctx context.Context, m sinks.Message) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, w.URL, bytes.NewReader(m.Body))
	if err != nil {
		return withoutURL(err)
	}
	at := clock.Now()
	request.Header.Set("Content-Type", sink.ContentType)
	request.Header.Set("User-Agent", w.agent)
	request.Header.Set("webhook-id", m.ID)
	request.Header.Set("webhook-timestamp", strconv.FormatInt(at.Unix(), 10))
	request.Header.Set("webhook-signature", w.signatures(m, at))
	answer, err := w.client.Do(request)
	if err != nil {
		return withoutURL(err)
	}
	defer answer.Body.Close()
	_, err = io.CopyN(io.Discard, answer.Body, maxAnswer)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	if answer.StatusCode/100 == 2 {
		return withoutURL(err) // an answer that breaks off may be half of one
	}
	return refusal(answer, at)
}

// signatures are those by the secret and, while it is accepted, by the one before.
func (w *webhook) signatures(m sinks.Message, at time.Time) string {
	all := []string{Sign(w.Signing, m.ID, at, m.Body)}
	if len(w.Previous) > 0 && at.Before(w.Secrets.PreviousUntil) {
		all = append(all, Sign(w.Previous, m.ID, at, m.Body))
	}
	return strings.Join(all, " ")
}

// Sign is the signature of a message (R-SNK-5).
func Sign(secret []byte, id string, at time.Time, body []byte) string {
	mac := hmac.New(sha256.New, secret)
	fmt.Fprintf(mac, "%s.%d.", id, at.Unix())
	mac.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
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
