package broker

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"time"

	"github.com/drover-iot/drover/device/broker/mqtt"
)

// The stored form of sessions and messages. A session is stored as JSON, because it is written
// rarely. A message that waits for a session has a head, which differs from session to session, and
// a body, which is the same for all of them: an MQTT 5 PUBLISH packet at QoS 0. A retained message,
// and what earlier versions stored for sessions, is one value: nine bytes (flags, and when it
// expires in milliseconds) and a PUBLISH packet that says the rest.

// A sessionRecord is the stored form of a session.
type sessionRecord struct {
	Version mqtt.Version `json:"version"`
	Expiry  int64        `json:"expirySeconds"`
	// Until is when the session ends, in ms; 0: the client was connected when the record was
	// written.
	Until int64 `json:"until,omitempty"`
	// The owner is a thing or a principal; neither in records of versions without owners.
	Thing     string           `json:"thing,omitempty"`
	Principal string           `json:"principal,omitempty"`
	Subs      map[string]uint8 `json:"subscriptions"` // filter → granted
	// SubIDs are the subscription identifiers by filter; earlier versions wrote none.
	SubIDs map[string]uint32 `json:"subscriptionIds,omitempty"`
	Will   *willRecord       `json:"will,omitempty"`
}

// A willRecord is the stored form of a delayed will.
type willRecord struct {
	At      int64  `json:"at"`                      // when it is published, in ms
	Expiry  uint32 `json:"expirySeconds,omitempty"` // will.expiry
	Message []byte `json:"message"`                 // as appendStored has it
	// Who has left it.
	Principal string `json:"principal,omitempty"`
	Remote    string `json:"remote,omitempty"` // host and port
}

// record is the change that stores the session as it is now. The caller holds s.mu.
func (s *session) record() Change {
	s.recorded = true
	r := sessionRecord{
		Version: s.version,
		Expiry:  int64(s.expiry / time.Second),
		Subs:    map[string]uint8{},
	}
	if s.owner.isThing {
		r.Thing = s.owner.name
	} else {
		r.Principal = s.owner.name
	}
	if !s.endsAt.IsZero() {
		r.Until = s.endsAt.UnixMilli()
	}
	for _, sub := range s.subs {
		r.Subs[sub.filter] = uint8(sub.granted)
		if sub.id == 0 {
			continue
		}
		if r.SubIDs == nil {
			r.SubIDs = map[string]uint32{}
		}
		r.SubIDs[sub.filter] = sub.id
	}
	if d := s.will; d != nil {
		r.Will = d.record(d.at)
	}
	value, _ := json.Marshal(r) // numbers and strings: cannot fail
	return Change{Client: s.key, Value: value}
}

// record is the stored form of a will that is published at a time.
func (w *will) record(at time.Time) *willRecord {
	r := &willRecord{
		Expiry:    w.expiry,
		Message:   appendStored(nil, &entry{m: w.message, qos: w.QoS, retain: w.retain}),
		Principal: w.author.principal,
		Remote:    w.author.attributes.Remote.String(),
	}
	if !at.IsZero() {
		r.At = at.UnixMilli()
	}
	return r
}

// parse reads the will that a client has left.
func (r *willRecord) parse(client string) (*will, error) {
	e, err := parseStored(r.Message)
	if err != nil {
		return nil, err
	}
	e.m.by = r.Principal
	return &will{message: e.m, expiry: r.Expiry, author: author{
		principal: r.Principal,
		attributes: Attributes{
			ClientID:   client,
			Persistent: true,
			WillTopic:  e.m.Topic,
			Remote:     addressOf(r.Remote),
		},
	}}, nil
}

// The flags of a stored message, the first byte of its value.
const (
	storedLatest  = 1 << 0 // Message.Latest
	storedExpires = 1 << 1 // the time that follows is when it expires
	// What follows is in heads only.
	storedDup    = 1 << 2 // it was sent: entry.dup
	storedRetain = 1 << 3 // entry.retain
	storedHead   = 1 << 7 // the value is a head
	// What follows is in retained messages only.
	storedBy = 1 << 4 // the principal follows (appendRetained)
)

// storedHeader is the length of the flags and the expiry. In a head, the packet identifier follows,
// the size of the message, and the topic of a notification or the principal that has published any
// other message.
const (
	storedHeader = 1 + 8
	headBytes    = storedHeader + 2 + 4
)

