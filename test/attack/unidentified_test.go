package attack

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/iot/types"

	"github.com/drover-iot/drover/device/broker/mqtt"
	"github.com/drover-iot/drover/device/broker/mqtt/mqtttest"
	"github.com/drover-iot/drover/test/testserver"
)

// Floods: many clients at once who have not shown who they are, and have the server wait for them.
// All of them come from 127.0.0.1. Meanwhile the server stays small, serves a device that was
// connected before, and lets in others from 127.0.0.2.

// smallMachine is the memory that a server may use. It counts what Go has allocated; the limit of
// the tests, mostMemory, counts all that is resident.
const smallMachine = "GOMEMLIMIT=200MiB"

// A stuckClient keeps the server waiting.
type stuckClient struct {
	name string
	to   func(*testserver.Server) string // the listener, such as s.HTTPS
	// secured says that the client does the TLS handshake.
	secured bool
	sends   string
	// endless says that it goes on to send zeros as long as the server takes them.
	endless bool
}

// declared is the head of a request whose body never ends.
func declared(length int, headers ...string) string {
	return fmt.Sprintf("PUT /jobs/a HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %d\r\n%s\r\n",
		length, strings.Join(append(headers, ""), "\r\n"))
}

// stuckClients are all kinds of them, without credentials.
func stuckClients() []stuckClient {
	onHTTP := func(s *testserver.Server) string { return s.HTTP }
	onHTTPS := func(s *testserver.Server) string { return s.HTTPS }
	onMQTT := func(s *testserver.Server) string { return s.MQTT }
	onMQTTS := func(s *testserver.Server) string { return s.MQTTS }
	// The first of a CONNECT that has 149,000 bytes.
	unfinished := string(mqtttest.Connect(&mqtt.Connect{
		Version:  mqtt.V5,
		ClientID: "a",
		Will:     &mqtt.Will{Message: mqtt.Publish{Topic: "w", Payload: make([]byte, 120_000)}},
	}, ""))
	unfinished = unfinished[:len(unfinished)-1]
	hello := "\x16\x03\x01\x02\x00\x01" // the first bytes of a handshake of TLS
	return []stuckClient{
		{name: "silent on HTTP", to: onHTTP},
		{name: "half a header", to: onHTTP, sends: "GET /jobs HTTP/1.1\r\nHost: 127.0.0.1\r\nX-A: "},
		{name: "half a header over TLS", to: onHTTPS, secured: true, sends: "GET /jobs HTTP/1.1\r\nX-A: "},
		{name: "a body that never ends", to: onHTTP, sends: declared(1<<20 - 1), endless: true},
		{
			name: "a body that never ends, over TLS", to: onHTTPS, secured: true,
			sends: declared(1<<20 - 1), endless: true,
		},
		{name: "half a handshake with HTTPS", to: onHTTPS, sends: hello},
		{name: "half a handshake with MQTT", to: onMQTTS, sends: hello},
		{name: "silent on MQTT", to: onMQTT},
		{name: "an unfinished CONNECT", to: onMQTT, sends: unfinished},
	}
}

// attack opens n connections of a client, sends what it sends and leaves them open. It returns when
// all have sent.
func (c stuckClient) attack(t testing.TB, s *testserver.Server, n int) {
	t.Helper()
	var config *tls.Config
	if c.secured {
		config = s.TLS(nil)
	}
	var sending sync.WaitGroup
	for range n {
		sending.Go(func() {
			nc, err := tryDial(c.to(s), config)
			if err != nil {
				return // refused: that is one of the answers
			}
			t.Cleanup(func() { nc.Close() })
			nc.SetWriteDeadline(time.Now().Add(3 * time.Second))
			if _, err := io.WriteString(nc, c.sends); err != nil || !c.endless {
				return
			}
			_, _ = io.CopyN(nc, zeros{}, 1<<20-2) // until the server has closed
		})
	}
	sending.Wait()
}

