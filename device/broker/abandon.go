package broker

import "github.com/drover-iot/drover/device/broker/mqtt"

// Abandon makes the broker forget all clients, because others have declared this node lost and act
// for it: connections are closed without wills and presence events, and nothing that waits to be
// stored is stored. When it returns, nothing of all this is written any more, and the broker can
// serve again, for a node with a new number. It may be called at any time, but not while another
// of the methods for the reader of the log is at work.
//
// What is still on its way, such as the end of a connection or a release, belongs to the life that
// ends here and does nothing any more.
func (b *Broker) Abandon() {
	b.mu.Lock()
	b.life.cancel()
	b.life = newLife(b.ctx)
	for s := range b.allSessions() {
		s.mu.Lock()
		b.abandonSession(s)
		s.mu.Unlock()
	}
	for _, t := range b.transits {
		for _, w := range t.waiting {
			w.dismiss(closeWith(mqtt.ServerUnavailable, errAbandoned.detail))
		}
	}
	b.transits, b.unfinished, b.adopting = map[string]*transit{}, unfinished{}, nil
	b.mu.Unlock()
	b.gathered.reset()
	b.retained.reset()
	b.journal.abandon()
}

// abandonSession forgets a session and closes its connection. The caller holds b.mu and s.mu.
func (b *Broker) abandonSession(s *session) {
	if c := s.conn; c != nil {
		s.removeConn()
		c.closeAsync(errAbandoned)
	}
	b.dropFromMemory(s)
	s.forget()
}
