package broker

import (
	"bytes"
	"encoding/binary"
	"unicode/utf8"
)

// A cursor reads wire values from a packet body. Reading past the end, or text that is not UTF-8, sets short and
// returns zero values from then on, so a decoder checks once.
type cursor struct {
	b     []byte
	short bool
}

func (c *cursor) take(n int) []byte {
	if n > len(c.b) {
		c.b, c.short = nil, true
		return nil
	}
	v := c.b[:n:n]
	c.b = c.b[n:]
	return v
}

func (c *cursor) byte() byte {
	if v := c.take(1); v != nil {
		return v[0]
	}
	return 0
}

func (c *cursor) uint16() uint16 {
	if v := c.take(2); v != nil {
		return binary.BigEndian.Uint16(v)
	}
	return 0
}

func (c *cursor) uint32() uint32 {
	if v := c.take(4); v != nil {
		return binary.BigEndian.Uint32(v)
	}
	return 0
}

func (c *cursor) binary() []byte { return c.take(int(c.uint16())) }

// text is a length-prefixed string: UTF-8 without NUL.
func (c *cursor) text() []byte {
	v := c.binary()
	if !utf8.Valid(v) || bytes.IndexByte(v, 0) >= 0 {
		c.short = true
	}
	return v
}

func (c *cursor) varint() uint32 {
	v, n := varint(c.b)
	if n <= 0 {
		c.b, c.short = nil, true
		return 0
	}
	c.b = c.b[n:]
	return v
}

// varint reads a variable byte integer. n is its length, 0 if b ends inside it, -1 if it is not well formed.
func varint(b []byte) (v uint32, n int) {
	for i := range min(len(b), 4) {
		v |= uint32(b[i]&0x7F) << (7 * i)
		if b[i] < 0x80 {
			if i > 0 && b[i] == 0 {
				return 0, -1 // not the shortest form
			}
			return v, i + 1
		}
	}
	if len(b) >= 4 {
		return 0, -1
	}
	return 0, 0
}

// decodeConnect reads a CONNECT. For a protocol it does not speak it returns UnsupportedVersion and the level.
func decodeConnect(header byte, body []byte) (p connectPacket, err error) {
	c := cursor{b: body}
	name := c.text()
	p.version = c.byte()
	switch {
	case header&0x0F != 0 || c.short:
		return p, malformed("CONNECT")
	case string(name) == "MQIsdp":
		return p, refusal(UnsupportedVersion, "MQTT 3.1")
	case string(name) != "MQTT":
		return p, malformed("protocol name")
	case p.version != version311 && p.version != version5:
		return p, refusal(UnsupportedVersion, "protocol level")
	}
	flags := c.byte()
	p.keepAlive = c.uint16()
	p.cleanStart = flags&0x02 != 0
	p.username, p.password = flags&0x80 != 0, flags&0x40 != 0
	hasWill := flags&0x04 != 0
	switch {
	case c.short, flags&0x01 != 0, !hasWill && flags&0x38 != 0, flags&0x18 == 0x18:
		return p, malformed("CONNECT flags")
	case p.version == version311 && p.password && !p.username:
		return p, malformed("password without username")
	}
	if err := p.properties(&c); err != nil {
		return p, err
	}
	p.clientID = c.text()
	if hasWill {
		p.will = &willPacket{qos: flags >> 3 & 3, retain: flags&0x20 != 0}
		if err := p.will.decode(&c, p.version); err != nil {
			return p, err
		}
	}
	if p.username {
		c.text() // accepted and ignored (R-BRK-15)
	}
	if p.password {
		c.binary()
	}
	if c.short || len(c.b) != 0 {
		return p, malformed("CONNECT")
	}
	return p, nil
}

func (p *connectPacket) properties(c *cursor) error {
	props := c.properties(p.version, connectProperties)
	for v, ok := props.next(); ok; v, ok = props.next() {
		switch v.id {
		case propSessionExpiry:
			p.sessionExpiry = v.num
		case propReceiveMaximum:
			p.receiveMaximum = uint16(v.num)
		case propMaximumPacket:
			p.maximumPacket = v.num
		case propAuthMethod:
			p.authMethod = true
		}
	}
	return props.err
}

func (w *willPacket) decode(c *cursor, version byte) error {
	props := c.properties(version, willProperties)
	for v, ok := props.next(); ok; v, ok = props.next() {
		if v.id == propWillDelay {
			w.delay = v.num
			continue
		}
		w.publishProperties.add(v)
	}
	w.topic = c.text()
	w.payload = c.binary()
	return props.err
}

