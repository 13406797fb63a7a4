package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/drover-iot/drover/cli/exit"
	"github.com/drover-iot/drover/cli/settings"
	"github.com/drover-iot/drover/cli/value"
	"github.com/drover-iot/drover/client"
	"github.com/drover-iot/drover/internal/ids"
	"github.com/drover-iot/drover/schema"
)

// Sending is the one part of a call that takes time and may fail by itself.

// A sender makes the requests of one call, each as often as its failures allow. Requests are
// written and signed by package client; what is repeated is a rule of the command line.
type sender struct {
	env       Env                 // for waiting, and for what is said on standard error
	service   *schema.Service     // that requests are signed for
	op        *schema.Description // that is called
	settings  *settings.Settings  // endpoint, attempts, and the form of times
	transport client.Transport    // with the credentials, unless requests are unsigned
	debug     bool                // say on standard error what goes on
}

// newSender returns a sender for a call, with the settings in force. With --no-sign-request it
// has no credentials, whatever was found.
func newSender(c *call, s *settings.Settings) (*sender, error) {
	http, err := s.Connection().Client()
	if err != nil {
		return nil, err
	}
	out := &sender{
		env:      c.env,
		service:  c.service,
		op:       c.op,
		settings: s,
		debug:    c.line.Has("debug"),
		transport: client.Transport{
			Credentials: s.Credentials,
			Region:      s.Region,
			HTTP:        http,
			UserAgent:   "drover/" + c.env.Version,
		},
	}
	if c.line.Has("no-sign-request") {
		out.transport.Credentials = client.Credentials{}
	}
	return out, nil
}

// fetch makes one request and reads its answer.
func (s *sender) fetch(ctx context.Context, in *value.Object) (*value.Object, error) {
	r, err := s.build(in)
	if err != nil {
		return nil, err
	}
	body, err := s.repeat(ctx, r)
	if err != nil {
		return nil, err
	}
	return readAnswer(s.op, body, s.settings.Timestamps, s.env.Location)
}

// build writes the parameters as a request (R-CMD-63 to R-CMD-66).
func (s *sender) build(in *value.Object) (client.Request, error) {
	// A parameter goes where the model says: into the path, the query, a header or the body. Values
	// that are no texts are written as JSON, so that a number has the digits that were given.
	parts, err := s.op.Address(func(m *schema.Member) (string, bool) {
		v, given := in.Get(m.Name)
		return value.Plain(v), given
	})
	if err != nil {
		return client.Request{}, exit.BadValue("%v", err)
	}
	// An operation with body members has a body even when none of them is given: {} (R-CMD-65).
	if s.op.HasBody {
		body := &value.Object{}
		for _, f := range in.Fields {
			if m := s.op.Input.Member(f.Key); m != nil && m.In == schema.Body {
				f.Value = value.Shortest(f.Value)
				body.Fields = append(body.Fields, f)
			}
		}
		parts.Body = value.AppendJSON(nil, body, "", "")
	}
	r := client.NewRequest(s.settings.Endpoint, s.service, parts)
	// All attempts at one request have one id, so that a server could tell a repetition (R-CMD-67).
	r.Header.Set("Amz-Sdk-Invocation-Id", ids.Random{}.UUID())
	return r, nil
}

// repeat makes a request, again after a failure that may pass, and returns the body of the answer
// (R-CMD-113, R-CMD-114).
func (s *sender) repeat(ctx context.Context, r client.Request) ([]byte, error) {
	for n := 1; ; n++ {
		body, failed := s.attempt(ctx, r, n)
		if failed == nil {
			return body, nil
		}
		if !failed.mayPass || n == s.settings.Attempts {
			return nil, failed.exit(s.op.Name, n)
		}
		// The longest pauses are 1, 2, 4, 8, 16 and then 20 seconds (R-CMD-114).
		if err := s.env.Wait(ctx, client.Backoff(n)); err != nil {
			return nil, err
		}
	}
}

// attempt makes a request for the nth time and returns the body of the answer, or why there is
// none.
func (s *sender) attempt(ctx context.Context, r client.Request, n int) ([]byte, *failure) {
	signed, err := s.transport.Sign(ctx, r, n)
	if err != nil {
		return nil, &failure{err: exit.Other("%v", err)}
	}
	began := time.Now() // only for what is said with --debug
	answer, err := s.transport.Send(signed)
	if err != nil {
		s.say("%s %s, attempt %d: %v", r.Method, r.URL, n, err)
		return nil, noAnswer(err, r.URL)
	}
	s.say("%s %s, attempt %d: status %d, %d bytes, %v",
		r.Method, r.URL, n, answer.Status, len(answer.Body), time.Since(began))
	if !answer.OK() {
		return nil, refused(client.ReadError(answer))
	}
	return answer.Body, nil
}

// say writes on standard error what goes on, with --debug; never a header, never a body.
func (s *sender) say(format string, args ...any) {
	if s.debug {
		fmt.Fprintf(s.env.Stderr, "debug: "+format+"\n", args...)
	}
}
