package broker

import (
	"bytes"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/drover-iot/drover/device/broker/mqtt"
	"github.com/drover-iot/drover/device/broker/mqtt/mqtttest"
)

// forwarded is a content type and a user property, in wire form.
var forwarded = slices.Concat(
	[]byte{mqtt.PropContentType}, mqtttest.Text("text/plain"),
	[]byte{mqtt.PropUser}, mqtttest.Text("k"), mqtttest.Text("v"),
)

func TestStoredRoundTrip(t *testing.T) {
	t.Parallel()
	m := &message{
		Message:   Message{Topic: "a", Payload: []byte("x"), QoS: 1, Latest: true},
		retain:    true,
		expires:   time.UnixMilli(1_700_000_000_000),
		forwarded: forwarded,
	}
	e := entry{m: m, id: 5, qos: 1, dup: true, retain: true, stored: storedSent}
	got, err := parseStored(appendStored(nil, &e))
	if err != nil || !reflect.DeepEqual(got, e) {
		t.Errorf("got %+v %v, want %+v", got, err, e)
	}
}

// The stored forms as the files of users hold them: what is written is this, byte by byte, and this
// is read. A change of one of them needs a migration of the store.
func TestStoredForms(t *testing.T) {
	t.Parallel()
	const sessionForm = `{"version":5,"expirySeconds":3600,"until":1700000000000,` +
		`"subscriptions":{"a/#":1,"b":2,"c":4,"d":7}}`
	// Latest and an expiry; the expiry in ms; PUBLISH with DUP, QoS 1 and RETAIN, 27 bytes; topic
	// "a", packet identifier 5, the 20 bytes of properties, payload "x".
	const messageForm = "\x03" + "\x00\x00\x01\x8b\xcf\xe5\x68\x00" + "\x3b\x1b" +
		"\x00\x01a" + "\x00\x05" + "\x14" + "\x03\x00\x0atext/plain" + "\x26\x00\x01k\x00\x01v" + "x"

	s := session{
		key:     "dev",
		version: mqtt.V5,
		expiry:  time.Hour,
		endsAt:  time.UnixMilli(1_700_000_000_000),
		subs: []subscription{
			{"a/#", grantQoS1}, {"b", grantNoLocal}, {"c", grantRetainAsPublished},
			{"d", grantQoS1 | grantNoLocal | grantRetainAsPublished},
		},
	}
	if got := s.record(); string(got.Value) != sessionForm {
		t.Errorf("a session is stored as\n%s, want\n%s", got.Value, sessionForm)
	}
	for o, want := range map[owner]string{
		{"pump", true}: `{"version":4,"expirySeconds":60,"thing":"pump","subscriptions":{}}`,
		{"4f", false}:  `{"version":4,"expirySeconds":60,"principal":"4f","subscriptions":{}}`,
	} {
		owned := session{key: "dev", version: mqtt.V311, expiry: time.Minute, owner: o}
		if got := owned.record(); string(got.Value) != want {
			t.Errorf("a session of %+v is stored as\n%s, want\n%s", o, got.Value, want)
		}
	}
	e := entry{
		m: &message{
			Message:   Message{Topic: "a", Payload: []byte("x"), QoS: 1, Latest: true},
			retain:    true,
			expires:   time.UnixMilli(1_700_000_000_000),
			forwarded: forwarded,
		},
		id: 5, qos: 1, dup: true, retain: true, stored: storedSent,
	}
	if got := string(appendStored(nil, &e)); got != messageForm {
		t.Errorf("a message is stored as\n%q, want\n%q", got, messageForm)
	}

	store := NewMemorySessions()
	if err := store.Apply(t.Context(), []Change{
		{Client: "dev", Value: []byte(sessionForm)},
		{Client: "dev", Seq: 1, Value: []byte(messageForm)},
	}); err != nil {
		t.Fatal(err)
	}
	b := &Broker{cfg: Config{Sessions: store}, sessions: map[string]*session{}, routes: newRoutes()}
	if err := b.load(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := b.sessions["dev"]
	slices.SortFunc(got.subs, func(x, y subscription) int { return strings.Compare(x.filter, y.filter) })
	if got.version != s.version || got.expiry != s.expiry || !got.endsAt.Equal(s.endsAt) ||
		!slices.Equal(got.subs, s.subs) {
		t.Errorf("the session is read as %+v, want %+v", got, &s)
	}
	e.seq = 1
	if want := []entry{e}; !reflect.DeepEqual(got.queue, want) {
		t.Errorf("the messages are read as %+v, want %+v", got.queue, want)
	}
}

// A store that returns something else than it was given keeps the broker from starting.
func TestDamagedStore(t *testing.T) {
	t.Parallel()
	session := Change{Client: "dev", Value: []byte(`{"version":5,"expirySeconds":60}`)}
	stored := appendStored(nil, &entry{m: &message{Message: Message{Topic: "a"}}})
	for _, row := range []struct {
		name    string
		changes []Change
		ok      bool
	}{
		{"sound", []Change{session, {Client: "dev", Seq: 1, Value: stored}}, true},
		{"message without a session", []Change{{Client: "dev", Seq: 1, Value: stored}}, true},
		{"session", []Change{{Client: "dev", Value: []byte("{")}}, false},
		{"message too short", []Change{session, {Client: "dev", Seq: 1, Value: stored[:5]}}, false},
		{"message cut", []Change{session, {Client: "dev", Seq: 1, Value: stored[:len(stored)-1]}}, false},
		{"message malformed", []Change{
			session, {Client: "dev", Seq: 1, Value: append(stored[:9:9], 0x30, 1, 0)},
		}, false},
		{"retained message", []Change{{Client: "", Seq: 1, Value: stored[:5]}}, false},
	} {
		store := NewMemorySessions()
		if err := store.Apply(t.Context(), row.changes); err != nil {
			t.Fatal(err)
		}
		b, err := New(t.Context(), Config{Sessions: store})
		if row.ok != (err == nil) {
			t.Errorf("%s: %v", row.name, err)
		}
		if err == nil {
			b.Shutdown(t.Context())
		} else if client := row.changes[0].Client; !strings.Contains(err.Error(), strconv.Quote(client)) {
			t.Errorf("%s: %q does not name the client", row.name, err)
		}
	}
}

// FuzzStored reads arbitrary bytes as a stored message, which must not panic, and writes what it
// could read again.
func FuzzStored(f *testing.F) {
	m := &message{Message: Message{Topic: "a", Payload: []byte("x"), QoS: 1}, forwarded: forwarded}
	f.Add(appendStored(nil, &entry{m: m, id: 5, qos: 1, dup: true}))
	f.Add(appendStored(nil, &entry{m: m}))
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := parseStored(b)
		if err != nil {
			return
		}
		again, err := parseStored(appendStored(nil, &e))
		same := again.m != nil && again.m.Topic == e.m.Topic && bytes.Equal(again.m.Payload, e.m.Payload)
		if err != nil || !same {
			t.Errorf("%x: got %+v %v, want %+v", b, again, err, e)
		}
	})
}