// zeros is a body of zeros.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// flood is the attack of many of them. An operator at another address is served, too.
func (c stuckClient) flood(t *testing.T, s *testserver.Server, device *bystander) {
	t.Helper()
	operator := newNeighbour(s)
	c.attack(t, s, scale(450, 1500))
	device.served(2 * time.Second)
	operator.served(2 * time.Second)
}

// A neighbour is an operator at another address than the flood, who comes back each time as if it
// had never been there.
type neighbour struct {
	s      *testserver.Server
	client *http.Client
}

func newNeighbour(s *testserver.Server) *neighbour {
	from := &net.Dialer{Timeout: patience, LocalAddr: elsewhere}
	return &neighbour{s, &http.Client{
		Timeout:   patience,
		Transport: &http.Transport{DialContext: from.DialContext, DisableKeepAlives: true},
	}}
}

// served has the operator list things. The answer must come within a time.
func (n *neighbour) served(within time.Duration) {
	n.s.T.Helper()
	started := time.Now()
	_, err := n.s.Control().ListThings(n.s.T.Context(), &iot.ListThingsInput{},
		func(o *iot.Options) { o.HTTPClient = n.client })
	if err != nil {
		n.s.T.Errorf("an operator at another address: %v", err)
	}
	if took := time.Since(started); took > within {
		n.s.T.Errorf("an operator at another address waited %v, want at most %v", took, within)
	}
}

// All floods at once, on a server that may have 64 descriptors: it never runs out of them, and
// serves who is connected and who comes from elsewhere. When the flood is over everybody is let in.
func TestDescriptors(t *testing.T) { // R-LIM-52, R-LIM-53
	t.Parallel()
	const limit = 64
	s := testserver.New(t)
	s.Descriptors, s.Env = limit, []string{smallMachine}
	s.Start()
	var devices []*bystander
	for i := range 4 {
		devices = append(devices, newBystander(t, s, fmt.Sprintf("pump-%02d", i)))
	}
	operator := newNeighbour(s)
	for _, c := range stuckClients() {
		c.attack(t, s, scale(40, 400))
		for _, device := range devices {
			device.served(2 * time.Second)
		}
		operator.served(2 * time.Second)
		if open := s.OpenDescriptors(); open > limit {
			t.Errorf("%s: %d descriptors are open", c.name, open)
		}
	}
	if printed := s.Output.String(); strings.Contains(printed, "too many open files") {
		t.Errorf("the server ran out of descriptors:\n%s", printed)
	}
	if lines := strings.Count(s.Output.String(), "\n"); lines > 400 {
		t.Errorf("%d lines in the log", lines)
	}
	waitForNewcomer(t, s)
}

// waitForNewcomer returns when somebody new is let in from the address of a flood.
func waitForNewcomer(t testing.TB, s *testserver.Server) {
	t.Helper()
	eventually(t, 15*time.Second, "a newcomer from the address of the flood", func() bool {
		nc, err := tryDial(s.MQTT, nil)
		if err != nil {
			return false
		}
		defer nc.Close()
		nc.SetDeadline(time.Now().Add(time.Second))
		_, _ = nc.Write(mqtttest.Connect(&mqtt.Connect{Version: mqtt.V5, CleanStart: true}, ""))
		n, _ := nc.Read(make([]byte, 1))
		return n == 1
	})
}

