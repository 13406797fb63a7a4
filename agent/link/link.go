// Package link keeps an agent connected by MQTT 5, and asks requests that are answered on the topics
// accepted and rejected below their own. It makes a new connection whenever one ends, with growing
// pauses, and asks again what was not answered (docs/spec/56, R-AGT-2 to R-AGT-5).
//
// Start at Open, then Link.Ask.
package link

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/eclipse/paho.golang/autopaho"
	"github.com/eclipse/paho.golang/paho"

	"github.com/drover-iot/drover/internal/ids"
)

// Options are how a link connects.
type Options struct {
	// Server is HOST:PORT.
	Server string
	TLS    *tls.Config
	// ClientID is the one of CONNECT.
	ClientID string
	// KeepAlive is after how long a connection is probed on which nothing is sent.
	KeepAlive time.Duration
	// Longest is the longest pause between two attempts to connect.
	Longest time.Duration
	// Answer is how long an answer may take, before the request is sent again.
	Answer time.Duration
	// Filters are what is subscribed to with each connection; at most 8.
	Filters []string
	// WithoutTokens has requests go without a clientToken: provisioning has none.
	WithoutTokens bool
	// Changed is called when a connection is made, and for each message that answers no request. It
	// must be quick.
	Changed func()
	Log     *slog.Logger
}

// A Link is a connection that is made again whenever it ends.
type Link struct {
	o       Options
	manager *autopaho.ConnectionManager

	mu      sync.Mutex
	begun   bool          // the first attempt to connect has been made
	up      chan struct{} // closed when there is a connection with all subscriptions
	down    chan struct{} // closed when that connection has ended
	waiting map[string]*question
}

// A question waits for its answer. There is one for a topic at a time.
type question struct {
	users  int           // how many ask it or wait for their turn; without any it is forgotten
	turn   chan struct{} // holds one token: whose turn it is
	token  string
	answer chan answer
}

type answer struct {
	payload  []byte
	rejected bool
}

// A Rejection is the answer of the server that it does not do what was asked.
type Rejection struct {
	Code    string
	Message string
	Payload []byte // the whole answer
}

func (r *Rejection) Error() string { return fmt.Sprintf("%s: %s", r.Code, r.Message) }

// Open connects, and goes on with that until ctx ends. It does not wait for the first connection.
func Open(ctx context.Context, o Options) (*Link, error) {
	l := &Link{o: o, up: make(chan struct{}), down: make(chan struct{}), waiting: map[string]*question{}}
	var err error
	l.manager, err = autopaho.NewConnection(ctx, autopaho.ClientConfig{
		ServerUrls:                    []*url.URL{{Scheme: "tls", Host: o.Server}},
		TlsCfg:                        o.TLS,
		KeepAlive:                     uint16(o.KeepAlive / time.Second),
		CleanStartOnInitialConnection: true,
		ConnectTimeout:                30 * time.Second,
		ReconnectBackoff:              l.pause,
		OnConnectionUp: func(m *autopaho.ConnectionManager, _ *paho.Connack) {
			go l.subscribe(ctx, m, l.wentUp())
		},
		OnConnectionDown: func() bool {
			l.wentDown()
			return true
		},
		OnConnectError: func(err error) { o.Log.Warn("cannot connect", "server", o.Server, "err", err) },
		ClientConfig: paho.ClientConfig{
			ClientID: o.ClientID,
			OnPublishReceived: []func(paho.PublishReceived) (bool, error){
				func(r paho.PublishReceived) (bool, error) {
					l.received(r.Packet.Topic, r.Packet.Payload)
					return true, nil
				},
			},
			OnClientError: func(err error) { o.Log.Warn("the connection has ended", "err", err) },
			OnServerDisconnect: func(d *paho.Disconnect) {
				o.Log.Warn("the server has ended the connection", "reason", fmt.Sprintf("0x%02X", d.ReasonCode))
			},
		},
	})
	return l, err
}

