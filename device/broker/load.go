package broker

import (
	"cmp"
	"slices"

	"github.com/drover-iot/drover/device/broker/mqtt"
)

// How the messages of a client that was away come back from the store. Its session has stubs in its
// queue (stub.go). When the writer of the connection comes to one, it loads the next messages, as
// many as the window has room for, without a lock. What is published meanwhile goes to the end of
// the queue, so everything is sent in its order (R-BRK-13).

// loadBytes is about how many bytes are loaded at once. A message that is larger is loaded alone.
const loadBytes = 256 << 10

// unload drops a message from memory after the store has it in this form, if its client is still
// away. It is called by the journal, with no lock held. The queue is in the order of the keys.
func (s *session) unload(seq uint64, form storedForm) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conn != nil {
		return
	}
	i, found := slices.BinarySearchFunc(s.queue, seq, func(e entry, seq uint64) int {
		return cmp.Compare(e.seq, seq)
	})
	if found && s.queue[i].stored == form {
		s.queue[i].m = nil
	}
}

// waitsForStore reports whether the next message to deliver has to be loaded. The caller holds the
// session's mutex.
func (o *outbound) waitsForStore() bool {
	return o.attached() && !o.paused && o.deliverable() && o.s.queue[0].m == nil
}

// load loads the next messages. If the store cannot be read, the connection is closed, and the
// queue waits for the next one. The caller is the goroutine that writes and holds the session's
// mutex. load releases both meanwhile, so that replies do not wait; afterwards another goroutine
// may be writing, and the session may belong to another connection.
func (o *outbound) load() {
	s := o.s
	first, last := s.nextPage(o.window - len(s.inFlight))
	o.writing, o.loading = false, true
	o.wakeReader()
	s.mu.Unlock()
	changes, err := s.b.cfg.Sessions.Messages(s.b.ctx, s.key, first, last)
	messages := make(map[uint64]*message, len(changes))
	for _, c := range changes {
		m, err := parseMessage(c)
		if err != nil {
			s.b.log.Error("a stored message cannot be read and is dropped",
				"client", s.client(), "err", err)
			continue
		}
		messages[c.Seq] = m
	}
	s.mu.Lock()
	o.loading = false
	if !o.attached() {
		return
	}
	if err != nil {
		e := closeWith(mqtt.Unspecified, "the stored messages cannot be read: "+err.Error())
		e.cause = ServerError
		s.conn.closeAsync(e)
		o.paused = true // nothing more is sent
		return
	}
	s.fill(first, last, messages)
}

// nextPage says which keys to load: from that of the first message in the queue to that of the last
// one that fits into the room and loadBytes. The caller holds mu.
func (s *session) nextPage(room int) (first, last uint64) {
	first = s.queue[0].seq
	bytes := 0
	for i := range s.queue[:min(len(s.queue), max(room, 1))] {
		e := &s.queue[i]
		if e.m != nil || bytes >= loadBytes {
			break
		}
		last = e.seq
		bytes += e.size()
	}
	return first, last
}

// fill puts messages in the place of their stubs. A stub whose message is not there any more, or is
// another one, is dropped. The caller holds mu.
func (s *session) fill(first, last uint64, messages map[uint64]*message) {
	lost := 0
	for i := range s.queue {
		e := &s.queue[i]
		if e.m != nil || e.seq < first || e.seq > last {
			continue
		}
		if m := messages[e.seq]; m != nil && e.stub.describes(m) {
			e.m = m
		} else {
			lost++
		}
	}
	if lost > 0 {
		s.b.log.Error("stored messages are lost", "client", s.client(), "messages", lost)
		s.filterQueue(func(e *entry) bool { return e.m != nil || e.seq < first || e.seq > last })
	}
}

// describes reports whether a message is the one that a stub was made of, as far as it can be seen.
func (st *stub) describes(m *message) bool {
	return st.size == m.size() && m.Latest == (st.topic != "") && (!m.Latest || st.topic == m.Topic)
}
