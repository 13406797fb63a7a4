package broker

import (
	"bytes"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

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
		`"subscriptions":{"a/#":1,"b":2,"c":4,"d":7},"subscriptionIds":{"b":268435455}}`
	// The properties and the payload of PUBLISH: 20 bytes of properties, "x".
	const rest = "\x14" + "\x03\x00\x0atext/plain" + "\x26\x00\x01k\x00\x01v" + "x"
	// Latest and an expiry, the expiry in ms.
	const expires = "\x00\x00\x01\x8b\xcf\xe5\x68\x00"
	// One value, as retained messages are stored, and as those of sessions were: PUBLISH with DUP,
	// QoS 1 and RETAIN, 27 bytes; topic "a", packet identifier 5.
	const messageForm = "\x03" + expires + "\x3b\x1b" + "\x00\x01a" + "\x00\x05" + rest
	// A head, Latest, sent and with RETAIN: packet identifier 5, 86 bytes with what is counted for
	// the struct, topic "a". Its body is PUBLISH at QoS 0, 25 bytes.
	const headForm = "\x8f" + expires + "\x00\x05" + "\x00\x00\x00\x56" + "a"
	const bodyForm = "\x30\x19" + "\x00\x01a" + rest

	s := session{
		key:     "dev",
		version: mqtt.V5,
		expiry:  time.Hour,
		endsAt:  time.UnixMilli(1_700_000_000_000),
		subs: []subscription{
			{"a/#", grantQoS1, 0},
			{"b", grantNoLocal, mqtt.MaxSubscriptionID},
			{"c", grantRetainAsPublished, 0},
			{"d", grantQoS1 | grantNoLocal | grantRetainAsPublished, 0},
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
	m := &message{
		Message:   Message{Topic: "a", Payload: []byte("x"), QoS: 1, Latest: true},
		expires:   time.UnixMilli(1_700_000_000_000),
		forwarded: forwarded,
	}
	e := entry{m: m, stub: newStub(m, 7), id: 5, qos: 1, dup: true, retain: true, stored: storedSent}
	if got := string(appendStored(nil, &e)); got != messageForm {
		t.Errorf("a message is stored as\n%q, want\n%q", got, messageForm)
	}
	e.seq = 2
	stored := effective([]pendingChange{{client: "dev", message: e}})[0]
	want := Change{Client: "dev", Seq: 2, Value: []byte(headForm), Body: []byte(bodyForm), Shared: 7}
	if diff := cmp.Diff(want, stored); diff != "" {
		t.Errorf("a message of a session, want → got:\n%s", diff)
	}

	store := NewMemorySessions()
	if err := store.Apply(t.Context(), []Change{
		{Client: "dev", Value: []byte(sessionForm)},
		{Client: "dev", Seq: 1, Value: []byte(messageForm)}, want,
	}); err != nil {
		t.Fatal(err)
	}
	b, _ := start(t, Config{Sessions: store})
	got := b.sessions["dev"]
	slices.SortFunc(got.subs, func(x, y subscription) int { return strings.Compare(x.filter, y.filter) })
	if got.version != s.version || got.expiry != s.expiry || !got.endsAt.Equal(s.endsAt) ||
		!slices.Equal(got.subs, s.subs) {
		t.Errorf("the session is read as %+v, want %+v", got, &s)
	}
	changes, err := store.Messages(t.Context(), "dev", 1, 2)
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range changes {
		read, err := parseMessage(c)
		if err != nil {
			t.Fatal(err)
		}
		read.retain = false // a session has its own
		if !reflect.DeepEqual(read, m) {
			t.Errorf("message %d is read as %+v, want %+v", i, read, m)
		}
		q := &got.queue[i]
		if q.m != nil || q.size() != m.size() || q.latest() != "a" || q.stub.shared != c.Shared {
			t.Errorf("its stub is %+v", q.stub)
		}
		if q.id != 5 || !q.dup || !q.retain || q.qos != 1 || q.stored != storedSent {
			t.Errorf("its entry is %+v", q)
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