// pause is how long to wait before an attempt to connect. The first of all is made at once.
func (l *Link) pause(attempt int) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.begun {
		l.begun = true
		return 0
	}
	return Pause(attempt, l.o.Longest)
}

// Pause is how long to wait before an attempt, the first of which is number 0: it doubles from a
// second on, up to the longest, and half of it is at random, so that a fleet that has lost its server
// does not come back in one moment.
func Pause(attempt int, longest time.Duration) time.Duration {
	pause := min(time.Second<<min(attempt, 30), longest)
	return pause/2 + rand.N(pause/2+1)
}

// wentUp returns the channel that is closed when the new connection ends.
func (l *Link) wentUp() (down <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.down
}

// subscribe subscribes to all filters. While that is refused, nothing is asked on the connection; it is
// tried again, because policies may change.
func (l *Link) subscribe(ctx context.Context, m *autopaho.ConnectionManager, down <-chan struct{}) {
	for attempt := 0; ; attempt++ {
		err := l.trySubscribe(ctx, m)
		if err == nil {
			break
		}
		l.o.Log.Error("cannot subscribe", "err", err)
		pause := time.NewTimer(Pause(attempt, l.o.Longest))
		select {
		case <-pause.C:
		case <-down:
			pause.Stop()
			return
		case <-ctx.Done():
			pause.Stop()
			return
		}
	}
	l.mu.Lock()
	same := l.down == down
	if same {
		close(l.up)
	}
	l.mu.Unlock()
	if !same {
		return
	}
	l.o.Log.Info("connected", "server", l.o.Server, "client", l.o.ClientID)
	if l.o.Changed != nil {
		l.o.Changed()
	}
}

func (l *Link) trySubscribe(ctx context.Context, m *autopaho.ConnectionManager) error {
	if len(l.o.Filters) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, l.o.Answer)
	defer cancel()
	request := &paho.Subscribe{}
	for _, filter := range l.o.Filters {
		request.Subscriptions = append(request.Subscriptions, paho.SubscribeOptions{Topic: filter, QoS: 1})
	}
	granted, err := m.Subscribe(ctx, request)
	if granted != nil {
		for i, code := range granted.Reasons {
			if code >= 0x80 && i < len(l.o.Filters) {
				return fmt.Errorf("%s: refused with 0x%02X; the policies of the device may not allow it",
					l.o.Filters[i], code)
			}
		}
	}
	return err
}

// wentDown has whoever waits for an answer ask again.
func (l *Link) wentDown() {
	l.mu.Lock()
	defer l.mu.Unlock()
	close(l.down)
	l.down = make(chan struct{})
	select {
	case <-l.up:
		l.up = make(chan struct{})
	default: // it had no subscriptions yet
	}
}

