package mqtt

// SUBSCRIBE and UNSUBSCRIBE name topic filters; SUBACK and UNSUBACK answer with one code for each.

// The bits in the subscription options of a filter. QoS is in the lowest two, retain handling in
// bits 4 and 5.
const (
	optionNoLocal           = 1 << 2
	optionRetainAsPublished = 1 << 3
	shiftRetainHandling     = 4
	optionsReserved         = 3 << 6
)

// subscribeFlags is the value that the standard requires for the flags of SUBSCRIBE and
// UNSUBSCRIBE.
const subscribeFlags = 2

// MaxSubscriptionID is the largest subscription identifier, and the largest variable byte integer.
const MaxSubscriptionID = 268_435_455

// A Subscribe is a SUBSCRIBE.
type Subscribe struct {
	ID      uint16
	Filters []Filter
	// SubscriptionID is the identifier that the client gives these subscriptions (MQTT 5); 0: none.
	SubscriptionID uint32
}

// A Filter is one topic filter of a SUBSCRIBE with its options. All but QoS are MQTT 5 only.
type Filter struct {
	// Topic is the filter itself. It may be malformed: see ValidFilter.
	Topic string
	// QoS is the highest QoS that the client asks for, 0 to 2.
	QoS byte
	// NoLocal excludes what the client publishes itself.
	NoLocal bool
	// RetainAsPublished asks for the publisher's RETAIN flag. Without it live messages have the
	// flag clear.
	RetainAsPublished bool
	// RetainHandling says whether the retained message is sent: 0 always, 1 if the subscription is
	// new, 2 never.
	RetainHandling byte
}

// DecodeSubscribe decodes a SUBSCRIBE, which has at least one filter.
func DecodeSubscribe(packet Packet, version Version) (p Subscribe, err error) {
	d := decoder{b: packet.Body}
	p.ID = d.uint16()
	props := d.properties(version, subscribeProperties)
	for v, ok := props.next(); ok; v, ok = props.next() {
		if v.id == PropSubscriptionID {
			p.SubscriptionID = v.number
		}
	}
	if props.err != nil {
		return p, props.err
	}
	for len(d.b) > 0 && !d.invalid {
		f := Filter{Topic: string(d.text())}
		if !f.setOptions(d.byte(), version) {
			return p, malformed("the subscription options are invalid")
		}
		p.Filters = append(p.Filters, f)
	}
	return p, checkFilters(packet, &d, p.ID, len(p.Filters))
}

// setOptions sets what the options byte says. It reports false if the standard forbids that.
func (f *Filter) setOptions(options byte, version Version) bool {
	f.QoS = options & 3
	f.NoLocal = options&optionNoLocal != 0
	f.RetainAsPublished = options&optionRetainAsPublished != 0
	f.RetainHandling = options >> shiftRetainHandling & 3
	valid := f.QoS < 3 && f.RetainHandling < 3 && options&optionsReserved == 0
	return valid && (version == V5 || options <= 2)
}

// An Unsubscribe is an UNSUBSCRIBE.
type Unsubscribe struct {
	ID     uint16
	Topics []string // the filters
}

// DecodeUnsubscribe decodes an UNSUBSCRIBE, which has at least one filter.
func DecodeUnsubscribe(packet Packet, version Version) (p Unsubscribe, err error) {
	d := decoder{b: packet.Body}
	p.ID = d.uint16()
	props := d.properties(version, unsubscribeProperties)
	if err := props.skip(); err != nil {
		return p, err
	}
	for len(d.b) > 0 && !d.invalid {
		p.Topics = append(p.Topics, string(d.text()))
	}
	return p, checkFilters(packet, &d, p.ID, len(p.Topics))
}

// checkFilters is the end of both decoders.
func checkFilters(packet Packet, d *decoder, id uint16, filters int) error {
	switch {
	case d.invalid || packet.Flags != subscribeFlags:
		return malformed("the topic filters are malformed")
	case id == 0:
		return violation("the packet identifier is 0")
	case filters == 0:
		return violation("there is no topic filter")
	}
	return nil
}

// AppendSuback appends a SUBACK to b. The codes are one a filter: the granted QoS (0 or 1) or a
// refusal. MQTT 3.1.1 has one code, 0x80, for all refusals.
func AppendSuback(b []byte, version Version, id uint16, codes []Reason) []byte {
	b = appendAckHeader(b, TypeSuback, version, id, len(codes))
	for _, code := range codes {
		if version < V5 && code.Failed() {
			code = Unspecified
		}
		b = append(b, byte(code))
	}
	return b
}

// AppendUnsuback appends an UNSUBACK to b. The codes, one a filter, are for MQTT 5 only.
func AppendUnsuback(b []byte, version Version, id uint16, codes []Reason) []byte {
	if version < V5 {
		return appendUint16(append(b, TypeUnsuback<<4, 2), id)
	}
	b = appendAckHeader(b, TypeUnsuback, version, id, len(codes))
	for _, code := range codes {
		b = append(b, byte(code))
	}
	return b
}

// appendAckHeader appends what comes before the codes. The properties of MQTT 5 are empty.
func appendAckHeader(b []byte, packet byte, version Version, id uint16, codes int) []byte {
	n := 2 + codes
	if version == V5 {
		n++
	}
	b = appendVarint(append(b, packet<<4), n)
	b = appendUint16(b, id)
	if version == V5 {
		b = append(b, 0)
	}
	return b
}
