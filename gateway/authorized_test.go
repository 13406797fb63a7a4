package gateway_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/device/broker"
	"github.com/drover-iot/drover/device/broker/mqtt"
	"github.com/drover-iot/drover/device/broker/mqtt/mqtttest"
	"github.com/drover-iot/drover/gateway"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/registry/authorizer"
)

// doors are authorizers, which a test changes. It is a gateway.AuthorizerStore.
type doors struct {
	mu  sync.Mutex
	all map[string]registry.Authorizer
}

func (d *doors) set(name, status string, created time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.all[name] = registry.Authorizer{
		Name:            name,
		Function:        "https://auth.example.org/door",
		SigningDisabled: true,
		Status:          status,
		CreatedAt:       created,
	}
}

func (d *doors) DescribeAuthorizer(_ context.Context, name string) (registry.Authorizer, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	a, there := d.all[name]
	if !there {
		return a, fault.New(fault.NotFound, "none")
	}
	return a, nil
}

func (d *doors) DefaultAuthorizer(ctx context.Context) (registry.Authorizer, error) {
	return d.DescribeAuthorizer(ctx, "door")
}

func (d *doors) ListAuthorizers(context.Context) ([]registry.Authorizer, error) { return nil, nil }

// authorizedWorld is a broker whose clients come by an authorizer, in a bubble. Each rule of time is
// seen from outside: by packets, presence events and the questions that the service is asked.
type authorizedWorld struct {
	t           *testing.T
	asked       asked
	doors       *doors
	identities  *identities
	authorizers *gateway.Authorizers
	broker      *broker.Broker

	log syncBuffer

	mu   sync.Mutex
	ends map[string]broker.Cause // why the connections of clients have ended
}

