package broker

import (
	"slices"

	"github.com/drover-iot/drover/device/broker/mqtt"
)

// SUBSCRIBE and UNSUBSCRIBE. The subscriptions of a persistent session are stored before the client
// gets its answer: one that finds its session again after a restart does not subscribe a second
// time (R-BRK-11, R-CLI-16). If they cannot be stored, all codes of the answer are failures and the
// subscriptions are as they were.

// onSubscribe handles a SUBSCRIBE.
func (c *conn) onSubscribe(packet mqtt.Packet) error {
	p, err := mqtt.DecodeSubscribe(packet, c.peer.Version)
	switch {
	case err != nil:
		return err
	case len(p.Filters) > c.b.cfg.MaxFilters:
		return closeWith(mqtt.QuotaExceeded, "there are too many filters in one SUBSCRIBE")
	}
	for i := range p.Filters {
		if f := &p.Filters[i]; f.NoLocal && mqtt.IsShared(f.Topic) {
			const detail = "a shared subscription has No Local"
			return closeWithTopic(mqtt.ProtocolError, detail, f.Topic)
		}
	}
	if err := c.limitRate(len(packet.Body)); err != nil {
		return err
	}
	c.waitForJournal()
	if !c.peer.Authorizer.Refresh() {
		return errEnded
	}
	c.out.setPaused(true) // so that retained messages come after the SUBACK
	defer c.out.setPaused(false)
	before := c.subscriptions()
	codes := make([]mqtt.Reason, len(p.Filters))
	for i := range p.Filters {
		codes[i] = c.subscribe(&p.Filters[i], p.SubscriptionID)
	}
	if c.storeSubscriptions(before) != nil {
		for i := range codes {
			codes[i] = max(codes[i], mqtt.Unspecified)
		}
	}
	for i, code := range codes {
		f := &p.Filters[i]
		isNew := findSubscription(before, f.Topic) < 0
		if !code.Failed() && (f.RetainHandling == 0 || f.RetainHandling == 1 && isNew) {
			c.b.deliverRetained(c.s, f.Topic, c.grantFor(f))
		}
	}
	c.out.reply(func(b []byte) []byte { return mqtt.AppendSuback(b, c.peer.Version, p.ID, codes) })
	return nil
}

// subscribe checks one filter and adds the subscription. It returns the granted QoS, or why the
// filter is refused (R-BRK-10, R-BRK-17, R-BRK-18, R-BRK-20).
func (c *conn) subscribe(f *mqtt.Filter, id uint32) mqtt.Reason {
	code := c.checkFilter(f.Topic)
	if code == mqtt.Success && !c.addSubscription(subscription{f.Topic, c.grantFor(f), id}) {
		code = mqtt.QuotaExceeded
	}
	if code != mqtt.Success {
		c.b.logRefusal(c, refusedFilter(code, f.Topic))
		return code
	}
	return mqtt.Reason(c.grantFor(f).qos())
}

// refusedFilter says why a filter is refused.
func refusedFilter(code mqtt.Reason, filter string) *closeError {
	switch code {
	case mqtt.NotAuthorized:
		return deny(Subscribe, "not allowed to subscribe", filter)
	case mqtt.QuotaExceeded:
		return closeWithTopic(code, "the session has as many subscriptions as it may have", filter)
	case mqtt.TopicFilterInvalid:
		const detail = "the filter is not valid, or reserved and not for clients"
		return closeWithTopic(code, detail, filter)
	}
	return closeWithTopic(code, "the filter is not allowed", filter)
}

func (c *conn) checkFilter(filter string) mqtt.Reason {
	if !mqtt.ValidFilter(filter) {
		return mqtt.TopicFilterInvalid
	}
	switch {
	case mqtt.IsShared(filter):
		return c.checkSharedFilter(filter)
	case mqtt.IsReserved(filter):
		if code := checkReservedFilter(c.b.cfg.Reserved, filter); code != mqtt.Success {
			return code
		}
	}
	if c.peer.Authorizer.Decide(Subscribe, filter) != Allow {
		return mqtt.NotAuthorized
	}
	return mqtt.Success
}

// checkSharedFilter checks the filter of a shared subscription, which is well formed. Policies have to
// allow it with $share and the group. If they deny the filter without those, it is refused too:
// whoever wrote that meant the topics (R-BRK-48).
func (c *conn) checkSharedFilter(filter string) mqtt.Reason {
	auth := c.peer.Authorizer
	switch _, shared := mqtt.CutShared(filter); {
	case mqtt.IsReserved(shared):
		return mqtt.TopicFilterInvalid // what the service publishes is for each subscriber
	case auth.Decide(Subscribe, filter) != Allow, auth.Decide(Subscribe, shared) == ExplicitDeny:
		return mqtt.NotAuthorized
	}
	return mqtt.Success
}

// grantFor is what a subscription is granted of the options that it asks for: QoS 2 becomes QoS 1.
// A bridge of MQTT 3.1.1 cannot ask for No Local and Retain As Published and is granted both.
// Without the first, what it publishes would go round for ever (R-BRK-9).
func (c *conn) grantFor(f *mqtt.Filter) granted {
	g := granted(min(f.QoS, 1))
	if f.NoLocal || c.bridge {
		g |= grantNoLocal
	}
	if f.RetainAsPublished || c.bridge {
		g |= grantRetainAsPublished
	}
	return g
}

// addSubscription adds a subscription to the session and the routes, or changes its options. It
// reports false if the session has as many as it may have.
func (c *conn) addSubscription(sub subscription) bool {
	s := c.s
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conn != c {
		return true // the session was taken over, so the answer is never sent
	}
	switch i := findSubscription(s.subs, sub.filter); {
	case i >= 0:
		s.subs[i] = sub
	case len(s.subs) >= c.b.cfg.MaxSubscription:
		return false
	default:
		s.subs = append(s.subs, sub)
	}
	c.b.routes.add(sub.filter, s, sub.granted)
	return true
}

// onUnsubscribe handles an UNSUBSCRIBE. A filter that is not subscribed to is no failure.
func (c *conn) onUnsubscribe(packet mqtt.Packet) error {
	p, err := mqtt.DecodeUnsubscribe(packet, c.peer.Version)
	if err != nil {
		return err
	}
	if err := c.limitRate(len(packet.Body)); err != nil {
		return err
	}
	c.waitForJournal()
	before := c.subscriptions()
	codes := make([]mqtt.Reason, len(p.Topics))
	for _, filter := range p.Topics {
		c.removeSubscription(filter)
	}
	if c.storeSubscriptions(before) != nil {
		for i := range codes {
			codes[i] = mqtt.Unspecified
		}
	}
	c.out.reply(func(b []byte) []byte {
		return mqtt.AppendUnsuback(b, c.peer.Version, p.ID, codes)
	})
	return nil
}

func (c *conn) removeSubscription(filter string) {
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

// subscriptions returns a copy of the session's subscriptions.
func (c *conn) subscriptions() []subscription {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	return slices.Clone(c.s.subs)
}

// storeSubscriptions stores the subscriptions of a persistent session if they have changed, and
// waits until they are durable. If they cannot be stored it restores those from before.
func (c *conn) storeSubscriptions(before []subscription) error {
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
		c.restoreSubscriptions(before)
	}
	return err
}

// restoreSubscriptions brings back the subscriptions from before. It adds before it removes, so
// that no message for a subscription that stays is lost.
func (c *conn) restoreSubscriptions(before []subscription) {
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
