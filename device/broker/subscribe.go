package broker

import (
	"slices"

	"github.com/drover-iot/drover/device/broker/mqtt"
)

// onSubscribe takes a SUBSCRIBE. The SUBACK of a persistent session waits until its subscriptions are stored: clients
// that find their session again do not subscribe a second time (R-BRK-11, R-CLI-16).
func (c *conn) onSubscribe(packet mqtt.Packet) error {
	p, err := mqtt.DecodeSubscribe(packet, c.peer.Version)
	switch {
	case err != nil:
		return err
	case p.HasSubscriptionID:
		return refusal(mqtt.SubscriptionIDNotAllowed, "subscription identifier")
	case len(p.Filters) > c.b.cfg.MaxFilters:
		return refusal(mqtt.QuotaExceeded, "too many filters in one SUBSCRIBE")
	}
	c.slowDown(len(packet.Body))
	c.awaitJournal()
	c.peer.Authorizer.Refresh()
	c.hold(true) // retained messages come after the SUBACK
	defer c.hold(false)
	before := c.subscriptions()
	codes := make([]mqtt.Reason, len(p.Filters))
	for i := range p.Filters {
		codes[i] = c.subscribe(&p.Filters[i])
	}
	if c.save(before) != nil {
		for i := range codes {
			codes[i] = max(codes[i], mqtt.Unspecified)
		}
	}
	for i, code := range codes {
		f := &p.Filters[i]
		known := findSubscription(before, f.Topic) >= 0
		if code < mqtt.Unspecified && (f.RetainHandling == 0 || f.RetainHandling == 1 && !known) {
			c.b.deliverRetained(c.s, f.Topic, grantOf(f))
		}
	}
	c.answer(func(b []byte) []byte { return mqtt.AppendSuback(b, c.peer.Version, p.ID, codes) })
	return nil
}

// subscribe enters one filter and returns the granted QoS or why not (R-BRK-10, 17, 18, 20).
func (c *conn) subscribe(f *mqtt.Filter) mqtt.Reason {
	filter := f.Topic
	code := mqtt.Success
	if !mqtt.ValidFilter(filter) {
		code = mqtt.TopicFilterInvalid
	}
	if code == mqtt.Success && mqtt.IsReserved(filter) {
		code = checkReservedFilter(c.b.cfg.Reserved, filter)
	}
	if code == mqtt.Success && c.peer.Authorizer.Decide(Subscribe, filter) != Allow {
		code = mqtt.NotAuthorized
	}
	if code == mqtt.Success && !c.enter(filter, grantOf(f)) {
		code = mqtt.QuotaExceeded
	}
	if code != mqtt.Success {
		return c.refuseFilter(filter, code)
	}
	return mqtt.Reason(grantOf(f).qos())
}

// grant is what a filter is given if it may be subscribed to.
func grantOf(f *mqtt.Filter) granted {
	g := granted(min(f.QoS, 1))
	if f.NoLocal {
		g |= grantNoLocal
	}
	if f.RetainAsPublished {
		g |= grantRetainAsPublished
	}
	return g
}

func (c *conn) refuseFilter(filter string, code mqtt.Reason) mqtt.Reason {
	e := refusal(code, "subscribe refused")
	e.topic = filter
	c.b.refused(c, e)
	return code
}

// enter puts a subscription into the session and the routes. It reports false beyond the limit.
func (c *conn) enter(filter string, g granted) bool {
	s := c.s
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conn != c {
		return true // taken over: nothing is answered any more
	}
	switch i := findSubscription(s.subs, filter); {
	case i >= 0:
		s.subs[i].granted = g
	case len(s.subs) >= c.b.cfg.MaxSubscription:
		return false
	default:
		s.subs = append(s.subs, subscription{filter, g})
	}
	c.b.routes.add(filter, s, g)
	return true
}

func (c *conn) onUnsubscribe(packet mqtt.Packet) error {
	p, err := mqtt.DecodeUnsubscribe(packet, c.peer.Version)
	if err != nil {
		return err
	}
	c.slowDown(len(packet.Body))
	c.awaitJournal()
	before := c.subscriptions()
	codes := make([]mqtt.Reason, len(p.Topics))
	for i := range p.Topics {
		c.leaveFilter(p.Topics[i])
	}
	if c.save(before) != nil {
		for i := range codes {
			codes[i] = mqtt.Unspecified
		}
	}
	c.answer(func(b []byte) []byte { return mqtt.AppendUnsuback(b, c.peer.Version, p.ID, codes) })
	return nil
}

func (c *conn) leaveFilter(filter string) {
	s := c.s
	s.mu.Lock()
	defer s.mu.Unlock()
	i := findSubscription(s.subs, filter)
	if s.conn != c || i < 0 {
		return
	}
	s.subs = slices.Delete(s.subs, i, i+1)
	c.b.routes.remove(filter, s)
}

// subscriptions is a copy of what the session subscribes to.
func (c *conn) subscriptions() []subscription {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	return slices.Clone(c.s.subs)
}

// save stores the subscriptions of a persistent session if they have changed, and waits for it. If they cannot be stored,
// the session has those from before.
func (c *conn) save(before []subscription) error {
	s := c.s
	s.mu.Lock()
	if s.conn != c || !s.persistent() || slices.Equal(s.subs, before) {
		s.mu.Unlock()
		return nil
	}
	written := c.b.journal.writeNotify(s.record())
	s.mu.Unlock()
	err := <-written
	if err != nil {
		c.restore(before)
	}
	return err
}

// restore brings earlier subscriptions back, with no moment in which a message for one of them would get lost.
func (c *conn) restore(before []subscription) {
	s := c.s
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conn != c {
		return
	}
	for _, sub := range before {
		c.b.routes.add(sub.filter, s, sub.granted)
	}
	for _, sub := range s.subs {
		if findSubscription(before, sub.filter) < 0 {
			c.b.routes.remove(sub.filter, s)
		}
	}
	s.subs = before
	c.b.journal.write(s.record())
}
