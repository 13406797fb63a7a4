package broker

import (
	"encoding/binary"
	"net"
	"slices"
	"strings"
	"sync"
	"testing/synctest"

	"github.com/drover-iot/drover/device/broker/mqtt"
	"github.com/drover-iot/drover/device/broker/mqtt/mqtttest"
)

// A device is a client of the nodes of a cluster: one connection, on whichever node. It reads what
// comes, and acknowledges it unless it is told not to.
type device struct {
	id      string
	version mqtt.Version
	nc      net.Conn
	out     chan []byte

	mu       sync.Mutex // guards what follows
	silent   bool       // it acknowledges nothing
	connack  int        // the code; -1: none yet
	present  bool
	subacks  int
	reason   mqtt.Reason // of the DISCONNECT that it got
	closed   bool
	received []mqtt.Publish
}

// dial opens a connection of a device to a node.
func (n *testNode) dial(id string, version mqtt.Version) *device {
	here, there := net.Pipe()
	d := &device{id: id, version: version, nc: here, out: make(chan []byte, 1<<12), connack: -1}
	go func() {
		for b := range d.out {
			_, _ = here.Write(b) // a connection that is closed gets nothing
		}
	}()
	go d.read()
	n.conns <- there
	return d
}

// connect connects a device to a session that lasts.
func (n *testNode) connect(id string) *device {
	return n.connectWith(mqtt.V5, mqtt.Connect{ClientID: id, SessionExpiry: 3600})
}

func (n *testNode) connectWith(version mqtt.Version, p mqtt.Connect) *device {
	d := n.dial(p.ClientID, version)
	p.Version = version
	d.send(mqtttest.Connect(&p, ""))
	synctest.Wait()
	return d
}

// send sends a packet, if the connection is open.
func (d *device) send(packet []byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.closed {
		d.out <- packet
	}
}

// read handles what comes.
func (d *device) read() {
	var in mqtt.Reader
	in.Reset(d.nc, 1<<20)
	for {
		packet, err := in.Next()
		if err != nil {
			d.mu.Lock()
			d.closed = true
			close(d.out)
			d.mu.Unlock()
			return
		}
		d.handle(packet)
	}
}

func (d *device) handle(packet mqtt.Packet) {
	d.mu.Lock()
	defer d.mu.Unlock()
	body := packet.Body
	switch packet.Type {
	case mqtt.TypeConnack:
		d.connack, d.present = int(body[1]), body[0] == 1
	case mqtt.TypeSuback:
		d.subacks++
	case mqtt.TypeDisconnect:
		d.reason = mqtt.Reason(body[0])
	case mqtt.TypePublish:
		p, err := mqtt.DecodePublish(packet, d.version)
		if err != nil {
			panic(err)
		}
		p.Payload = slices.Clone(p.Payload)
		d.received = append(d.received, p)
		if p.QoS > 0 && !d.silent {
			d.out <- mqtttest.Packet(mqtt.TypePuback<<4, binary.BigEndian.AppendUint16(nil, p.ID))
		}
	}
}

func (d *device) subscribe(filters ...string) {
	d.send(mqtttest.Subscribe(d.version, 1, 1, filters...))
	synctest.Wait()
}

// lose closes the connection without a DISCONNECT.
func (d *device) lose() {
	d.nc.Close()
	synctest.Wait()
}

// payloads are what came so far, with + before what was sent before.
func (d *device) payloads() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	var all []string
	for _, p := range d.received {
		text := string(p.Payload)
		if p.Dup {
			text = "+" + text
		}
		all = append(all, text)
	}
	return strings.Join(all, " ")
}

// state says how the connection is: open, waits, closed or refused.
func (d *device) state() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.connack > 0:
		return "refused " + hex(byte(d.connack))
	case d.closed && d.connack == 0 && d.reason != 0:
		return "closed " + hex(byte(d.reason))
	case d.closed:
		return "closed"
	case d.connack < 0:
		return "waits"
	case d.present:
		return "resumed"
	}
	return "new"
}

func hex(b byte) string { return string([]byte{"0123456789abcdef"[b>>4], "0123456789abcdef"[b&15]}) }
