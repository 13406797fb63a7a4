package nodes

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

// A line is one MQTT 3.1.1 connection of a device, over mutual TLS. It is written packet by packet,
// because a test of sessions decides itself on packet identifiers, the DUP flag and the session.
type line struct {
	node    int
	conn    net.Conn
	session bool // the server had the session (session present)

	write   sync.Mutex
	answers chan message
	acks    chan uint16   // of PUBACK and SUBACK
	pongs   chan struct{} // of PINGRESP
	lost    chan struct{} // closed when the connection has ended
}

// A message is what the service publishes to a device, as far as the test reads it: an answer has
// the token of its request, a refusal a code, a notice neither.
type message struct {
	topic          string
	ClientToken    string      `json:"clientToken"`
	Code           string      `json:"code"`
	Execution      *execution  `json:"execution"`
	ExecutionState *execution  `json:"executionState"`
	InProgress     []execution `json:"inProgressJobs"`
	Queued         []execution `json:"queuedJobs"`
}

// An execution is one of those that a message shows, as far as it shows it: a state has no job, and
// an entry of a list no status.
type execution struct {
	JobID           string `json:"jobId"`
	ExecutionNumber int64  `json:"executionNumber"`
	Status          string `json:"status"`
	VersionNumber   int64  `json:"versionNumber"`
}

// firmness is how long a device waits for an answer. It is a little longer than a node may wait for
// the database (R-NODE-9).
const firmness = 7 * time.Second

// keepAlive is the one of CONNECT, in seconds.
const keepAlive = 10

// dial connects a device to a node, and resumes its session. An error is an outcome as good as any.
func dial(node int, address string, config *tls.Config, id string) (*line, error) {
	dialer := &net.Dialer{Timeout: 4 * time.Second}
	conn, err := dialer.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	l := &line{
		node:    node,
		conn:    tls.Client(conn, config),
		answers: make(chan message, 16),
		acks:    make(chan uint16, 16),
		pongs:   make(chan struct{}, 1),
		lost:    make(chan struct{}),
	}
	l.conn.SetDeadline(time.Now().Add(firmness))
	connect := packets.NewControlPacket(packets.Connect).(*packets.ConnectPacket)
	connect.ProtocolName, connect.ProtocolVersion = "MQTT", 4
	connect.ClientIdentifier, connect.Keepalive = id, keepAlive
	err = l.send(connect)
	var packet packets.ControlPacket
	if err == nil {
		packet, err = packets.ReadPacket(l.conn)
	}
	ack, ok := packet.(*packets.ConnackPacket)
	switch {
	case err != nil:
	case !ok:
		err = fmt.Errorf("not a CONNACK: %v", packet)
	case ack.ReturnCode != packets.Accepted:
		err = fmt.Errorf("CONNACK %d", ack.ReturnCode)
	default:
		l.session = ack.SessionPresent
		l.conn.SetDeadline(time.Time{})
		return l, nil
	}
	l.conn.Close()
	return nil, err
}

// send writes a packet.
func (l *line) send(p packets.ControlPacket) error {
	l.write.Lock()
	defer l.write.Unlock()
	return p.Write(l.conn)
}

// read reads packets until the connection ends. Each message of the service is shown to told, in
// the order in which they come, and acknowledged when that returns true; answers go to whoever
// waits for them.
func (l *line) read(told func(*line, message) bool) {
	defer close(l.lost)
	for {
		packet, err := packets.ReadPacket(l.conn)
		if err != nil {
			return
		}
		switch p := packet.(type) {
		case *packets.PublishPacket:
			m := message{topic: p.TopicName}
			_ = json.Unmarshal(p.Payload, &m) // one that is no JSON is no answer to anything
			if told(l, m) && p.Qos == 1 {
				ack := packets.NewControlPacket(packets.Puback).(*packets.PubackPacket)
				ack.MessageID = p.MessageID
				_ = l.send(ack) // a connection that has ended is noticed by the next read
			}
			if !m.notice() {
				offer(l.answers, m)
			}
		case *packets.PubackPacket:
			offer(l.acks, p.MessageID)
		case *packets.SubackPacket:
			if p.ReturnCodes[0] == 1 { // granted, at QoS 1
				offer(l.acks, p.MessageID)
			}
		case *packets.PingrespPacket:
			offer(l.pongs, struct{}{})
		}
	}
}

// notice reports whether a message is no answer to a request.
func (m message) notice() bool {
	return strings.HasSuffix(m.topic, "/notify-next") || strings.HasSuffix(m.topic, "/notify")
}

// offer passes something on to whoever waits for it. Nobody waits any more for what comes late.
func offer[T any](to chan T, what T) {
	select {
	case to <- what:
	default:
	}
}

// await waits for the answer to the request with a token. acked says that the broker has the
// request: it will not have to be sent again.
func (l *line) await(token string, packet uint16) (m message, acked, ok bool) {
	timer := time.NewTimer(firmness)
	defer timer.Stop()
	for {
		select {
		case m := <-l.answers:
			if m.ClientToken == token {
				return m, true, true
			}
		case id := <-l.acks:
			acked = acked || id == packet
		case <-l.lost:
			return m, acked, false
		case <-timer.C:
			return m, acked, false
		}
	}
}

// alive asks the node for a sign of life, and waits for it. A node that is cut off from devices
// gives none, and neither does one that does not run.
func (l *line) alive() bool {
	if l.send(packets.NewControlPacket(packets.Pingreq)) != nil {
		return false
	}
	timer := time.NewTimer(firmness)
	defer timer.Stop()
	select {
	case <-l.pongs:
		return true
	case <-l.lost:
	case <-timer.C:
	}
	return false
}

// subscribe subscribes to a topic at QoS 1, and reports whether the node granted it.
func (l *line) subscribe(packet uint16, topic string) bool {
	p := packets.NewControlPacket(packets.Subscribe).(*packets.SubscribePacket)
	p.MessageID, p.Topics, p.Qoss = packet, []string{topic}, []byte{1}
	if l.send(p) != nil {
		return false
	}
	timer := time.NewTimer(firmness)
	defer timer.Stop()
	for {
		select {
		case id := <-l.acks:
			if id == packet {
				return true
			}
		case <-l.lost:
			return false
		case <-timer.C:
			return false
		}
	}
}

// close ends the connection without DISCONNECT, as devices do whose network goes away, or with it.
func (l *line) close(politely bool) {
	if politely {
		_ = l.send(packets.NewControlPacket(packets.Disconnect)) // it is closed anyway
	}
	l.conn.Close()
	<-l.lost
}