// add notes one property of a message, and keeps the wire form of those that pass unchanged.
func (p *publishProperties) add(v property) {
	switch v.id {
	case propTopicAlias:
		p.alias = uint16(v.num)
	case propMessageExpiry:
		p.expiry = v.num
	case propCorrelationData:
		p.correlation = v.data
	}
	switch {
	case passProperties&(1<<v.id) == 0:
	case p.pass == nil:
		p.pass = v.raw[:len(v.raw):len(v.raw)]
	default:
		p.pass = append(p.pass, v.raw...)
	}
}

func decodePublish(header byte, body []byte, version byte) (p publishPacket, err error) {
	c := cursor{b: body}
	p.dup, p.qos, p.retain = header&0x08 != 0, header>>1&3, header&1 != 0
	if p.qos == 3 || p.qos == 0 && p.dup {
		return p, malformed("PUBLISH flags")
	}
	p.topic = c.text()
	if p.qos > 0 {
		p.id = c.uint16()
		if p.id == 0 && !c.short {
			return p, violation("packet identifier 0")
		}
	}
	props := c.properties(version, publishedProperties)
	for v, ok := props.next(); ok; v, ok = props.next() {
		if v.id == propTopicAlias && v.num == 0 {
			return p, refusal(TopicAliasInvalid, "topic alias 0")
		}
		p.publishProperties.add(v)
	}
	p.payload = c.b
	if c.short {
		return p, malformed("PUBLISH")
	}
	return p, props.err
}

// decodePuback returns the packet identifier of a PUBACK; its reason code makes no difference here.
func decodePuback(header byte, body []byte, version byte) (id uint16, err error) {
	c := cursor{b: body}
	id = c.uint16()
	if version == version5 && len(c.b) > 0 {
		c.byte()
		if len(c.b) > 0 {
			props := c.properties(version, ackProperties)
			for _, ok := props.next(); ok; _, ok = props.next() {
			}
			if props.err != nil {
				return 0, props.err
			}
		}
	}
	if header&0x0F != 0 || c.short || len(c.b) != 0 || id == 0 {
		return 0, malformed("PUBACK")
	}
	return id, nil
}

func decodeSubscribe(header byte, body []byte, version byte) (p subscribePacket, err error) {
	c := cursor{b: body}
	p.id = c.uint16()
	props := c.properties(version, subscribeProperties)
	for v, ok := props.next(); ok; v, ok = props.next() {
		p.withID = p.withID || v.id == propSubscriptionID
	}
	if props.err != nil {
		return p, props.err
	}
	for len(c.b) > 0 && !c.short {
		f := filterRequest{filter: c.text()}
		options := c.byte()
		f.qos, f.noLocal, f.keepRetain = options&3, options&4 != 0, options&8 != 0
		f.retainHandling = options >> 4 & 3
		if f.qos == 3 || f.retainHandling == 3 || options&0xC0 != 0 || version < version5 && options > 2 {
			return p, malformed("subscription options")
		}
		p.filters = append(p.filters, f)
	}
	return p, endOfFilters(&c, header, p)
}

func decodeUnsubscribe(header byte, body []byte, version byte) (p subscribePacket, err error) {
	c := cursor{b: body}
	p.id = c.uint16()
	props := c.properties(version, unsubscribeProperties)
	for _, ok := props.next(); ok; _, ok = props.next() {
	}
	if props.err != nil {
		return p, props.err
	}
	for len(c.b) > 0 && !c.short {
		p.filters = append(p.filters, filterRequest{filter: c.text()})
	}
	return p, endOfFilters(&c, header, p)
}

func endOfFilters(c *cursor, header byte, p subscribePacket) error {
	switch {
	case c.short || header&0x0F != 2:
		return malformed("topic filters")
	case p.id == 0:
		return violation("packet identifier 0")
	case len(p.filters) == 0:
		return violation("no topic filter")
	}
	return nil
}

func decodeDisconnect(header byte, body []byte, version byte) (p disconnectPacket, err error) {
	c := cursor{b: body}
	if version == version5 && len(body) > 0 {
		p.reason = Reason(c.byte())
		if len(c.b) > 0 {
			props := c.properties(version, disconnectProperties)
			for v, ok := props.next(); ok; v, ok = props.next() {
				if v.id == propSessionExpiry {
					p.expiry, p.hasExpiry = v.num, true
				}
			}
			if props.err != nil {
				return p, props.err
			}
		}
	}
	if header&0x0F != 0 || c.short || len(c.b) != 0 {
		return p, malformed("DISCONNECT")
	}
	return p, nil
}