// appendHeader appends flags, those of the message among them, and when it expires.
func appendHeader(b []byte, m *message, flags byte) []byte {
	var expires int64
	if m.Latest {
		flags |= storedLatest
	}
	if !m.expires.IsZero() {
		flags |= storedExpires
		expires = m.expires.UnixMilli()
	}
	return binary.BigEndian.AppendUint64(append(b, flags), uint64(expires))
}

// appendHead appends the head of a message that waits for a session, at QoS 1.
func appendHead(b []byte, e *entry) []byte {
	flags := byte(storedHead)
	if e.dup {
		flags |= storedDup
	}
	if e.retain {
		flags |= storedRetain
	}
	b = appendHeader(b, e.m, flags)
	b = binary.BigEndian.AppendUint16(b, e.id)
	b = binary.BigEndian.AppendUint32(b, uint32(e.m.size()))
	if e.m.Latest {
		return append(b, e.m.Topic...)
	}
	return append(b, e.m.by...)
}

// appendBody appends the body.
func appendBody(b []byte, m *message) []byte {
	return mqtt.AppendPublish(b, mqtt.V5, &mqtt.Publish{
		Topic:     m.Topic,
		Payload:   m.Payload,
		Forwarded: m.forwarded,
	})
}

// parseHead reads as much of a stored message as a queue needs while its client is away: an entry
// with a stub.
func parseHead(c Change) (e entry, err error) {
	v := c.Value
	if len(v) == 0 || v[0]&storedHead == 0 { // stored by an earlier version
		e, err = parseStored(v)
		if err != nil {
			return e, err
		}
		e.stub, e.m, e.seq = newStub(e.m, 0), nil, c.Seq
		return e, nil
	}
	if len(v) < headBytes {
		return e, errStored
	}
	e = entry{
		seq:    c.Seq,
		id:     binary.BigEndian.Uint16(v[storedHeader:]),
		qos:    1,
		dup:    v[0]&storedDup != 0,
		retain: v[0]&storedRetain != 0,
		stub: &stub{
			size:   int(binary.BigEndian.Uint32(v[storedHeader+2:])),
			shared: c.Shared,
		},
	}
	text := string(v[headBytes:])
	if v[0]&storedLatest != 0 {
		e.stub.topic = text
	} else {
		e.stub.by = text
	}
	if v[0]&storedLatest != 0 && text == "" || e.dup != (e.id != 0) {
		return e, errStored
	}
	e.stored = e.storedForm()
	return e, nil
}

// parseMessage reads the message of a stored entry.
func parseMessage(c Change) (*message, error) {
	v := c.Value
	if len(v) == 0 || v[0]&storedHead == 0 {
		e, err := parseStored(v)
		return e.m, err
	}
	if len(v) < headBytes {
		return nil, errStored
	}
	m, _, err := parsePublish(v, c.Body)
	return m, err
}

// appendStored appends the stored form of a message that is one value.
func appendStored(b []byte, e *entry) []byte {
	b = appendHeader(b, e.m, 0)
	p := e.packet(0)
	p.ID = 0
	if e.qos > 0 {
		p.ID = max(e.id, 1) // the packet must have one; it counts only with DUP
	}
	return mqtt.AppendPublish(b, mqtt.V5, &p)
}

var errStored = errors.New("a stored message is damaged")

// parseStored reads what appendStored wrote.
func parseStored(b []byte) (e entry, err error) {
	if len(b) < storedHeader {
		return e, errStored
	}
	m, p, err := parsePublish(b, b[storedHeader:])
	if err != nil {
		return e, err
	}
	m.QoS, m.retain = p.QoS, p.Retain
	e = entry{m: m, qos: p.QoS, dup: p.Dup, retain: p.Retain}
	if p.Dup {
		e.id = p.ID
	}
	e.stored = e.storedForm()
	return e, nil
}

// parsePublish reads a message from its flags and expiry, and the PUBLISH packet.
func parsePublish(header, body []byte) (*message, mqtt.Publish, error) {
	packet, err := mqtt.Decode(body)
	if err != nil || packet.Type != mqtt.TypePublish {
		return nil, mqtt.Publish{}, errStored
	}
	p, err := mqtt.DecodePublish(packet, mqtt.V5)
	if err != nil {
		return nil, p, errStored
	}
	m := &message{
		Message: Message{
			Topic:   p.Topic,
			Payload: p.Payload,
			QoS:     1,
			Latest:  header[0]&storedLatest != 0,
		},
		forwarded: p.Forwarded,
	}
	if header[0]&storedExpires != 0 {
		m.expires = time.UnixMilli(int64(binary.BigEndian.Uint64(header[1:])))
	}
	return m, p, nil
}
