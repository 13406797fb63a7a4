// Package hook asks functions of operators over HTTPS: may this client connect, may this device be
// provisioned? They stand where AWS calls a Lambda function, and get and give the same JSON
// (docs/spec/55, R-HOOK).
//
// Start with New and Caller.Call.
package hook

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/drover-iot/drover/internal/clock"
	"github.com/drover-iot/drover/internal/ids"
	"github.com/drover-iot/drover/internal/webclient"
	"github.com/drover-iot/drover/internal/webhook"
	"github.com/drover-iot/drover/registry/outside"
)

// maxAnswer is how long an answer may be, in bytes (R-HOOK-2).
const maxAnswer = 256 << 10

// MaxCalls is how many calls there may be at once; others wait for their turn (R-HOOK-3).
const MaxCalls = 64

// Options are how hooks are called.
type Options struct {
	// Timeout is how long one call may take, with the wait for its turn.
	Timeout time.Duration
	// Authorities has certificates in PEM that answers are verified against; empty: those of the
	// machine.
	Authorities []byte
	// Secret signs the questions; empty: they are not signed.
	Secret []byte
	// Version is that of the program, which the other side is told.
	Version string
}

// A Caller calls hooks.
type Caller struct {
	client  *http.Client
	timeout time.Duration
	secret  []byte
	agent   string
	turns   chan struct{}
}

// New makes a caller.
func New(o Options) (*Caller, error) {
	trust := &tls.Config{MinVersion: tls.VersionTLS12}
	if len(o.Authorities) > 0 {
		trust.RootCAs = x509.NewCertPool()
		if !trust.RootCAs.AppendCertsFromPEM(o.Authorities) {
			return nil, errors.New("has no certificate in PEM")
		}
	}
	return &Caller{
		client: webclient.New(webclient.Options{
			CheckAddress: outside.CheckAddress, TLS: trust, Limit: o.Timeout,
		}),
		timeout: o.Timeout,
		secret:  o.Secret,
		agent:   "drover/" + o.Version,
		turns:   make(chan struct{}, MaxCalls),
	}, nil
}

// Call posts a question as JSON and reads the answer into a value. An error says why there is no
// answer; it has neither the URL nor anything of question or answer.
func (c *Caller) Call(ctx context.Context, url string, question, answer any) error {
	body, err := json.Marshal(question)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	select {
	case c.turns <- struct{}{}:
		defer func() { <-c.turns }()
	case <-ctx.Done():
		return fmt.Errorf("%d calls of hooks are under way: %w", MaxCalls, ctx.Err())
	}
	text, err := c.post(ctx, url, body)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, answer); err != nil {
		return fmt.Errorf("the answer cannot be read: %s", whatIsWrong(err))
	}
	return nil
}

// post sends a question and returns the body of the answer.
func (c *Caller) post(ctx context.Context, url string, body []byte) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return nil, webclient.WithoutURL(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", c.agent)
	c.sign(request, body)
	response, err := c.client.Do(request)
	if err != nil {
		return nil, webclient.WithoutURL(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	switch {
	case err != nil:
		return nil, webclient.WithoutURL(err)
	case response.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("answered %d %s, not 200",
			response.StatusCode, http.StatusText(response.StatusCode))
	case len(text) > maxAnswer:
		return nil, fmt.Errorf("the answer has more than %d bytes", maxAnswer)
	}
	return text, nil
}

// sign signs a question as webhooks are signed (R-SNK-5).
func (c *Caller) sign(request *http.Request, body []byte) {
	if len(c.secret) == 0 {
		return
	}
	webhook.SetHeaders(request.Header, ids.Random{}.UUID(), clock.Now(), body, c.secret)
}

// whatIsWrong is what is wrong with an answer, without any of its text.
func whatIsWrong(err error) string {
	var kind *json.UnmarshalTypeError
	if errors.As(err, &kind) {
		return fmt.Sprintf("%s is of the wrong type: %s", member(kind.Field), kind.Value)
	}
	return "it is no JSON"
}

// member names a member of an answer.
func member(path string) string {
	if path == "" {
		return "it"
	}
	return path
}
