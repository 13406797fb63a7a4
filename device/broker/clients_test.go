package broker

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/drover-iot/drover/device/broker/mqtt"
	"github.com/drover-iot/drover/device/broker/mqtt/mqtttest"
)

// What the clients of docs/spec/34 count on, beyond what the rules of MQTT say.

// A client that keeps to the bounds that the v2 SDKs set themselves is neither refused nor slowed
// down (R-CLI-3), and gets its answers in time: what is awaited for 5 s at the most within 1 s, and
// PINGRESP within 3 s (R-CLI-5). Meanwhile it receives as much as it can read.
func TestAnswersInTime(t *testing.T) {
	t.Parallel()
	for _, version := range []mqtt.Version{mqtt.V311, mqtt.V5} {
		t.Run(fmt.Sprint("v", version), func(t *testing.T) {
			t.Parallel()
			b, addr := start(t, Config{Service: echo})
			c := join(t, addr, version, "dev")
			c.subscribe(1, 0, "flood")

			var ended sync.WaitGroup
			stop := make(chan struct{})
			ended.Go(func() {
				flood := Message{Topic: "flood", Payload: make([]byte, 8<<10)}
				for {
					select {
					case <-stop:
						return
					case <-time.After(100 * time.Microsecond):
						b.Publish(flood)
					}
				}
			})
			defer ended.Wait()
			defer close(stop)

			// answered waits for one packet that answers, and takes what comes before it.
			answered := func(began time.Time, kind byte, within time.Duration) []byte {
				t.Helper()
				packet := c.read()
				for packet.Type == mqtt.TypePublish {
					packet = c.read()
				}
				if elapsed := time.Since(began); packet.Type != kind || elapsed > within {
					t.Fatalf("packet type %d after %v, want type %d within %v",
						packet.Type, elapsed, kind, within)
				}
				return packet.Body
			}

			filters := make([]string, 8) // of 256 bytes, with 7 slashes
			for i := range filters {
				filters[i] = strings.Repeat("a/", 6) + "+/" + strconv.Itoa(i) + strings.Repeat("f", 241)
			}
			began := time.Now()
			c.send(mqtttest.Subscribe(version, 2, 1, filters...))
			if body := answered(began, mqtt.TypeSuback, time.Second); !bytes.HasSuffix(body, []byte{1, 1, 1, 1, 1, 1, 1, 1}) {
				t.Errorf("SUBACK %x for 8 filters", body)
			}
			var second []byte // of publishing: 100 messages, 500 KiB
			for i := range 100 {
				second = mqtt.AppendPublish(second, version, &mqtt.Publish{
					Topic: "q", Payload: make([]byte, 5000), QoS: 1, ID: uint16(i + 1),
				})
			}
			second = append(second, mqtt.TypePingreq<<4, 0)
			began = time.Now()
			c.send(second)
			for range 100 {
				answered(began, mqtt.TypePuback, time.Second)
			}
			answered(began, mqtt.TypePingresp, 3*time.Second)

			began = time.Now()
			c.send(mqtttest.Unsubscribe(version, 3, filters...))
			answered(began, mqtt.TypeUnsuback, time.Second)
		})
	}
}

// SUBSCRIBE of one filter with a wildcard is answered with one code. One that fails for now says so
// in a way that lets the request/response client of the v2 SDKs try again: 0x80, 0x83, 0x91 or 0x97.
// One that would always fail has another code, which ends what that client was to do (R-CLI-7).
func TestOneCode(t *testing.T) {
	t.Parallel()
	again := map[byte]bool{0x80: true, 0x83: true, 0x91: true, 0x97: true}
	for _, version := range []mqtt.Version{mqtt.V311, mqtt.V5} {
		t.Run(fmt.Sprint("v", version), func(t *testing.T) {
			t.Parallel()
			store := newFaultySessions()
			r := &rights{no: map[string]Decision{"subscribe a/denied/+": ExplicitDeny, "subscribe a/silent/+": ImplicitDeny}}
			_, addr := start(t, Config{Sessions: store, Authenticate: r.authenticate, MaxSubscription: 6})
			c := rejoin(t, addr, version, "dev", false)
			code := func(filter string) byte {
				t.Helper()
				c.send(mqtttest.Subscribe(version, 9, 1, filter))
				body := c.want(mqtt.TypeSuback).Body
				want := []byte{0, 9} // and no properties
				if version == mqtt.V5 {
					want = append(want, 0)
				}
				if !bytes.HasPrefix(body, want) || len(body) != len(want)+1 {
					t.Fatalf("%s: SUBACK %x, want %x and one code", filter, body, want)
				}
				return body[len(want)]
			}
			granted := []string{"get/+", "start-next/+", "fw/get/+", "$next/get/+", "fw/update/+", "+/update/accepted"}
			for _, filter := range granted {
				if got := code("$aws/things/pump/jobs/" + filter); got >= 0x80 {
					t.Errorf("%s: 0x%02X", filter, got)
				}
			}
			failing := func(what, filter string, retried bool) {
				t.Helper()
				got := code(filter)
				if version == mqtt.V311 {
					retried = true // it has only one code, which is tried again
				}
				if got < 0x80 || again[got] != retried {
					t.Errorf("%s: 0x%02X, want tried again: %v", what, got, retried)
				}
			}
			failing("too many subscriptions", "a/+", true)
			c.send(mqtttest.Unsubscribe(version, 3, "$aws/things/pump/jobs/get/+"))
			c.want(mqtt.TypeUnsuback)
			store.set(true)
			failing("the store is away", "a/+", true)
			store.set(false)
			failing("denied", "a/denied/+", false)
			failing("not allowed", "a/silent/+", false)
			failing("reserved", "$SYS/+", false)
			failing("not a filter", "a/+b", false)
			if got := code("a/+"); got != 1 {
				t.Errorf("later: 0x%02X, want 1", got)
			}
		})
	}
}

