package attack

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/drover-iot/drover/device/broker/mqtt"
	"github.com/drover-iot/drover/device/broker/mqtt/mqtttest"
)

// The attackers of TestAbuse. They are a process of their own, which is this test binary with the
// name of an attack in its environment. It says that it begins, attacks for a time, prints how often it
// has done what it does, and leaves its connections to the system.

// abuserVariable has the name of the attack; begun is what the process prints when it begins.
const abuserVariable, begun = "DROVER_ABUSE", "begun"

// An abuse is one attack.
type abuse struct {
	name string
	run  func(a *abusers)
}

// abuses are all of them.
var abuses = []abuse{
	{"garbage", (*abusers).garbage},
	{"half a packet", (*abusers).halfPackets},
	{"256 MB announced", (*abusers).announced},
	{"10,000 subscriptions", (*abusers).subscriptions},
	{"CONNECT flood", (*abusers).connects},
	{"slow reads", (*abusers).slowReads},
	{"slow writes", (*abusers).slowWrites},
	{"5,000 TLS handshakes, given up", (*abusers).handshakes},
}

// abusers are the clients of one attack.
type abusers struct {
	mqtt, mqtts, https string
	until              time.Time
	done               atomic.Int64
	mu                 sync.Mutex
	open               []net.Conn // what stays open
}

// runAbusers is what the process does.
func runAbusers(name string) error {
	spell, err := time.ParseDuration(os.Getenv("DROVER_ABUSE_FOR"))
	if err != nil {
		return err
	}
	if _, err := fmt.Println(begun); err != nil {
		return err
	}
	at := strings.Split(os.Getenv("DROVER_ABUSE_AT"), ",")
	a := &abusers{mqtt: at[0], mqtts: at[1], https: at[2], until: time.Now().Add(spell)}
	for _, one := range abuses {
		if one.name == name {
			one.run(a)
			time.Sleep(time.Until(a.until)) // what is open stays so
			_, err := fmt.Println(a.done.Load())
			return err
		}
	}
	return fmt.Errorf("there is no attack %q", name)
}

// repeat has workers do something n times in all, or until the time is over. It counts what went
// well; a connection that is refused is one of the answers.
func (a *abusers) repeat(workers, n int, do func(i int) error) {
	var all sync.WaitGroup
	var next atomic.Int64
	for range workers {
		all.Go(func() {
			for i := int(next.Add(1)); i <= n && time.Now().Before(a.until); i = int(next.Add(1)) {
				if do(i) == nil {
					a.done.Add(1)
				}
			}
		})
	}
	all.Wait()
}

// endless is a number of repetitions.
const endless = 1 << 40

// join connects a client on the plain listener, which stays open.
func (a *abusers) join(id string) (net.Conn, error) {
	nc, err := tryDial(a.mqtt, nil)
	if err != nil {
		return nil, err
	}
	a.mu.Lock()
	a.open = append(a.open, nc)
	a.mu.Unlock()
	nc.SetDeadline(a.until)
	_, err = nc.Write(hello(id))
	if err == nil {
		_, err = io.ReadFull(nc, make([]byte, 2)) // the first bytes of the CONNACK
	}
	return nc, err
}

// hello is a CONNECT.
func hello(id string) []byte {
	return mqtttest.Connect(&mqtt.Connect{Version: mqtt.V311, ClientID: id, CleanStart: true}, "")
}

// garbage is random bytes on each listener.
func (a *abusers) garbage() {
	a.repeat(16, endless, func(i int) error {
		nc, err := tryDial([]string{a.mqtt, a.mqtts, a.https}[i%3], nil)
		if err != nil {
			return err
		}
		defer nc.Close()
		text := make([]byte, 1+rand.IntN(4096))
		for k := range text {
			text[k] = byte(rand.Uint32())
		}
		nc.SetDeadline(time.Now().Add(time.Second))
		_, err = nc.Write(text)
		_, _ = io.Copy(io.Discard, nc) // until it is closed
		return err
	})
}

// halfPackets is connected clients that have sent half of the largest packet, all that they can
// open.
func (a *abusers) halfPackets() {
	message := mqtt.Publish{Topic: "half", Payload: make([]byte, 128<<10)}
	packet := mqtt.AppendPublish(nil, mqtt.V311, &message)
	a.repeat(16, 3000, func(i int) error {
		nc, err := a.join(fmt.Sprint("half-", i))
		if err == nil {
			_, err = nc.Write(packet[:len(packet)*2/3])
		}
		return err
	})
}

// announced is connected clients that announce the largest packet that a length can say, and send
// it until the server has closed.
func (a *abusers) announced() {
	a.repeat(16, endless, func(i int) error {
		nc, err := a.join(fmt.Sprint("announces-", i%100))
		if err != nil {
			return err
		}
		defer nc.Close()
		_, err = nc.Write([]byte{mqtt.TypePublish << 4, 0xff, 0xff, 0xff, 0x7f})
		_, _ = io.Copy(nc, io.LimitReader(zeros{}, 256<<20))
		return err
	})
}

