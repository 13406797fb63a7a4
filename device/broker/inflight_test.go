package broker

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/device/broker/mqtt"
)

// What waits for a client that comes back: first what it has not acknowledged, with the packet
// identifier that it had and DUP, then what waited behind that. Messages of QoS 0, replies, and
// notifications that a later one replaces are gone (R-BRK-13, R-BRK-25, R-MQTT-32, R-MQTT-44).
func TestPrepareResume(t *testing.T) {
	t.Parallel()
	one := func(payload string) *message {
		return &message{Message: Message{Topic: "q", Payload: []byte(payload), QoS: 1}}
	}
	latest := func(topic, payload string) *message {
		return &message{Message: Message{Topic: topic, Payload: []byte(payload), QoS: 1, Latest: true}}
	}
	for _, row := range []struct {
		name            string
		inFlight, queue []entry
		want            string
	}{
		{"R-BRK-25 what is in flight comes first",
			[]entry{{m: one("a"), id: 7, qos: 1}, {m: one("b"), id: 8, qos: 1}},
			[]entry{{m: one("c"), qos: 1}},
			"a7 dup, b8 dup, c0"},
		{"R-BRK-25 what was sent twice comes before what was sent once",
			[]entry{{m: one("a"), id: 7, qos: 1, dup: true}},
			[]entry{{m: one("b"), id: 8, qos: 1, dup: true}, {m: one("c"), qos: 1}},
			"a7 dup, b8 dup, c0"},
		{"R-MQTT-32 a reply",
			[]entry{{id: 7, qos: 1}, {m: one("b"), id: 8, qos: 1}}, nil, "b8 dup"},
		{"R-BRK-13 QoS 0", nil, []entry{{m: one("a"), qos: 0}, {m: one("b"), qos: 1}}, "b0"},
		{"R-MQTT-44 a notification that is in flight",
			[]entry{{m: latest("q", "a"), id: 7, qos: 1}, {m: latest("r", "b"), id: 8, qos: 1}},
			[]entry{{m: latest("q", "c"), qos: 1}},
			"b8 dup, c0"},
		{"R-MQTT-44 no notification replaces a message of another client",
			[]entry{{m: one("a"), id: 7, qos: 1}},
			[]entry{{m: latest("q", "b"), qos: 1}, {m: one("c"), qos: 1}},
			"a7 dup, b0, c0"},
	} {
		b, _ := start(t, Config{})
		s := &session{b: b, key: "dev", expiry: time.Hour, inFlight: row.inFlight}
		for _, e := range row.queue {
			s.push(e)
		}
		s.mu.Lock() // so that nothing is unloaded
		s.prepareResume()
		var got []string
		for _, e := range s.queue {
			text := string(e.m.Payload) + string('0'+rune(e.id))
			if e.dup {
				text += " dup"
			}
			got = append(got, text)
		}
		s.mu.Unlock()
		if diff := cmp.Diff(row.want, strings.Join(got, ", ")); diff != "" || s.inFlight != nil {
			t.Errorf("%s: in flight %d, want none; the queue, want → got:\n%s",
				row.name, len(s.inFlight), diff)
		}
	}
}

// A client may acknowledge in any order. An identifier that is not in flight says nothing about one
// that is (R-BRK-25).
func TestAcknowledge(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		id   uint16
		want []uint16
	}{
		{65534, []uint16{65535, 1, 3}},
		{65535, []uint16{65534, 1, 3}},
		{3, []uint16{65534, 65535, 1}},
		{2, []uint16{65534, 65535, 1, 3}},
		{0, []uint16{65534, 65535, 1, 3}},
	} {
		s := &session{inFlight: []entry{{id: 65534}, {id: 65535}, {id: 1}, {id: 3}}}
		s.acknowledge(row.id)
		var got []uint16
		for _, e := range s.inFlight {
			got = append(got, e.id)
		}
		if diff := cmp.Diff(row.want, got); diff != "" {
			t.Errorf("PUBACK %d, want → got:\n%s", row.id, diff)
		}
	}
}

// A client that resumes its session while the broker still has its old connection gets what it did
// not acknowledge there, as after any other end of a connection (R-BRK-16, R-BRK-25).
func TestTakeoverSendsAgain(t *testing.T) {
	t.Parallel()
	for _, version := range []mqtt.Version{4, 5} {
		b, addr := start(t, Config{})
		old := rejoin(t, addr, version, "dev", false)
		old.subscribe(1, 1, "q")
		b.Publish(Message{Topic: "q", Payload: []byte("a"), QoS: 1})
		sent := old.wantPublish("q", "a", 1)
		now := rejoin(t, addr, version, "dev", true)
		if p := now.wantPublish("q", "a", 1); !p.Dup || p.ID != sent.ID {
			t.Errorf("dup %v id %d, want id %d", p.Dup, p.ID, sent.ID)
		}
	}
}
