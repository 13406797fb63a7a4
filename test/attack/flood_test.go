package attack

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/drover-iot/drover/device/broker/mqtt"
	"github.com/drover-iot/drover/device/broker/mqtt/mqtttest"
	"github.com/drover-iot/drover/test/testserver"
)

// mostMemory is what the server may have resident in the attacks of this file, in bytes: its
// machine may be a small one.
const mostMemory = 256 << 20

// wantMemory ends the test when the server has needed more memory at any time.
func wantMemory(t *testing.T, s *testserver.Server) {
	t.Helper()
	if _, most := s.Memory(); most > mostMemory {
		t.Errorf("the server needed %d MiB, want at most %d", most>>20, mostMemory>>20)
	}
}

// A flood is what many clients, or fast ones, or their large packets do to a server. A device that
// was connected before is served meanwhile.
type flood struct {
	name string
	run  func(t *testing.T, s *testserver.Server, device *bystander)
}

// floods are all of them.
func floods() []flood {
	all := []flood{
		{"hostile JSON", hostileJSON},
		{"hostile JSON over MQTT", hostileJSONOverMQTT},
		{"what is too large", tooLarge},
		{"packets", packetFlood},
		{"packets that are full", fullPackets},
		{"handshakes", handshakes},
		{"garbage", garbage},
		{"slow consumers", slowConsumers},
		{"many subscriptions", manySubscriptions},
		{"bodies of a known key", knownKeyFlood},
		{"clients that never read", neverReading},
		{"messages for sleeping sessions", messagesForSleepers},
		{"delayed wills", delayedWills},
		{"retained messages", retainedFlood},
		{"refusals", refusalFlood},
	}
	for _, c := range stuckClients() {
		all = append(all, flood{c.name, c.flood})
	}
	return all
}

// clients is how many clients of a flood show who they are: n, or fewer on a server that may have
// few descriptors.
func clients(s *testserver.Server, n int) int {
	if s.Descriptors > 0 {
		return min(n, s.Descriptors/8)
	}
	return n
}

// Every flood alone: the server stays small, and serves who is connected.
func TestFloods(t *testing.T) { // R-WIRE-29, R-LIM-53, R-BRK-36
	t.Parallel()
	for _, f := range floods() {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			s := testserver.New(t)
			s.Env = []string{smallMachine}
			s.Start()
			device := newBystander(t, s, "pump-07")
			f.run(t, s, device)
			device.served(2 * time.Second)
			wantMemory(t, s)
		})
	}
}

// A document that costs a parser much costs the server little: each is answered at once, with an
// error or, where what is wrong stands in a member that nobody reads, as if it was not there. A
// device is served meanwhile.
func hostileJSON(t *testing.T, s *testserver.Server, b *bystander) {
	t.Helper()
	var zipped bytes.Buffer
	bomb := gzip.NewWriter(&zipped)
	for range 100 {
		_, _ = bomb.Write(make([]byte, 1<<20)) // to memory: cannot fail
	}
	if err := bomb.Close(); err != nil {
		t.Fatal(err)
	}
	const most = 1 << 20 // of a body
	repeated := func(text string) string { return strings.Repeat(text, most*9/10/len(text)) }
	for name, body := range map[string]string{
		"a million open brackets": repeated("["),
		"nested objects":          repeated(`{"a":`),
		"nested and closed":       repeated("[")[:most/3] + repeated("]")[:most/3],
		"a long number":           `{"a":` + repeated("9") + "}",
		"a huge exponent":         `{"a":1e999999999}`,
		"a tiny exponent":         `{"a":1e-999999999}`,
		"many decimal places":     `{"a":0.` + repeated("3") + "}",
		"a long string":           `{"a":"` + repeated("x") + `"}`,
		"bad UTF-8":               `{"a":"` + repeated("\xff") + `"}`,
		"lone surrogates":         `{"a":"` + repeated(`\ud800`) + `"}`,
		"many members":            "{" + repeated(`"a":1,`) + `"b":2}`,
		"many commas":             "[" + repeated(",") + "]",
		"a gzip bomb":             zipped.String(),
		"nothing but zeros":       repeated("\x00"),
	} {
		for _, path := range []string{"/things/hostile", "/jobs/hostile"} {
			method := map[bool]string{true: "POST", false: "PUT"}[path == "/things/hostile"]
			started := time.Now()
			got := send(t, s, request{method: method, path: path, body: body})
			if took := time.Since(started); got.status == 0 || got.status >= 500 || took > 2*time.Second {
				t.Errorf("%s on %s: status %d after %v", name, path, got.status, took)
			}
			if len(got.body) > 4096 {
				t.Errorf("%s on %s: the answer has %d bytes", name, path, len(got.body))
			}
		}
		b.served(time.Second)
	}
	members := make([]string, 5000)
	for i := range members {
		members[i] = fmt.Sprintf(`"k%d":"v"`, i)
	}
	attributes := `{"attributePayload":{"attributes":{` + strings.Join(members, ",") + `}}}`
	got := send(t, s, request{method: "POST", path: "/things/hostile", body: attributes})
	if got.status != http.StatusBadRequest {
		t.Errorf("5000 attributes: %d", got.status)
	}
}

