package deliver

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/drover-iot/drover/engine/sinks"
	"github.com/drover-iot/drover/internal/clock"
	"github.com/drover-iot/drover/registry/sink"
)

// knownFor is for how long it is remembered whether a stream has a subject.
const knownFor = time.Minute

// A natsSender publishes messages on subjects of NATS. Where a stream of JetStream has the subject,
// it acknowledges each message, and knows one that comes again by its id; elsewhere the server does,
// which keeps nothing.
type natsSender struct {
	url     string
	options []nats.Option
	attempt time.Duration

	mu      sync.Mutex
	conn    *nats.Conn
	stream  jetstream.JetStream
	streams map[string]bool // whether a stream has a subject
	since   time.Time       // of the oldest entry of streams
}

// checked connects to addresses that sinks may have.
type checked struct{ limit time.Duration }

func (c checked) Dial(network, address string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), c.limit)
	defer cancel()
	return dial(ctx, network, address)
}

func (d Dialer) newNATS(t sinks.Target, trust *tls.Config) (*natsSender, error) {
	servers, err := t.Servers()
	if err != nil {
		return nil, err
	}
	var urls []string
	for _, u := range servers {
		urls = append(urls, u.Scheme+"://"+u.Host)
	}
	s := &natsSender{
		url:     strings.Join(urls, ","),
		attempt: d.Attempt,
		options: []nats.Option{
			nats.Name("drover"),
			nats.Timeout(connectLimit),
			nats.SetCustomDialer(checked{connectLimit}),
			nats.MaxReconnects(-1),
			nats.ReconnectBufSize(-1), // a message that cannot be sent now is tried again by the caller
			nats.IgnoreAuthErrorAbort(),
			nats.IgnoreDiscoveredServers(),
		},
	}
	if servers[0].Scheme == "tls" {
		s.options = append(s.options, nats.Secure(trust))
	}
	if len(t.Credentials) > 0 {
		s.options = append(s.options, nats.UserCredentialBytes(t.Credentials))
	}
	return s, nil
}

// Close ends the connection.
func (s *natsSender) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conn != nil {
		s.conn.Close()
	}
}

// connect returns the connection, which is made with the first message. It comes back by itself when
// it was lost.
func (s *natsSender) connect() (conn *nats.Conn, stream jetstream.JetStream, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conn == nil {
		if s.conn, err = nats.Connect(s.url, s.options...); err != nil {
			return nil, nil, err
		}
		if s.stream, err = jetstream.New(s.conn); err != nil {
			return nil, nil, err
		}
	}
	return s.conn, s.stream, nil
}

// Send publishes a message.
func (s *natsSender) Send(ctx context.Context, m sinks.Message) error {
	ctx, cancel := context.WithTimeout(ctx, s.attempt)
	defer cancel()
	conn, stream, err := s.connect()
	if err != nil {
		return err
	}
	message := nats.NewMsg(m.Subject)
	message.Data = m.Body
	message.Header.Set("Content-Type", sink.ContentType)
	message.Header.Set(jetstream.MsgIDHeader, m.ID)
	kept, err := s.kept(ctx, stream, m.Subject)
	switch {
	case err != nil:
		return err
	case kept:
		_, err = stream.PublishMsg(ctx, message, jetstream.WithRetryAttempts(0))
	default:
		if err = conn.PublishMsg(message); err == nil {
			err = conn.FlushWithContext(ctx)
		}
	}
	if errors.Is(err, jetstream.ErrNoStreamResponse) {
		s.forget()
	}
	if errors.Is(err, nats.ErrMaxPayload) {
		return &sinks.Refusal{Reason: err.Error(), Final: true}
	}
	return err
}

// kept reports whether a stream has a subject.
func (s *natsSender) kept(
	ctx context.Context, stream jetstream.JetStream, subject string,
) (kept bool, err error) {
	s.mu.Lock()
	if at := clock.Now(); s.streams == nil || at.Sub(s.since) > knownFor {
		s.streams, s.since = map[string]bool{}, at
	}
	kept, known := s.streams[subject]
	s.mu.Unlock()
	if known {
		return kept, nil
	}
	_, err = stream.StreamNameBySubject(ctx, subject)
	switch {
	case err == nil:
		kept = true
	case errors.Is(err, jetstream.ErrStreamNotFound), errors.Is(err, nats.ErrNoResponders),
		errors.Is(err, jetstream.ErrJetStreamNotEnabled),
		errors.Is(err, jetstream.ErrJetStreamNotEnabledForAccount):
	default:
		return false, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.streams[subject] = kept
	return kept, nil
}

// forget has streams looked for again.
func (s *natsSender) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.streams = nil
}
