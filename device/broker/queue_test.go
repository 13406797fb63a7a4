package broker

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A delivered message has a name, which is its payload's first letter, and a size with what counts
// besides.
type delivered struct {
	name   string
	qos    byte
	size   int
	latest bool
}

func TestQueueLimits(t *testing.T) { // R-BRK-13, R-BRK-36, R-MQTT-44
	t.Parallel()
	cfg := Config{OutboundBytes: 1000, StoredMessages: 5, StoredBytes: 2000}
	for _, row := range []struct {
		name       string
		persistent bool
		messages   []delivered
		want       string // the names in the queue
	}{
		{"QoS 0 to the limit", false, []delivered{{"a", 0, 500, false}, {"b", 0, 500, false}}, "ab"},
		{"QoS 0 beyond", false, []delivered{
			{"a", 0, 500, false}, {"b", 0, 500, false}, {"c", 0, 100, false},
		}, "ab"},
		{"QoS 1 displaces QoS 0", false, []delivered{
			{"a", 0, 500, false}, {"b", 1, 100, false}, {"c", 0, 400, false}, {"d", 1, 100, false},
		}, "bd"},
		{"QoS 1 that fits displaces nothing", false, []delivered{
			{"a", 0, 500, false}, {"b", 1, 500, false},
		}, "ab"},
		{"QoS 1 beyond", false, []delivered{{"a", 1, 1000, false}, {"b", 1, 100, false}}, "a"},
		{"persistent: bytes to the limit", true, []delivered{
			{"a", 1, 1000, false}, {"b", 1, 1000, false}, {"c", 1, 100, false},
		}, "ab"},
		{"persistent: QoS 0 has the small limit", true, []delivered{
			{"a", 1, 1000, false}, {"b", 0, 100, false}, {"c", 1, 100, false},
		}, "ac"},
		{"persistent: messages to the limit", true, []delivered{
			{"a", 1, 100, false}, {"b", 1, 100, false}, {"c", 1, 100, false},
			{"d", 1, 100, false}, {"e", 1, 100, false}, {"f", 1, 100, false},
		}, "abcde"},
		{"a replaced one counts no more", true, []delivered{
			{"a", 1, 1000, true}, {"b", 1, 900, false}, {"c", 1, 1100, true},
		}, "bc"},
		{"one that does not fit replaces nothing", true, []delivered{
			{"a", 1, 1000, true}, {"b", 1, 900, false}, {"c", 1, 2001, true},
		}, "ab"},
		{"R-BRK-35 messages of others make room", true, []delivered{
			{"a", 1, 100, false}, {"b", 1, 100, false}, {"c", 1, 100, false},
			{"d", 1, 100, false}, {"e", 1, 100, false}, {"f", 1, 100, true},
		}, "abcdf"},
		{"R-BRK-35 the next one replaces first", true, []delivered{
			{"a", 1, 100, false}, {"b", 1, 100, false}, {"c", 1, 100, false},
			{"d", 1, 100, false}, {"e", 1, 100, true}, {"f", 1, 100, true},
		}, "abcdf"},
		{"R-BRK-35 bytes of others make room, the newest first", true, []delivered{
			{"a", 1, 900, false}, {"b", 1, 600, false}, {"c", 1, 100, true},
			{"d", 1, 400, false}, {"e", 1, 1100, true},
		}, "ae"},
		{"R-BRK-35 no longer than it takes", true, []delivered{
			{"a", 1, 900, false}, {"b", 1, 600, false}, {"c", 1, 500, false}, {"d", 1, 400, true},
		}, "abd"},
		{"R-BRK-35 not persistent: the same", false, []delivered{
			{"a", 1, 600, false}, {"b", 1, 400, false}, {"c", 1, 100, true},
		}, "ac"},
		{"at QoS 0 nothing makes room", false, []delivered{
			{"a", 1, 600, false}, {"b", 1, 400, false}, {"c", 0, 100, true},
		}, "ab"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			b, _ := start(t, cfg)
			s := &session{b: b, key: "dev", conn: &conn{b: b}}
			s.conn.out.writing = true // so that nothing is written
			if row.persistent {
				s.expiry = time.Hour
			}
			for _, d := range row.messages {
				payload := d.name + strings.Repeat("x", d.size-64-len("t")-len(d.name))
				m := Message{Topic: "t", Payload: []byte(payload), QoS: d.qos, Latest: d.latest}
				s.deliver(&message{Message: m}, grantQoS1, false)
			}
			var got string
			bytes, qos1 := 0, 0
			for _, e := range s.queue {
				got += string(e.m.Payload[:1])
				bytes += e.m.size()
				qos1 += int(e.qos)
			}
			if diff := cmp.Diff(row.want, got); diff != "" {
				t.Errorf("queue, want → got:\n%s", diff)
			}
			if bytes != s.queuedBytes || qos1 != s.queuedQoS1 {
				t.Errorf("counted %d bytes and %d of QoS 1, queued are %d and %d",
					s.queuedBytes, s.queuedQoS1, bytes, qos1)
			}
		})
	}
}

// A message that was sent on an earlier connection makes no room for a notification: the client may
// have it (R-BRK-35).
func TestDisplacedIsUnsent(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		sent int // how many of the two that wait were sent before
		want string
	}{
		{0, "ac"}, {1, "ac"}, {2, "ab"},
	} {
		store := newFaultySessions()
		store.set(true) // so that nothing is unloaded
		b, _ := start(t, Config{StoredMessages: 2, Sessions: store})
		s := &session{b: b, key: "dev", expiry: time.Hour}
		for i, name := range []string{"a", "b"} {
			e := entry{m: &message{Message: Message{Topic: "q", Payload: []byte(name)}}, qos: 1}
			if i < row.sent {
				e.id, e.dup = uint16(i+1), true
			}
			s.push(e)
		}
		s.deliver(&message{Message: Message{Topic: "t", Payload: []byte("c"), QoS: 1, Latest: true}},
			grantQoS1, false)
		var got string
		for _, e := range s.queue {
			got += string(e.m.Payload)
		}
		if got != row.want {
			t.Errorf("R-BRK-35 %d sent: the queue is %q, want %q", row.sent, got, row.want)
		}
	}
}

func TestPacketIdentifiers(t *testing.T) { // R-BRK-25
	t.Parallel()
	s := &session{lastID: 65533}
	s.inFlight = []entry{{id: 65535}, {id: 1}}
	s.queue = []entry{{id: 3}, {id: 0}}
	var got []uint16
	for range 4 {
		got = append(got, s.newPacketID())
	}
	if diff := cmp.Diff([]uint16{65534, 2, 4, 5}, got); diff != "" {
		t.Errorf("want → got:\n%s", diff)
	}
}