// connection waits for one, and returns the channel that is closed when it ends.
func (l *Link) connection(ctx context.Context) (down <-chan struct{}, err error) {
	for {
		l.mu.Lock()
		up, down := l.up, l.down
		l.mu.Unlock()
		select {
		case <-up:
			return down, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// Ask publishes a request, and returns the answer. It asks again when the connection ends or no
// answer comes, until ctx ends: what it asks must be something that may be asked twice. An answer that
// is a rejection is an error, a *Rejection.
func (l *Link) Ask(ctx context.Context, topic string, members map[string]any) ([]byte, error) {
	q := l.question(topic)
	defer l.leave(topic, q)
	select {
	case q.turn <- struct{}{}:
		defer func() { <-q.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	for attempt := 0; ; attempt++ {
		got, err := l.once(ctx, q, topic, members)
		if err == nil || ctx.Err() != nil || isFinal(err) {
			return got, err
		}
		l.o.Log.Info("a request is sent again in a moment", "topic", topic, "err", err)
		if err := wait(ctx, Pause(attempt, l.o.Longest)); err != nil {
			return nil, err
		}
	}
}

// isFinal reports whether asking again would not help.
func isFinal(err error) bool {
	var rejection *Rejection
	if !errors.As(err, &rejection) {
		return false
	}
	switch rejection.Code {
	case "RequestThrottled", "InternalError":
		return false
	}
	return true
}

// question is the one of a topic.
func (l *Link) question(topic string) *question {
	l.mu.Lock()
	defer l.mu.Unlock()
	q := l.waiting[topic]
	if q == nil {
		q = &question{turn: make(chan struct{}, 1)}
		l.waiting[topic] = q
	}
	q.users++
	return q
}

// leave forgets a question that nobody asks.
func (l *Link) leave(topic string, q *question) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if q.users--; q.users == 0 {
		delete(l.waiting, topic)
	}
}

// once publishes a request on a connection, and waits for the answer.
func (l *Link) once(ctx context.Context, q *question, topic string, members map[string]any) ([]byte, error) {
	down, err := l.connection(ctx)
	if err != nil {
		return nil, err
	}
	payload, answers, err := l.expect(q, members)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, l.o.Answer, errors.New("no answer came"))
	defer cancel()
	response, err := l.manager.Publish(ctx, &paho.Publish{Topic: topic, QoS: 1, Payload: payload})
	if err != nil {
		return nil, errors.Join(err, refusal(response))
	}
	select {
	case a := <-answers:
		return a.read()
	case <-down:
		return nil, errors.New("the connection has ended")
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// refusal says why a PUBLISH was refused, where the server did.
func refusal(response *paho.PublishResponse) error {
	if response == nil || response.ReasonCode < 0x80 {
		return nil
	}
	return fmt.Errorf("refused with 0x%02X; the policies of the device may not allow it", response.ReasonCode)
}

// expect makes the payload of a request, and the channel on which its answer will come.
func (l *Link) expect(q *question, members map[string]any) ([]byte, <-chan answer, error) {
	all, token := map[string]any{}, ""
	if !l.o.WithoutTokens {
		token = ids.Random{}.UUID()
		all["clientToken"] = token
	}
	maps.Copy(all, members)
	payload, err := json.Marshal(all)
	answers := make(chan answer, 1)
	l.mu.Lock()
	defer l.mu.Unlock()
	q.token, q.answer = token, answers
	return payload, answers, err
}

// received takes a message: the answer to a question, or news.
func (l *Link) received(topic string, payload []byte) {
	asked, accepted := strings.CutSuffix(topic, "/accepted")
	var rejected bool
	if !accepted {
		asked, rejected = strings.CutSuffix(topic, "/rejected")
	}
	if !accepted && !rejected {
		if l.o.Changed != nil {
			l.o.Changed()
		}
		return
	}
	var head struct {
		ClientToken *string `json:"clientToken"`
	}
	_ = json.Unmarshal(payload, &head) // without a token it may be an answer all the same
	l.mu.Lock()
	defer l.mu.Unlock()
	q := l.waiting[asked]
	if q == nil || q.answer == nil || head.ClientToken != nil && *head.ClientToken != q.token {
		return // an answer to an earlier question
	}
	select {
	case q.answer <- answer{payload, rejected}:
	default: // it has one
	}
}

// read is what an answer says. The members of a rejection have other names for provisioning than for
// jobs.
func (a answer) read() ([]byte, error) {
	if !a.rejected {
		return a.payload, nil
	}
	var said struct {
		Code         string `json:"code"`
		Message      string `json:"message"`
		ErrorCode    string `json:"errorCode"`
		ErrorMessage string `json:"errorMessage"`
	}
	if err := json.Unmarshal(a.payload, &said); err != nil {
		return nil, &Rejection{Code: "InvalidJson", Message: "a rejection that cannot be read"}
	}
	return nil, &Rejection{
		Code: said.Code + said.ErrorCode, Message: said.Message + said.ErrorMessage, Payload: a.payload,
	}
}

// Close ends the connection, with a DISCONNECT.
func (l *Link) Close(ctx context.Context) { _ = l.manager.Disconnect(ctx) }

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
