package attack

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/drover-iot/drover/device/broker/mqtt"
	"github.com/drover-iot/drover/test/testserver"
)

// sleep makes a session on the plain listener that subscribes to filters, and whose client is away.
func sleep(t testing.TB, s *testserver.Server, id string, filters ...string) {
	t.Helper()
	c := joinPlain(t, s, mqtt.Connect{ClientID: id, SessionExpiry: 3600})
	c.subscribe(filters...)
	c.leave()
}

// leave ends a connection as a client does that comes back.
func (c *client) leave() {
	c.t.Helper()
	c.send([]byte{mqtt.TypeDisconnect << 4, 0})
	if packet := c.read(); packet.Type != 0 {
		c.t.Fatalf("packet type %d %x, want the end of the connection", packet.Type, packet.Body)
	}
	c.nc.Close()
}

// wake connects to a session that a client has left.
func wake(t testing.TB, s *testserver.Server, id string) *client {
	t.Helper()
	c := connect(t, dial(t, s.MQTT, nil), mqtt.Connect{ClientID: id, SessionExpiry: 3600})
	if !c.wantConnack(mqtt.Success) {
		t.Fatalf("the session of %s is lost", id)
	}
	return c
}

// stored is how many bytes the database has on disk.
func stored(t testing.TB, s *testserver.Server) (size int64) {
	t.Helper()
	files := must[[]string](t)(filepath.Glob(filepath.Join(s.Dir, "drover.db*")))
	for _, file := range files {
		if info, err := os.Stat(file); err == nil { // the log is gone after a stop
			size += info.Size()
		}
	}
	return size
}

// Large messages to many sessions that sleep are stored once, are not in memory after a restart,
// and do not make the server slow to stop or to start. Each session gets all of them (R-BRK-13,
// R-BRK-35).
func TestSleepingSessions(t *testing.T) {
	t.Parallel()
	sessions, messages := scale(30, 100), scale(20, 100)
	const size = 100_000
	s := testserver.Serve(t)
	for i := range sessions {
		sleep(t, s, fmt.Sprint("sleeper-", i), "news")
	}
	before, _ := s.Memory()
	payload := strings.Repeat("x", size)
	for i := 0; i < messages; i += 5 { // five are what one connection may send in a second
		c := joinPlain(t, s, mqtt.Connect{ClientID: "publisher", CleanStart: true})
		for n := i; n < i+5; n++ {
			text := fmt.Sprintf("%04d %s", n, payload)
			if reason := c.publish(uint16(n+1), "news", text); reason != mqtt.Success {
				t.Fatalf("message %d: PUBACK 0x%02X", n, byte(reason))
			}
		}
	}
	all := int64(messages) * size
	// The log grows to 32 MiB before it is folded into the file: it has each page that was changed.
	if got, want := stored(t, s), all+40<<20; got > want {
		t.Errorf("%d messages of %d bytes for %d sessions: %d bytes on disk, want at most %d",
			messages, size, sessions, got, want)
	}
	began := time.Now()
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	stop := time.Since(began)
	began = time.Now()
	s.Start()
	start := time.Since(began)
	now, _ := s.Memory()
	t.Logf("stop %v, start %v, %d KiB on disk, memory %d KiB with the sessions, %d after the restart",
		stop, start, stored(t, s)>>10, before>>10, now>>10)
	if stop > 5*time.Second || start > 5*time.Second {
		t.Errorf("stopping took %v and starting %v", stop, start)
	}
	if most := before + 16<<20; now > most {
		t.Errorf("%d KiB are resident after the restart, %d before the messages", now>>10, before>>10)
	}
	for _, id := range []string{"sleeper-0", fmt.Sprint("sleeper-", sessions-1)} {
		c := wake(t, s, id)
		for n := range messages {
			if got := c.wantPublish("news"); got[:5] != fmt.Sprintf("%04d ", n) || got[5:] != payload {
				t.Fatalf("%s: message %d begins with %q and has %d bytes", id, n, got[:20], len(got))
			}
		}
		c.leave()
	}
}

// A PUBACK that a message for a sleeping session or a retained one has is a promise: the server may
// be killed right after it (R-BRK-46).
func TestPubackThenKill(t *testing.T) {
	t.Parallel()
	s := testserver.Serve(t)
	// What is promised is for a client that is away, so the server must have seen it leave.
	watch := joinPlain(t, s, mqtt.Connect{ClientID: "watch", CleanStart: true})
	const left = "$aws/events/presence/disconnected/sleeper"
	watch.subscribe(left)
	sleep(t, s, "sleeper", "news", "kept/+")
	watch.wantPublish(left)
	rounds := scale(6, 40)
	for n := range rounds {
		c := joinPlain(t, s, mqtt.Connect{ClientID: "publisher", Version: mqtt.Version(4 + n%2), CleanStart: true})
		retained := mqtt.Publish{Topic: fmt.Sprint("kept/", n), Payload: []byte("kept"), QoS: 1, ID: 1, Retain: true}
		c.send(
			mqtt.AppendPublish(nil, c.version, &retained),
			mqtt.AppendPublish(nil, c.version,
				&mqtt.Publish{Topic: "news", Payload: []byte(fmt.Sprint(n)), QoS: 1, ID: 2}))
		c.wantPuback(1)
		c.wantPuback(2)
		s.Kill()
		s.Start()
	}
	c := wake(t, s, "sleeper")
	for n := range rounds {
		c.wantPublish(fmt.Sprint("kept/", n))
		if got := c.wantPublish("news"); got != fmt.Sprint(n) {
			t.Errorf("message %s, want %d", got, n)
		}
	}
	late := joinPlain(t, s, mqtt.Connect{ClientID: "late", CleanStart: true})
	for n := range rounds {
		topic := fmt.Sprint("kept/", n)
		late.subscribe(topic)
		late.wantPublish(topic)
	}
}

// A delayed will is published after a stop and after a crash: in its time, or at once when that has
// passed (R-BRK-24).
func TestDelayedWillSurvives(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name string
		end  func(*testserver.Server) error
	}{
		{"SIGTERM", (*testserver.Server).Stop},
		{"kill -9", func(s *testserver.Server) error { s.Kill(); return nil }},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			s := testserver.Serve(t)
			sleep(t, s, "watch", "wills/+")
			for id, delay := range map[string]uint32{"soon": 1, "later": 3, "never": 1000} {
				c := joinPlain(t, s, mqtt.Connect{
					ClientID:      id,
					SessionExpiry: 3600,
					Will: &mqtt.Will{
						Message: mqtt.Publish{Topic: "wills/" + id, Payload: []byte(id), QoS: 1},
						Delay:   delay,
					},
				})
				c.nc.Close()
			}
			eventually(t, patience, "the wills are stored", func() bool {
				// A message that is stored behind them, for a session of its own.
				sleep(t, s, "mark", "mark")
				c := joinPlain(t, s, mqtt.Connect{ClientID: "publisher", CleanStart: true})
				return c.publish(1, "mark", "") == mqtt.Success
			})
			if err := row.end(s); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second) // so that one of them is overdue
			s.Start()
			c := wake(t, s, "watch")
			for _, id := range []string{"soon", "later"} {
				if got := c.wantPublish("wills/" + id); got != id {
					t.Errorf("the will is %q, want %q", got, id)
				}
			}
			c.sync()
		})
	}
}