func newAuthorizedWorld(t *testing.T) *authorizedWorld {
	t.Helper()
	w := &authorizedWorld{
		t:          t,
		doors:      &doors{all: map[string]registry.Authorizer{}},
		identities: &identities{version: 1},
		ends:       map[string]broker.Cause{},
	}
	log := slog.New(slog.NewTextHandler(&w.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	w.doors.set("door", registry.AuthorizerActive, time.Now())
	auth := &gateway.DeviceAuth{Identities: w.identities, Scope: registry.DefaultScope, Log: log}
	w.authorizers = &gateway.Authorizers{Auth: auth, Store: w.doors, Ask: w.asked.ask, Log: log}
	keyed := &gateway.KeyPrincipals{Auth: auth}
	var err error
	w.broker, err = broker.New(t.Context(), broker.Config{
		Authenticate: func(context.Context, broker.Link) (broker.Principal, error) {
			return broker.Anyone(t.Context(), broker.Link{})
		},
		Principal: keyed.Principal,
		Log:       log,
		Presence: func(e broker.PresenceEvent) {
			if e.EventType == "disconnected" {
				w.mu.Lock()
				defer w.mu.Unlock()
				w.ends[e.ClientID] = e.Cause
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	w.authorizers.Disconnect, w.authorizers.Refuse = w.broker.Disconnect, w.broker.Refuse
	t.Cleanup(func() {
		if err := w.broker.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
		if text := w.log.String(); strings.Contains(text, "secret") {
			t.Errorf("the log has a secret:\n%s", text)
		}
	})
	return w
}

// syncBuffer is a buffer that several goroutines write to.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// strange is a connection that TLS has been spoken on.
type strange struct {
	net.Conn
	principal broker.Principal
}

func (s strange) Principal() broker.Principal { return s.principal }

// piped is a client in the bubble.
type piped struct {
	w      *authorizedWorld
	id     string
	nc     net.Conn
	mu     sync.Mutex
	got    []string      // packets, as words
	closed chan struct{} // when the connection is
}

// connect connects a client. It pings now and then, as clients do.
func (w *authorizedWorld) connect(p mqtt.Connect) *piped {
	here, there := net.Pipe()
	c := &piped{w: w, id: p.ClientID, nc: here, closed: make(chan struct{})}
	w.broker.Take(strange{there, w.authorizers.FromTLS(&tls.ConnectionState{ServerName: "iot"}, there.RemoteAddr())})
	go c.read()
	p.Version = mqtt.V5
	c.send(mqtttest.Connect(&p, ""))
	go func() {
		for {
			select {
			case <-time.After(10 * time.Minute):
				c.send([]byte{mqtt.TypePingreq << 4, 0})
			case <-c.closed:
				return
			}
		}
	}()
	synctest.Wait()
	return c
}

func (c *piped) send(packet []byte) { _, _ = c.nc.Write(packet) } // one that is closed gets nothing

func (c *piped) read() {
	var in mqtt.Reader
	in.Reset(c.nc, 1<<20)
	for {
		packet, err := in.Next()
		c.mu.Lock()
		switch {
		case err != nil:
			c.got = append(c.got, "closed")
			c.mu.Unlock()
			c.nc.Close()
			close(c.closed)
			return
		case packet.Type == mqtt.TypeConnack:
			c.got = append(c.got, fmt.Sprintf("CONNACK %02X", packet.Body[1]))
		case packet.Type == mqtt.TypeDisconnect:
			c.got = append(c.got, fmt.Sprintf("DISCONNECT %02X", packet.Body[0]))
		case packet.Type == mqtt.TypePuback:
			reason := byte(0)
			if len(packet.Body) > 2 {
				reason = packet.Body[2]
			}
			c.got = append(c.got, fmt.Sprintf("PUBACK %02X", reason))
		case packet.Type == mqtt.TypePublish:
			p, err := mqtt.DecodePublish(packet, mqtt.V5)
			c.got = append(c.got, fmt.Sprintf("%s %s%v", p.Topic, p.Payload, errorText(err)))
		}
		c.mu.Unlock()
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// publish publishes to a topic, to see whether that is allowed.
func (c *piped) publish(topic string) {
	c.send(mqtt.AppendPublish(nil, mqtt.V5, &mqtt.Publish{Topic: topic, Payload: []byte("x"), QoS: 1, ID: 1}))
	synctest.Wait()
}

// want compares what has come since it was asked last.
func (c *piped) want(when, want string) {
	c.w.t.Helper()
	synctest.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	if got := strings.Join(c.got, ", "); got != want {
		c.w.t.Errorf("%s: %s got %q, want %q", when, c.id, got, want)
	}
	c.got = nil
}

// ended compares why the last connection of a client has ended.
func (w *authorizedWorld) ended(client string, want broker.Cause) {
	w.t.Helper()
	synctest.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	if got := w.ends[client]; got != want {
		w.t.Errorf("%s has ended by %q, want %q", client, got, want)
	}
}

// answers sets what the service answers from now on.
func (w *authorizedWorld) answers(f func(authorizer.Question) (any, error)) {
	w.asked.mu.Lock()
	defer w.asked.mu.Unlock()
	w.asked.answer = f
}

// always is an answer.
func always(answer map[string]any) func(authorizer.Question) (any, error) {
	return func(authorizer.Question) (any, error) { return answer, nil }
}

var (
	connects = allow("iot:Connect", "client/*")
	both     = connects + "," + allow("iot:Publish", "topic/a") + "," + allow("iot:Publish", "topic/b")
)

// The service is asked again while a client is connected, with what its CONNECT had; what it says is
// in force from then on. When it says no, or that it is somebody else, the connection ends.
func TestAuthorizerIsAskedAgain(t *testing.T) { // R-ID-95
	t.Parallel()
	for _, row := range []struct {
		name   string
		second func(authorizer.Question) (any, error)
		want   string // what the client gets after the second answer, when it publishes to b
		cause  broker.Cause
	}{
		{"the same", always(letIn("one", both)), "PUBACK 00", ""},
		{"less", always(letIn("one", connects)), "PUBACK 87", ""},
		{"refused", always(map[string]any{"isAuthenticated": false}), "DISCONNECT 87, closed", broker.AuthError},
		{"somebody else", always(letIn("two", both)), "DISCONNECT 87, closed", broker.AuthError},
		{"wrong", always(map[string]any{}), "DISCONNECT 87, closed", broker.AuthError},
		{"no answer", func(authorizer.Question) (any, error) { return nil, errors.New("away") }, "PUBACK 00", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newAuthorizedWorld(t)
				w.answers(always(letIn("one", both)))
				c := w.connect(mqtt.Connect{ClientID: "c", Username: "user", Password: []byte("secret")})
				c.publish("b")
				c.want("at first", "CONNACK 00, PUBACK 00")
				first := w.asked.last()
				w.answers(row.second)
				time.Sleep(269 * time.Second) // nine tenths of 300 s are the earliest
				if n := w.asked.count(); n != 1 {
					t.Errorf("%d questions before the time", n)
				}
				time.Sleep(32 * time.Second)
				synctest.Wait()
				if n := w.asked.count(); n != 2 {
					t.Errorf("%d questions, want 2", n)
				}
				if diff := cmp.Diff(first, w.asked.last()); diff != "" {
					t.Errorf("the second question (-first +second):\n%s", diff)
				}
				if row.cause == "" {
					c.publish("b")
				}
				c.want("afterwards", row.want)
				w.ended("c", row.cause)
				if says := map[string]string{"refused": "not authenticated", "somebody else": "somebody else", "wrong": "isAuthenticated is missing", "no answer": "away"}[row.name]; !strings.Contains(w.log.String(), says) {
					t.Errorf("the log does not say %q:\n%s", says, w.log.String())
				}
				if row.name == "no answer" { // it is tried again each minute, until there is one
					w.answers(always(letIn("one", connects)))
					time.Sleep(61 * time.Second)
					c.publish("b")
					c.want("later", "PUBACK 87")
				}
			})
		})
	}
}

// A connection ends after the time that the first answer has given, with a cause of its own and its
// will, and nobody is asked about it any more.
func TestAuthorizedConnectionEnds(t *testing.T) { // R-BRK-24, R-BRK-33, R-ID-95
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newAuthorizedWorld(t)
		answer := letIn("one", both+","+allow("iot:Subscribe", "topicfilter/*")+","+allow("iot:Receive", "*"))
		answer["disconnectAfterInSeconds"], answer["refreshAfterInSeconds"] = 1000, 86400
		w.answers(always(answer))
		c := w.connect(mqtt.Connect{ClientID: "c", Will: &mqtt.Will{Message: mqtt.Publish{Topic: "a", Payload: []byte("gone")}}})
		time.Sleep(500 * time.Second)
		sees := w.connect(mqtt.Connect{ClientID: "sees"})
		sees.send(mqtttest.Packet(mqtt.TypeSubscribe<<4|2, append([]byte{0, 1, 0}, append(mqtttest.Text("a"), 0)...)))
		sees.want("the other client", "CONNACK 00")
		time.Sleep(499 * time.Second)
		c.want("in its last second", "CONNACK 00")
		time.Sleep(3 * time.Second)
		c.want("at the end", "DISCONNECT 98, closed")
		w.ended("c", broker.CustomAuthExpired)
		sees.want("the will", "a gone")
		time.Sleep(24 * time.Hour)
		if n := w.asked.count(); n != 2 {
			t.Errorf("%d questions, want those of the two connections", n)
		}
	})
}

// When an authorizer is INACTIVE, deleted, or another one of its name, its connections end, also idle
// ones, and their wills are not published.
func TestAuthorizerEnds(t *testing.T) { // R-BRK-19, R-BRK-24, R-ID-95
	t.Parallel()
	for name, end := range map[string]func(w *authorizedWorld){
		"inactive": func(w *authorizedWorld) { w.doors.set("door", registry.AuthorizerInactive, time.Now()) },
		"another":  func(w *authorizedWorld) { w.doors.set("door", registry.AuthorizerActive, time.Now()) },
		"deleted": func(w *authorizedWorld) {
			w.doors.mu.Lock()
			defer w.doors.mu.Unlock()
			delete(w.doors.all, "door")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newAuthorizedWorld(t)
				w.doors.set("other", registry.AuthorizerActive, time.Now())
				w.answers(always(letIn("one", both+","+allow("iot:Subscribe", "*")+","+allow("iot:Receive", "*"))))
				stays := w.connect(mqtt.Connect{ClientID: "stays", Username: "?x-amz-customauthorizer-name=other"})
				stays.send(mqtttest.Packet(mqtt.TypeSubscribe<<4|2, append([]byte{0, 1, 0}, append(mqtttest.Text("a"), 0)...)))
				c := w.connect(mqtt.Connect{ClientID: "c", Will: &mqtt.Will{Message: mqtt.Publish{Topic: "a", Payload: []byte("gone")}}})
				c.want("at first", "CONNACK 00")
				time.Sleep(time.Second)
				w.identities.change(func() { end(w) })
				w.authorizers.Changed("door")
				c.want("afterwards", "DISCONNECT 98, closed")
				w.ended("c", broker.AuthError)
				// It would have had the will before.
				stays.send(mqtt.AppendPublish(nil, mqtt.V5, &mqtt.Publish{Topic: "a", Payload: []byte("x")}))
				stays.want("of the other authorizer", "CONNACK 00, a x")
			})
		})
	}
}

