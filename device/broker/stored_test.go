package broker

import (
	"bytes"
	"reflect"
	"slices"
	"testing"

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
		forwarded: forwarded,
	}
	e := entry{m: m, id: 5, qos: 1, dup: true, retain: true, stored: storedSent}
	got, err := parseStored(appendStored(nil, &e))
	if err != nil || !reflect.DeepEqual(got, e) {
		t.Errorf("got %+v %v, want %+v", got, err, e)
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
