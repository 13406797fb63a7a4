package trace

import (
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/drover-iot/drover/device/broker"
	"github.com/drover-iot/drover/device/broker/mqtt"
)

// Event is one thing that happened on a connection, as it is shown.
type Event struct {
	At         time.Time        `json:"at"`
	Kind       broker.TraceKind `json:"kind"`
	Connection uint64           `json:"connection"`
	ClientID   string           `json:"clientId"`
	Remote     string           `json:"remote"`
	// Text says what happened in one line, without the payload.
	Text    string   `json:"text"`
	Packet  string   `json:"packet,omitempty"` // PUBLISH, SUBACK, …
	Topics  []string `json:"topics,omitempty"` // or the filters of a SUBSCRIBE
	Payload string   `json:"payload,omitempty"`
	Why     string   `json:"why,omitempty"` // which policy has refused it
}

// maxPayload is how many bytes of a payload are shown.
const maxPayload = 4 << 10

// Of is the event for what a broker has seen.
func Of(t broker.Trace) Event {
	e := Event{
		At:         t.At.UTC(),
		Kind:       t.Kind,
		Connection: t.Connection,
		ClientID:   t.ClientID,
		Remote:     t.Remote,
		Why:        t.Why,
	}
	switch t.Kind {
	case broker.TraceReceived, broker.TraceSent:
		e.read(t)
	case broker.TraceClosed:
		e.Text = "the connection ended: " + t.Detail
	default:
		e.Text = t.Detail
		if t.Topic != "" {
			e.Topics = []string{t.Topic}
			e.Text += ": " + t.Topic
		}
		if t.Reason != mqtt.Success {
			e.Text += fmt.Sprintf(" (0x%02X)", byte(t.Reason))
		}
	}
	return e
}

// names are those of the types of packets.
var names = map[byte]string{
	mqtt.TypeConnect: "CONNECT", mqtt.TypeConnack: "CONNACK", mqtt.TypePublish: "PUBLISH",
	mqtt.TypePuback: "PUBACK", mqtt.TypeSubscribe: "SUBSCRIBE", mqtt.TypeSuback: "SUBACK",
	mqtt.TypeUnsubscribe: "UNSUBSCRIBE", mqtt.TypeUnsuback: "UNSUBACK",
	mqtt.TypePingreq: "PINGREQ", mqtt.TypePingresp: "PINGRESP",
	mqtt.TypeDisconnect: "DISCONNECT",
}

// read puts a packet into words. One that cannot be read is shown as it is, but for a CONNECT, which
// may have a password.
func (e *Event) read(t broker.Trace) {
	p := t.Packet
	name, known := names[p.Type]
	if !known {
		name = fmt.Sprintf("packet type %d", p.Type)
	}
	e.Packet = name
	details, err := e.details(t)
	if err != nil {
		details = fmt.Sprintf("cannot be read: %v", err)
		if p.Type != mqtt.TypeConnect {
			details += ": " + shortHex(p.Body)
		}
	}
	e.Text = strings.TrimSpace(name + " " + details)
}

// details are what a packet says beside its type.
func (e *Event) details(t broker.Trace) (string, error) {
	p, version := t.Packet, t.Version
	switch p.Type {
	case mqtt.TypeConnect:
		return e.connect(p)
	case mqtt.TypePublish:
		return e.publish(t)
	case mqtt.TypeSubscribe:
		return e.subscribe(p, version)
	case mqtt.TypeUnsubscribe:
		u, err := mqtt.DecodeUnsubscribe(p, version)
		e.Topics = u.Topics
		return fmt.Sprintf("packet %d: %s", u.ID, strings.Join(u.Topics, ", ")), err
	case mqtt.TypeConnack:
		return connack(p.Body), nil
	case mqtt.TypePuback, mqtt.TypeSuback, mqtt.TypeUnsuback:
		return acknowledged(p, version), nil
	case mqtt.TypeDisconnect:
		if len(p.Body) > 0 {
			return fmt.Sprintf("0x%02X", p.Body[0]), nil
		}
	}
	return "", nil
}

