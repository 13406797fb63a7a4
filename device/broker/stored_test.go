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
