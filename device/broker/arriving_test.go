package broker

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/drover-iot/drover/device/broker/mqtt"
)

// The buffers of packets that arrive are bounded, in all and for each principal; the one that has
// waited longest makes room for another when it has waited for 2 s (R-BRK-55).
func TestArriving(t *testing.T) {
	t.Parallel()
	const whole, part = 10_000, 1000 // the bound, and the share of a principal
	type step struct {
		who     int // a client
		bytes   int // what it needs more; negative: its packet is there
		after   time.Duration
		refused bool
		closes  int // the client that is closed for it; 0: none
	}
	for name, row := range map[string]struct {
		ids   []string // of the principals of clients 1, 2, 3
		steps []step
	}{
		"in all": {[]string{"", "", ""}, []step{
			{who: 1, bytes: 6000}, {who: 2, bytes: 4000}, {who: 3, bytes: 1, refused: true},
		}},
		"it has come": {[]string{"", "", ""}, []step{
			{who: 1, bytes: 6000}, {who: 2, bytes: 4000}, {who: 1, bytes: -1}, {who: 3, bytes: 6000},
			{who: 1, bytes: 1, refused: true},
		}},
		"the oldest goes": {[]string{"", "", ""}, []step{
			{who: 1, bytes: 6000}, {who: 2, bytes: 4000, after: time.Second},
			{who: 3, bytes: 6000, after: time.Second, closes: 1},
			{who: 1, bytes: -1}, // which is counted no longer
			{who: 3, bytes: 1, refused: true},
		}},
		"it has not waited long": {[]string{"", "", ""}, []step{
			{who: 1, bytes: whole}, {who: 2, bytes: 1, after: arrivingPatience - 1, refused: true},
		}},
		"it is not closed for itself": {[]string{"", "", ""}, []step{
			{who: 1, bytes: 9000}, {who: 2, bytes: 1000},
			{who: 1, bytes: 1, after: arrivingPatience, refused: true},
		}},
		"one that is alone": {[]string{"a", "", ""}, []step{
			{who: 1, bytes: part}, {who: 1, bytes: 3 * whole}, {who: 2, bytes: 1, refused: true},
		}},
		"the share of a principal": {[]string{"a", "a", "b"}, []step{
			{who: 1, bytes: 600}, {who: 2, bytes: 400}, {who: 2, bytes: 1, refused: true},
			{who: 3, bytes: 600}, {who: 1, bytes: -1}, {who: 2, bytes: 600},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := &Broker{cfg: Config{MaxArrivingBytes: whole, PrincipalShare: 10}}
				b.arriving.cfg = &b.cfg
				var conns []*conn
				for _, id := range row.ids {
					c := &conn{b: b, nc: newRecorded(), peer: Peer{Principal: &rights{id: id}}}
					b.arriving.meter(c)
					conns = append(conns, c)
				}
				for i, s := range row.steps {
					time.Sleep(s.after)
					c := conns[s.who-1]
					if s.bytes < 0 {
						c.packet.Shrink(c.packet.bytes)
						continue
					}
					err := c.packet.Grow(s.bytes)
					var refusal *closeError
					refused := errors.As(err, &refusal) && refusal.reason == mqtt.QuotaExceeded
					if refused != s.refused || !refused && err != nil {
						t.Errorf("step %d: %v, refused should be %v", i, err, s.refused)
					}
					synctest.Wait()
					for k, other := range conns {
						if closed := other.closing.Load() != nil; closed && k+1 != s.closes && s.closes > 0 ||
							!closed && k+1 == s.closes {
							t.Errorf("step %d: client %d is closed: %v", i, k+1, closed)
						}
					}
				}
				for i, c := range conns {
					c.packet.Shrink(c.packet.bytes)
					if c.packet.place != nil {
						t.Errorf("client %d has a place", i+1)
					}
				}
				if b.arriving.bytes != 0 || b.arriving.oldest.Len() != 0 || len(b.arriving.each) != 0 {
					t.Errorf("%d bytes of %d are left, %v", b.arriving.bytes, b.arriving.oldest.Len(), b.arriving.each)
				}
			})
		})
	}
}

// A client that sends half of a packet is closed for others, and the log says why (R-BRK-55).
func TestHalfPackets(t *testing.T) {
	t.Parallel()
	var log logLines
	const room = 200_000
	b, addr := start(t, Config{MaxArrivingBytes: room, Log: logTo(&log)})
	packet := mqtt.AppendPublish(nil, mqtt.V5, &mqtt.Publish{Topic: "a", Payload: make([]byte, 128<<10)})
	first := join(t, addr, mqtt.V5, "first")
	first.send(packet[:len(packet)*2/3])
	until(t, "the first half", func() bool {
		b.arriving.mu.Lock()
		defer b.arriving.mu.Unlock()
		return b.arriving.bytes == len(packet)
	})
	second := join(t, addr, mqtt.V5, "second")
	second.send(packet[:len(packet)*2/3])
	second.wantClosed(mqtt.QuotaExceeded)
	first.send(packet[len(packet)*2/3:])
	first.sync()
	until(t, "the room of the packets", func() bool {
		b.arriving.mu.Lock()
		defer b.arriving.mu.Unlock()
		return b.arriving.bytes == 0
	})
	third := join(t, addr, mqtt.V5, "third")
	third.send(packet)
	third.sync()
	if text := log.String(); !strings.Contains(text, "unfinished packets") {
		t.Errorf("the log has\n%s", text)
	}
}