// A client that connects while its authorizer is being switched off does not stay.
func TestAuthorizerEndsDuringConnect(t *testing.T) { // R-BRK-19
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newAuthorizedWorld(t)
		w.answers(func(authorizer.Question) (any, error) {
			w.doors.set("door", registry.AuthorizerInactive, time.Now())
			w.authorizers.Changed("door")
			return letIn("one", both), nil
		})
		w.connect(mqtt.Connect{ClientID: "c"}).want("the client", "CONNACK 87, closed")
	})
}

// However many clients of an address connect, only a few questions are asked at once; those whose
// turn does not come in the time of a handshake are told to come again.
func TestQuestionsAreBounded(t *testing.T) { // R-BRK-17, R-ID-93
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newAuthorizedWorld(t)
		w.answers(func(authorizer.Question) (any, error) {
			time.Sleep(4 * time.Second)
			return letIn("one", both), nil
		})
		const clients = 40
		var all []*piped
		start := time.Now()
		for i := range clients {
			all = append(all, w.connect(mqtt.Connect{ClientID: fmt.Sprint("c", i)}))
		}
		time.Sleep(11 * time.Second)
		defer time.Sleep(4 * time.Second) // the last answers
		if took := time.Since(start); took > 12*time.Second {
			t.Fatalf("took %s", took)
		}
		answers := map[string]int{}
		for _, c := range all {
			c.mu.Lock()
			answers[strings.Join(c.got, ", ")]++
			c.mu.Unlock()
		}
		// Two rounds of eight fit into the time; the third one has begun, and comes too late.
		want := map[string]int{"CONNACK 00": 16, "CONNACK 88, closed": 24}
		if w.asked.most != 8 || !cmp.Equal(answers, want) {
			t.Errorf("%d questions at once, want 8; clients got %v, want %v", w.asked.most, answers, want)
		}
	})
}