// The same over MQTT: each is answered, and the connection stays.
func hostileJSONOverMQTT(t *testing.T, s *testserver.Server, b *bystander) {
	t.Helper()
	const most = 120 << 10
	for name, payload := range map[string]string{
		"open brackets":   strings.Repeat("[", most),
		"nested objects":  strings.Repeat(`{"a":`, most/5),
		"a long number":   `{"statusDetails":` + strings.Repeat("9", most) + "}",
		"bad UTF-8":       `{"clientToken":"` + strings.Repeat("\xff", most) + `"}`,
		"many members":    "{" + strings.Repeat(`"a":1,`, most/6) + `"b":2}`,
		"a huge exponent": `{"expectedVersion":1e999999999}`,
	} {
		for _, operation := range []string{"get", "start-next", "j/update", "j/get"} {
			topic := "$aws/things/pump-07/jobs/" + operation
			b.send(mqtt.AppendPublish(nil, mqtt.V5, &mqtt.Publish{Topic: topic, Payload: []byte(payload)}))
			packet := b.read()
			if packet.Type != mqtt.TypePublish {
				t.Fatalf("%s on %s: packet type %d %x", name, operation, packet.Type, packet.Body)
			}
			p := must[mqtt.Publish](t)(mqtt.DecodePublish(packet, mqtt.V5))
			if p.Topic != topic+"/rejected" && p.Topic != topic+"/accepted" {
				t.Errorf("%s on %s: an answer on %s", name, operation, p.Topic)
			}
			if p.QoS > 0 {
				b.send(mqtt.AppendPuback(nil, mqtt.V5, p.ID, mqtt.Success))
			}
		}
	}
	b.served(time.Second)
}

// Requests and packets that are too large are refused before they are taken.
func tooLarge(t *testing.T, s *testserver.Server, b *bystander) {
	t.Helper()
	for name, text := range map[string]string{
		"a long header":  "GET / HTTP/1.1\r\nHost: localhost\r\nX-A: " + strings.Repeat("a", 1<<20) + "\r\n\r\n",
		"many headers":   "GET / HTTP/1.1\r\nHost: localhost\r\n" + strings.Repeat("X-A: b\r\n", 20_000) + "\r\n",
		"a long path":    "GET /" + strings.Repeat("a", 80<<10) + " HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"a long method":  strings.Repeat("A", 1<<20),
		"a large length": "POST /things/a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 268435456\r\n\r\n",
	} {
		if got := sendRaw(t, s.HTTP, nil, text); got.status < 400 && got.status != 0 || got.status >= 500 {
			t.Errorf("%s: status %d", name, got.status)
		}
	}
	signed := request{method: "POST", path: "/things/a", body: strings.Repeat("x", 4<<20)}
	if got := send(t, s, signed); got.status != 0 && (got.status < 400 || got.status >= 500) {
		t.Errorf("a signed body of 4 MiB: status %d", got.status)
	}
	// A packet says its length first. 256 MiB is the most that it can say.
	c := joinPlain(t, s, mqtt.Connect{ClientID: "large", CleanStart: true})
	c.send([]byte{mqtt.TypePublish << 4, 0xff, 0xff, 0xff, 0x7f})
	c.wantClosed(mqtt.PacketTooLarge)
	b.served(time.Second)
}