// Who knows the id of a key and no secret, and sends bodies that never end, has a small part of the
// memory for bodies. It delays no ordinary request: of who is connected, also from its own address,
// or of who comes from elsewhere (R-WIRE-30).
func knownKeyFlood(t *testing.T, s *testserver.Server, _ *bystander) {
	t.Helper()
	connected, neighbour := s.Control(), newNeighbour(s)
	create := func(name string) {
		t.Helper()
		started := time.Now()
		_, err := connected.CreateThing(t.Context(), &iot.CreateThingInput{
			ThingName:        &name,
			AttributePayload: &types.AttributePayload{Attributes: map[string]string{"a": "b"}},
		})
		if took := time.Since(started); err != nil || took > time.Second {
			t.Errorf("CreateThing from the address of the flood: %v after %v", err, took)
		}
	}
	create("before")
	for name, length := range map[string]int{"small": 16 << 10, "large": 1<<20 - 1} {
		now := time.Now().UTC()
		c := stuckClient{
			to: func(s *testserver.Server) string { return s.HTTP },
			sends: declared(length, "X-Amz-Date: "+now.Format("20060102T150405Z"),
				"Authorization: AWS4-HMAC-SHA256 Credential="+s.AccessKeyID+"/"+now.Format("20060102")+
					"/us-east-1/iot/aws4_request, SignedHeaders=host;x-amz-date, Signature=00"),
			endless: name == "large", // of a small one that would be all
		}
		c.attack(t, s, scale(300, 1000))
		create(name)
		neighbour.served(time.Second)
	}
}

// A client without an identity is not waited for: its connection is closed soon, after a refusal at
// once, whatever it does.
func TestConnectionsEnd(t *testing.T) { // R-WIRE-32
	t.Parallel()
	s := testserver.Serve(t)
	refused := stuckClient{
		name:  "refused",
		to:    func(s *testserver.Server) string { return s.HTTP },
		sends: "GET /jobs HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
	}
	// All at the same time: most of it is waiting.
	var attacking sync.WaitGroup
	for _, c := range append(stuckClients(), refused) {
		var config *tls.Config
		if c.secured {
			config = s.TLS(nil)
		}
		within := 12 * time.Second // 10 of the server's own
		if c.endless || c.name == refused.name {
			within = 3 * time.Second
		}
		nc := dial(t, c.to(s), config)
		attacking.Go(func() {
			started := time.Now()
			nc.SetDeadline(started.Add(within + time.Second))
			if _, err := io.WriteString(nc, c.sends); err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
			_, _ = io.Copy(io.Discard, nc) // until the end of the connection or of the time
			if took := time.Since(started); took > within {
				t.Errorf("%s: the connection is open after %v", c.name, took)
			}
		})
	}
	attacking.Wait()
}

// A pipeline is a connection of an operator who sends requests and never reads an answer.
func pipeline(t testing.TB, s *testserver.Server) net.Conn {
	t.Helper()
	nc := dial(t, s.HTTP, nil)
	request := rendered(t, s, request{method: "GET", path: "/jobs/never-read/job-document"})
	nc.SetWriteDeadline(time.Now().Add(time.Second))
	_, _ = io.WriteString(nc, strings.Repeat(request, 1000)) // 32 MB of answers
	return nc
}

// largeJob makes a job with the largest document.
func largeJob(t testing.TB, s *testserver.Server) {
	t.Helper()
	s.Thing("never-read")
	_, err := s.Control().CreateJob(t.Context(), &iot.CreateJobInput{
		JobId:    aws.String("never-read"),
		Targets:  []string{s.ARN("thing", "never-read")},
		Document: aws.String(`{"a":"` + strings.Repeat("x", 32_000) + `"}`),
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Clients that send requests and never read an answer hold up nobody, and are closed (R-WIRE-32).
func neverReading(t *testing.T, s *testserver.Server, device *bystander) {
	t.Helper()
	largeJob(t, s)
	open := make([]net.Conn, clients(s, 40))
	for i := range open {
		open[i] = pipeline(t, s)
	}
	device.served(time.Second)
	if scale(0, 1) == 0 {
		return // they are closed after 30 s
	}
	time.Sleep(32 * time.Second) // of the other process
	for _, nc := range open {
		nc.SetDeadline(time.Now().Add(time.Second))
		// What the system has kept of the answers can be read. Then the connection must be over.
		_, err := io.Copy(io.Discard, nc)
		if timeout := (net.Error)(nil); errors.As(err, &timeout) && timeout.Timeout() {
			t.Fatal("a client that never reads is still connected")
		}
	}
}
