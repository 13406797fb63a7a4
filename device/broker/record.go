package broker

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/drover-iot/drover/device/broker/mqtt"
)

// The stored form of sessions and messages. A session is stored as JSON, because it is written
// rarely. A message is stored as nine bytes (flags, and when it expires in milliseconds) and an
// MQTT 5 PUBLISH packet.

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
	}
	value, _ := json.Marshal(r) // numbers and strings: cannot fail
	return Change{Client: s.key, Value: value}
}

// load restores sessions, their messages and the retained messages from the store.
func (b *Broker) load(ctx context.Context) error {
	now := time.Now()
	return b.cfg.Sessions.Load(ctx, func(c Change) error {
		var err error
		switch {
		case c.Client == "":
			err = b.retained.load(c)
		case c.Seq == 0:
			err = b.loadSession(c, now)
		default:
			err = b.loadMessage(c)
		}
		if err != nil {
			return fmt.Errorf("client %q: %w", c.Client, err)
		}
		return nil
	})
}

// loadSession restores a session. One that was connected when the process ended has its whole
// expiry from now on.
func (b *Broker) loadSession(c Change, now time.Time) error {
	var r sessionRecord
	if err := json.Unmarshal(c.Value, &r); err != nil {
		return err
	}
	s := &session{b: b, key: c.Client, version: r.Version, recorded: true}
	s.expiry = time.Duration(r.Expiry) * time.Second
	s.endsAt = now.Add(s.expiry)
	if r.Until != 0 {
		s.endsAt = time.UnixMilli(r.Until)
	}
	for filter, g := range r.Subs {
		s.subs = append(s.subs, subscription{filter, granted(g)})
		b.routes.add(filter, s, granted(g))
	}
	o := owner{r.Principal, false}
	if r.Thing != "" {
		o = owner{r.Thing, true}
	}
	b.addSession(s, o)
	return nil
}

// loadMessage restores a message that waits for a session. Its session, if there is one, was loaded
// before.
func (b *Broker) loadMessage(c Change) error {
	s := b.sessionAt(clientOf(c.Client), c.Client)
	if s == nil {
		return nil
	}
	e, err := parseStored(c.Value)
	if err != nil {
		return err
	}
	e.seq = c.Seq
	s.push(e)
	s.lastSeq = max(s.lastSeq, c.Seq)
	return nil
}

// The flags of a stored message.
const (
	storedLatest  = 1 << 0 // Message.Latest
	storedExpires = 1 << 1 // the time that follows is when it expires
)

// storedHeader is the length of what comes before the PUBLISH packet.
const storedHeader = 1 + 8

// appendStored appends the stored form of a message.
func appendStored(b []byte, e *entry) []byte {
	var flags byte
	var expires int64
	if e.m.Latest {
		flags |= storedLatest
	}
	if !e.m.expires.IsZero() {
		flags |= storedExpires
		expires = e.m.expires.UnixMilli()
	}
	b = append(b, flags)
	b = binary.BigEndian.AppendUint64(b, uint64(expires))
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
	flags, expires := b[0], int64(binary.BigEndian.Uint64(b[1:]))
	packet, err := mqtt.Decode(b[storedHeader:])
	if err != nil {
		return e, errStored
	}
	p, err := mqtt.DecodePublish(packet, mqtt.V5)
	if err != nil {
		return e, errStored
	}
	m := &message{
		Message: Message{
			Topic:   p.Topic,
			Payload: p.Payload,
			QoS:     p.QoS,
			Latest:  flags&storedLatest != 0,
		},
		retain:    p.Retain,
		forwarded: p.Forwarded,
	}
	if flags&storedExpires != 0 {
		m.expires = time.UnixMilli(expires)
	}
	e = entry{m: m, qos: p.QoS, dup: p.Dup, retain: p.Retain}
	if p.Dup {
		e.id = p.ID
	}
	e.stored = e.storedForm()
	return e, nil
}