// A client that sends as fast as it can, whatever it sends, holds up nobody.
func packetFlood(t *testing.T, s *testserver.Server, b *bystander) {
	t.Helper()
	get := mqtt.AppendPublish(nil, mqtt.V5, &mqtt.Publish{Topic: "$aws/things/x/jobs/get", Payload: []byte("{}")})
	message := mqtt.AppendPublish(nil, mqtt.V5, &mqtt.Publish{Topic: "flood", Payload: make([]byte, 1000)})
	floods := map[string][]byte{
		"PINGREQ":     {mqtt.TypePingreq << 4, 0},
		"PUBACK":      mqtt.AppendPuback(nil, mqtt.V5, 1, mqtt.Success),
		"get":         get,
		"messages":    message,
		"SUBSCRIBE":   mqtttest.Subscribe(mqtt.V5, 1, 1, "+/+/a", "+/b/#", "c/+/+"),
		"UNSUBSCRIBE": mqtttest.Unsubscribe(mqtt.V5, 1, "a", "b", "c"),
	}
	var attackers sync.WaitGroup
	end := time.Now().Add(time.Duration(scale(3, 30)) * time.Second)
	for name, packet := range floods {
		c := joinPlain(t, s, mqtt.Connect{ClientID: "flood-" + name, CleanStart: true})
		attackers.Go(func() {
			many := bytes.Repeat(packet, 64)
			for time.Now().Before(end) {
				c.nc.SetWriteDeadline(time.Now().Add(100 * time.Millisecond))
				if _, err := c.nc.Write(many); err != nil && !strings.Contains(err.Error(), "timeout") {
					return // it was closed, which is as good
				}
			}
		})
		go func() { // reads, so that it is no slow client
			var in mqtt.Reader
			in.Reset(c.nc, 1<<20)
			for {
				if _, err := in.Next(); err != nil {
					return
				}
			}
		}()
	}
	for time.Now().Before(end) {
		b.served(2 * time.Second)
	}
	attackers.Wait()
}

// Packets of the largest size that hold as many small things as they can: each is answered or ends
// its connection.
func fullPackets(t *testing.T, s *testserver.Server, b *bystander) {
	t.Helper()
	const most = 149_000 // of a packet
	filters := func(length int) []string {
		all := make([]string, most/length)
		for i := range all {
			all[i] = string(rune('a' + i%26))
		}
		return all
	}
	properties := bytes.Repeat([]byte("\x26\x00\x00\x00\x00"), most/5) // user properties without a text
	publish := mqtt.Publish{Topic: "a", QoS: 1, ID: 1, Forwarded: properties}
	for name, packet := range map[string][]byte{
		"filters":         mqtttest.Subscribe(mqtt.V5, 1, 1, filters(4)...),
		"filters to end":  mqtttest.Unsubscribe(mqtt.V5, 1, filters(3)...),
		"user properties": mqtt.AppendPublish(nil, mqtt.V5, &publish),
	} {
		for range scale(20, 200) {
			c := joinPlain(t, s, mqtt.Connect{ClientID: "full", CleanStart: true})
			c.send(packet)
			started := time.Now()
			c.read() // an answer, a DISCONNECT or the end
			if took := time.Since(started); took > 2*time.Second {
				t.Errorf("%s: %v", name, took)
			}
			c.nc.Close()
		}
		b.served(time.Second)
	}
}

// Handshakes without an end, by a client that has a certificate.
func handshakes(t *testing.T, s *testserver.Server, b *bystander) {
	t.Helper()
	s.Policy("handshakes", s.JobsPolicy())
	id := s.Identify("", "handshakes")
	var clients sync.WaitGroup
	var made atomic.Int64
	end := time.Now().Add(time.Duration(scale(3, 20)) * time.Second)
	for range 6 {
		clients.Go(func() {
			for time.Now().Before(end) {
				nc, err := dialFrom(elsewhere, s.MQTTS, s.TLS(&id))
				if err == nil {
					made.Add(1)
					nc.Close()
				}
			}
		})
	}
	for time.Now().Before(end) {
		b.served(2 * time.Second)
	}
	clients.Wait()
	if made.Load() == 0 {
		t.Error("there was no handshake")
	}
}

// Garbage on every listener closes the connection that it came on, and nothing else.
func garbage(t *testing.T, s *testserver.Server, b *bystander) {
	t.Helper()
	var attackers sync.WaitGroup
	for i := range scale(300, 3000) {
		address := []string{s.HTTP, s.HTTPS, s.MQTT, s.MQTTS}[i%4]
		text := bytes.Repeat([]byte{byte(i), byte(i >> 3), 0xff, 0x16, 0x03}, 100)
		attackers.Go(func() {
			nc, err := tryDial(address, nil)
			if err != nil {
				return
			}
			_, _ = nc.Write(text) // it may be closed already
			nc.Close()
		})
	}
	attackers.Wait()
	for range 3 {
		b.served(time.Second)
	}
}