func (e *Event) connect(p mqtt.Packet) (string, error) {
	c, err := mqtt.DecodeConnect(p)
	if err != nil {
		return "", err
	}
	version, session := "MQTT 5", "its session"
	if c.Version == mqtt.V311 {
		version = "MQTT 3.1.1"
	}
	if c.CleanStart {
		session = "a new session"
	}
	text := fmt.Sprintf("%s, keep-alive %d s, %s", version, c.KeepAlive, session)
	if c.SessionExpiry > 0 {
		text += fmt.Sprintf(" for %d s", c.SessionExpiry)
	}
	if c.Will != nil {
		text += ", will on " + c.Will.Message.Topic
	}
	return text, nil
}

func (e *Event) publish(t broker.Trace) (string, error) {
	m, err := mqtt.DecodeDelivery(t.Packet, t.Version) // which has all that a PUBLISH has
	if err != nil {
		return "", err
	}
	text := m.Topic
	switch {
	case m.Topic != "":
		e.Topics = []string{m.Topic}
	case t.Topic != "":
		text = fmt.Sprintf("%s by its alias %d", t.Topic, m.Alias)
		e.Topics = []string{t.Topic}
	default:
		text = fmt.Sprintf("the topic with alias %d", m.Alias)
	}
	text += fmt.Sprintf(", QoS %d", m.QoS)
	if m.QoS > 0 {
		text += fmt.Sprintf(", packet %d", m.ID)
	}
	if m.Dup {
		text += ", again"
	}
	if m.Retain {
		text += ", retain"
	}
	e.Payload = payload(m.Payload)
	if hasKeys(m.Topic) {
		e.Payload = ""
	}
	return fmt.Sprintf("%s, %d bytes", text, len(m.Payload)), nil
}

func (e *Event) subscribe(p mqtt.Packet, version mqtt.Version) (string, error) {
	s, err := mqtt.DecodeSubscribe(p, version)
	if err != nil {
		return "", err
	}
	var each []string
	for _, f := range s.Filters {
		e.Topics = append(e.Topics, f.Topic)
		each = append(each, fmt.Sprintf("%s at QoS %d", f.Topic, f.QoS))
	}
	return fmt.Sprintf("packet %d: %s", s.ID, strings.Join(each, ", ")), nil
}

// connack is what the body of a CONNACK says.
func connack(body []byte) string {
	if len(body) < 2 {
		return ""
	}
	if body[1] != 0 {
		return fmt.Sprintf("refused, 0x%02X", body[1])
	}
	if body[0]&1 != 0 {
		return "accepted, with the session of before"
	}
	return "accepted, with a new session"
}

// acknowledged is what an answer to a packet with a number says: the codes are its last bytes, but
// for a PUBACK of MQTT 5, in which properties may follow.
func acknowledged(p mqtt.Packet, version mqtt.Version) string {
	if len(p.Body) < 2 {
		return ""
	}
	text := fmt.Sprintf("packet %d", int(p.Body[0])<<8|int(p.Body[1]))
	codes := p.Body[2:]
	if version == mqtt.V5 {
		if p.Type == mqtt.TypePuback {
			codes = codes[:min(1, len(codes))]
		} else if len(codes) > 0 { // the length of the properties, of which we send none
			codes = codes[1:]
		}
	}
	for _, code := range codes {
		text += fmt.Sprintf(", 0x%02X", code)
	}
	return text
}

// hasKeys reports whether private keys of devices and what is as good as one may be in messages on a
// topic: those by which devices provision themselves. A topic that is given by an alias only may be
// one of them.
func hasKeys(topic string) bool {
	return topic == "" || strings.HasPrefix(topic, "$aws/certificates/") ||
		strings.HasPrefix(topic, "$aws/provisioning-templates/")
}

// secrets are parts of presigned URLs that are as good as a password.
var secrets = regexp.MustCompile(`(X-Amz-(?:Signature|Security-Token)=)[^&"\s]+`)

// payload is a payload as text without secrets, or in hexadecimal.
func payload(bytes []byte) string {
	cut := ""
	if len(bytes) > maxPayload {
		bytes, cut = bytes[:maxPayload], "…"
		for i := 1; i < utf8.UTFMax && !utf8.Valid(bytes); i++ { // not within a character
			bytes = bytes[:maxPayload-i]
		}
	}
	if !utf8.Valid(bytes) {
		return shortHex(bytes)
	}
	return secrets.ReplaceAllString(string(bytes), "$1…") + cut
}

// shortHex is the beginning of bytes in hexadecimal.
func shortHex(b []byte) string {
	const shown = 64
	if len(b) > shown {
		return hex.EncodeToString(b[:shown]) + "…"
	}
	return hex.EncodeToString(b)
}