// subscriptions is 200 clients with 50 overlapping filters each, and one that publishes to all of
// them. What is counted are the filters.
func (a *abusers) subscriptions() {
	a.repeat(8, 200, func(i int) error {
		nc, err := a.join(fmt.Sprint("subscribes-", i))
		if err != nil {
			return err
		}
		for first := 0; first < 50; first += 5 {
			_, err = nc.Write(mqtttest.Subscribe(mqtt.V311, uint16(first+1), 0, overlapping(first, 5)...))
			if err != nil {
				return err
			}
			a.done.Add(5)
		}
		a.done.Add(-1) // it is counted as one more
		go io.Copy(io.Discard, nc)
		return nil
	})
	nc, err := a.join("publishes")
	for err == nil && time.Now().Before(a.until) {
		message := mqtt.Publish{Topic: "f/x/x/x/x/x/x", Payload: []byte("{}")}
		_, err = nc.Write(mqtt.AppendPublish(nil, mqtt.V311, &message))
		time.Sleep(100 * time.Millisecond)
	}
}

// overlapping are filters that all select f/x/x/x/x/x/x: each has another set of levels that are +.
func overlapping(first, n int) (filters []string) {
	for bits := first; bits < first+n; bits++ {
		filter := "f"
		for level := range 6 {
			filter += [2]string{"/x", "/+"}[bits>>level&1]
		}
		filters = append(filters, filter)
	}
	return filters
}

// connects is clients that connect and leave, each with another id.
func (a *abusers) connects() {
	a.repeat(16, endless, func(i int) error {
		nc, err := tryDial(a.mqtt, nil)
		if err != nil {
			return err
		}
		defer nc.Close()
		nc.SetDeadline(a.until)
		if _, err = nc.Write(hello(fmt.Sprint("flood-", i))); err != nil {
			return err
		}
		_, err = io.ReadFull(nc, make([]byte, 4))
		return err
	})
}

// slowReads is 50 subscribers that never read, and three clients that publish to them. What is
// counted are the messages.
func (a *abusers) slowReads() {
	a.repeat(8, 50, func(i int) error {
		nc, err := a.join(fmt.Sprint("slow-", i))
		if err == nil {
			_, err = nc.Write(mqtttest.Subscribe(mqtt.V311, 1, 1, "flood/#"))
		}
		return err
	})
	payload := make([]byte, 10_000)
	a.repeat(3, 3, func(i int) error {
		nc, err := a.join(fmt.Sprint("publishes-", i))
		for id := uint16(1); err == nil && time.Now().Before(a.until); id = max(id+1, 1) {
			message := mqtt.Publish{Topic: "flood/x", Payload: payload, QoS: 1, ID: id}
			if _, err = nc.Write(mqtt.AppendPublish(nil, mqtt.V311, &message)); err == nil {
				_, err = io.ReadFull(nc, make([]byte, 4)) // the PUBACK
				a.done.Add(1)
			}
		}
		return err
	})
}

// slowWrites is clients that send a byte now and then: half of them of their CONNECT, half of a
// PUBLISH after it.
func (a *abusers) slowWrites() {
	message := mqtt.Publish{Topic: "slow", Payload: make([]byte, 100)}
	publish := mqtt.AppendPublish(nil, mqtt.V311, &message)
	a.repeat(300, endless, func(i int) error {
		text := hello(fmt.Sprint("slow-", i))
		nc, err := tryDial(a.mqtt, nil)
		if err != nil {
			time.Sleep(100 * time.Millisecond)
			return err
		}
		defer nc.Close()
		if i%2 == 0 {
			if _, err := nc.Write(text); err != nil {
				return err
			}
			text = publish
		}
		for _, b := range text {
			if _, err := nc.Write([]byte{b}); err != nil || time.Now().After(a.until) {
				return err
			}
			time.Sleep(50 * time.Millisecond)
		}
		return nil
	})
}

// errGivenUp is what an abandoned handshake ends with.
var errGivenUp = errors.New("given up")

// abandons is a connection whose client sends the first packet of a handshake and nothing after the
// server's answer, for which the server has signed.
type abandons struct {
	net.Conn
	sent bool
}

func (c *abandons) Write(p []byte) (int, error) {
	if c.sent {
		return 0, errGivenUp
	}
	c.sent = true
	return c.Conn.Write(p)
}

// handshakes is 5,000 handshakes of TLS that are given up when the server has done its part.
func (a *abusers) handshakes() {
	a.repeat(8, 5000, func(i int) error {
		nc, err := tryDial([]string{a.mqtts, a.https}[i%2], nil)
		if err != nil {
			return err
		}
		defer nc.Close()
		nc.SetDeadline(time.Now().Add(patience))
		//nolint:gosec // the attacker does not ask whom it attacks
		config := &tls.Config{InsecureSkipVerify: true}
		if err := tls.Client(&abandons{Conn: nc}, config).Handshake(); !errors.Is(err, errGivenUp) {
			return fmt.Errorf("the handshake ended with %w", err)
		}
		return nil
	})
}