// UNSUBSCRIBE and SUBSCRIBE of one filter in quick succession, while messages come: what was sent
// last is so when its answer has come. No message is lost after SUBACK, none comes twice, and none
// that was published after UNSUBACK comes at all (R-CLI-10, R-BRK-21).
func TestQuickUnsubscribe(t *testing.T) {
	t.Parallel()
	for _, version := range []mqtt.Version{mqtt.V311, mqtt.V5} {
		t.Run(fmt.Sprint("v", version), func(t *testing.T) {
			t.Parallel()
			b, addr := start(t, Config{MessagesPerSecond: -1, StoredMessages: 1 << 20}) // none is dropped
			c := rejoin(t, addr, version, "dev", false)
			// Messages are numbers, and published one at a time, so that they have an order.
			var mu sync.Mutex
			published := 0
			publish := func() int {
				mu.Lock()
				defer mu.Unlock()
				published++
				b.Publish(Message{Topic: "q", Payload: []byte(strconv.Itoa(published)), QoS: 1})
				return published
			}
			var ended sync.WaitGroup
			stop := make(chan struct{})
			ended.Go(func() {
				for {
					select {
					case <-stop:
						return
					case <-time.After(200 * time.Microsecond):
						publish()
					}
				}
			})
			defer ended.Wait()
			defer close(stop)

			last, gaps := 0, true // the last message, and whether some may be missing before the next
			// next reads until a packet of one type, or a number that is at least least when that is not 0.
			next := func(kind byte, least int) {
				t.Helper()
				for {
					packet := c.read()
					if packet.Type == kind && kind != mqtt.TypePublish {
						return
					}
					p, err := mqtt.DecodeDelivery(packet, version)
					if packet.Type != mqtt.TypePublish || err != nil {
						t.Fatalf("packet type %d, want %d: %v", packet.Type, kind, err)
					}
					number, err := strconv.Atoi(string(p.Payload))
					if err != nil || number <= last || !gaps && number != last+1 {
						t.Fatalf("message %q after %d", p.Payload, last)
					}
					last, gaps = number, false
					c.send(mqtttest.Packet(mqtt.TypePuback<<4, []byte{byte(p.ID >> 8), byte(p.ID)}))
					if kind == mqtt.TypePublish && number >= least {
						return
					}
				}
			}
			subscribe, unsubscribe := mqtttest.Subscribe(version, 1, 1, "q"), mqtttest.Unsubscribe(version, 2, "q")
			for range 50 {
				c.send(unsubscribe, subscribe)
				gaps = true
				next(mqtt.TypeUnsuback, 0)
				gaps = true
				next(mqtt.TypeSuback, 0)
				next(mqtt.TypePublish, publish())
				next(mqtt.TypePublish, publish()) // now nothing may be missing

				c.send(subscribe, unsubscribe)
				next(mqtt.TypeSuback, 0)
				next(mqtt.TypeUnsuback, 0)
				after := publish()
				c.send([]byte{mqtt.TypePingreq << 4, 0})
				gaps = true
				next(mqtt.TypePingresp, 0)
				if last >= after {
					t.Fatalf("message %d came, and %d was published after UNSUBACK", last, after)
				}
			}
		})
	}
}

// A client of MQTT 3.1.1 is not told why its message is refused, and sends it again whenever it has
// connected: its connection ends each time, and each time the log says what was refused to whom
// (R-CLI-4, R-BRK-17, R-BRK-37).
func TestRefusedAgain(t *testing.T) {
	t.Parallel()
	r := &rights{no: map[string]Decision{"publish no": ImplicitDeny, "connect stranger": ImplicitDeny}}
	var lines logLines
	b, addr := start(t, Config{Authenticate: r.authenticate, Log: logTo(&lines)})
	const times = 3
	for i := range times {
		c := rejoin(t, addr, mqtt.V311, "dev-7", i > 0)
		c.sendPublish(mqtt.Publish{Topic: "no", Payload: []byte("secret"), QoS: 1, ID: 1, Dup: i > 0})
		c.wantClosed(mqtt.Success)
		b.waitDisconnected(t, "dev-7")
		stranger := dial(t, addr, mqtt.V311)
		stranger.connect(mqtt.Connect{ClientID: "stranger", CleanStart: true})
		if code := stranger.want(mqtt.TypeConnack).Body[1]; code == 0 {
			t.Error("a CONNECT that is refused has code 0")
		}
		stranger.wantClosed(mqtt.Success)
	}
	said := func(words ...string) (n int) {
	next:
		for line := range strings.Lines(lines.String()) {
			for _, word := range append(words, "level=WARN") {
				if !strings.Contains(line, word) {
					continue next
				}
			}
			n++
		}
		return n
	}
	until(t, "a warning for each refusal", func() bool {
		return said("client=dev-7", "topic=no") == times && said("client=stranger") == times
	})
	if strings.Contains(lines.String(), "secret") {
		t.Error("the log has the payload")
	}
}
