package broker

import "time"

// onSubscribe takes a SUBSCRIBE. The SUBACK of a persistent session waits until its subscriptions are stored: clients
// that find their session again do not subscribe a second time (R-BRK-11, R-CLI-16).
func (c *conn) onSubscribe(header byte, body []byte) error {
	p, err := decodeSubscribe(header, body, c.peer.Version)
	switch {
	case err != nil:
		return err
	case p.withID:
		return refusal(SubscriptionIDNotAllowed, "subscription identifier")
	case len(p.filters) > c.b.cfg.MaxFilters:
		return refusal(QuotaExceeded, "too many filters in one SUBSCRIBE")
	}
	c.awaitJournal()
	c.peer.Authorizer.Refresh()
	c.hold(true) // retained messages come after the SUBACK
	defer c.hold(false)
	codes := make([]Reason, len(p.filters))
	changed := false
	for i := range p.filters {
		codes[i] = c.subscribe(&p.filters[i])
		changed = changed || codes[i] < Unspecified
	}
	if changed && c.save() != nil {
		for i := range codes {
			codes[i] = max(codes[i], Unspecified)
		}
	}
	c.answer(func(b []byte) []byte { return appendSuback(b, c.peer.Version, p.id, codes) })
	return nil
}

// subscribe enters one filter and returns the granted QoS or why not (R-BRK-10, 17, 18, 20).
func (c *conn) subscribe(f *filterRequest) Reason {
	filter := string(f.filter)
	code := checkFilter(filter)
	if code == Success && reserved(filter) {
		code = subscribeReserved(c.b.cfg.Reserved, filter)
	}
	if code == Success && c.peer.Authorizer.Decide(Subscribe, filter) != Allow {
		code = NotAuthorized
	}
	if code != Success {
		return c.refuseFilter(filter, code)
	}
	g := granted(min(f.qos, 1))
	if f.noLocal {
		g |= grantNoLocal
	}
	if f.keepRetain {
		g |= grantKeepRetain
	}
	known, ok := c.enter(filter, g)
	if !ok {
		return c.refuseFilter(filter, QuotaExceeded)
	}
	if f.retainHandling == 0 || f.retainHandling == 1 && !known {
		c.b.sendRetained(c.s, filter, g)
	}
	return Reason(g.qos())
}

func (c *conn) refuseFilter(filter string, code Reason) Reason {
	e := refusal(code, "subscribe refused")
	e.topic = filter
	c.b.refused(c, e)
	return code
}

// enter puts a subscription into the session and the routes. ok is false beyond the limit.
func (c *conn) enter(filter string, g granted) (known, ok bool) {
	s := c.s
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conn != c {
		return false, true // taken over: nothing is answered any more
	}
	if i := s.find(filter); i >= 0 {
		s.subs[i].granted = g
		c.b.routes.add(filter, s, g)
		return true, true
	}
	if len(s.subs) >= c.b.cfg.MaxSubscription {
		return false, false
	}
	s.subs = append(s.subs, subscription{filter, g})
	c.b.routes.add(filter, s, g)
	return false, true
}

func (c *conn) onUnsubscribe(header byte, body []byte) error {
	p, err := decodeUnsubscribe(header, body, c.peer.Version)
	if err != nil {
		return err
	}
	c.awaitJournal()
	codes := make([]Reason, len(p.filters))
	for i := range p.filters {
		c.leaveFilter(string(p.filters[i].filter))
	}
	if err := c.save(); err != nil {
		for i := range codes {
			codes[i] = Unspecified
		}
	}
	c.answer(func(b []byte) []byte { return appendUnsuback(b, c.peer.Version, p.id, codes) })
	return nil
}

func (c *conn) leaveFilter(filter string) {
	s := c.s
	s.mu.Lock()
	defer s.mu.Unlock()
	i := s.find(filter)
	if s.conn != c || i < 0 {
		return
	}
	s.subs = append(s.subs[:i], s.subs[i+1:]...)
	c.b.routes.remove(filter, s)
}

// save stores the session if it is persistent, and waits for it.
func (c *conn) save() error {
	s := c.s
	s.mu.Lock()
	if s.conn != c || !s.persistent() {
		s.mu.Unlock()
		return nil
	}
	change := s.record()
	written := c.b.journal.begin(change)
	s.mu.Unlock()
	return <-written
}

// sendRetained delivers the retained message of a filter without wildcards to a new subscriber (R-BRK-23).
func (b *Broker) sendRetained(s *session, filter string, g granted) {
	if hasWildcard(filter) {
		return
	}
	b.retained.mu.RLock()
	m := b.retained.messages[filter]
	b.retained.mu.RUnlock()
	if m != nil && !m.expired(time.Now()) {
		s.deliver(m, g, true)
	}
}
