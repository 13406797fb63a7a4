package broker

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/drover-iot/drover/device/broker/mqtt"
)

// What the log publishes while turns wait for their sessions (turns.go). Nobody knows yet what the
// clients subscribe to, so everything at QoS 1 is gathered, once for all turns. A turn has a span
// of it: from its own claim to the next one, or to the moment in which its sessions are here.
//
// A message is found by its topic and by each part of that before a slash, so that a session with
// ordinary filters costs a few look-ups, however much was gathered.
//
// Publish and the end of a span exclude each other, so each message is either gathered or routed to
// the sessions of a turn, and comes into their queues in its order.

// gathered is what is gathered.
type gathered struct {
	// active is how many spans there are, and one more in a replay. While it is 0, Publish routes
	// without a lock.
	active atomic.Int64

	mu       sync.Mutex // guards what follows
	limit    int        // Config.MaxPendingBytes
	bytes    int
	dropped  int // how many messages were removed because there was no room
	first    int // the position of messages[0]
	messages []gatheredMessage
	index    map[string][]int // positions by topic and by parts of topics, ascending
	spans    []*span          // in the order in which they began; the first has not ended

	replay bool       // a lost node is replayed: see Adopt
	heirs  []*session // the adopted ones, while it is
}

type gatheredMessage struct {
	*message
	replayed bool
}

// A span is what a turn has of it.
type span struct {
	from, to int  // positions; to is open while it is -1
	replayed bool // what is replayed is part of it
	ended    bool // it is removed when those before it are
}

// begin begins a span.
func (g *gathered) begin(replayed bool) *span {
	g.mu.Lock()
	defer g.mu.Unlock()
	s := &span{from: g.end(), to: -1, replayed: replayed}
	g.spans = append(g.spans, s)
	g.active.Add(1)
	return s
}

// end is the position of the next message.
func (g *gathered) end() int { return g.first + len(g.messages) }

// stop says that what is published from now on is not part of a span any more. One that has not
// begun has nothing to stop.
func (s *span) stop(g *gathered) {
	if s == nil {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	s.to = g.end()
}

// finish ends a span. Its messages go into the queues of those of the restored sessions that
// subscribe to them, and what is published afterwards is routed to these. The caller holds
// Broker.mu.
func (s *span) finish(g *gathered, found *restored) {
	g.mu.Lock()
	defer g.mu.Unlock()
	found.install()
	for _, session := range found.sessions {
		g.deliver(s, session)
	}
	if g.replay && s.replayed {
		g.adoptSessions(found.sessions)
	}
	s.ended = true
	g.active.Add(-1)
	for len(g.spans) > 0 && g.spans[0].ended {
		g.spans[0] = nil
		g.spans = g.spans[1:]
	}
	if len(g.spans) == 0 {
		g.forget(len(g.messages))
		return
	}
	g.forget(max(0, g.spans[0].from-g.first))
}

// deliver puts the messages of a span into the queue of a session, in their order.
func (g *gathered) deliver(s *span, to *session) {
	end := g.end()
	if s.to >= 0 {
		end = s.to
	}
	grants := map[int]granted{} // by position
	for _, sub := range to.subs {
		for _, at := range g.candidates(sub.filter) {
			if at < s.from || at >= end || !mqtt.TopicMatches(sub.filter, g.messages[at-g.first].Topic) {
				continue
			}
			grant := sub.granted
			if other, exists := grants[at]; exists {
				grant = grant.merge(other)
			}
			grants[at] = grant
		}
	}
	for _, at := range slices.Sorted(maps.Keys(grants)) {
		if m := g.messages[at-g.first]; !m.replayed || s.replayed {
			to.deliver(m.message, grants[at], false)
		}
	}
}

// candidates are the positions of the messages that a filter may select: those whose topics begin
// with what is before its first wildcard.
func (g *gathered) candidates(filter string) []int {
	if wildcard := strings.IndexAny(filter, "+#"); wildcard >= 0 {
		filter = filter[:wildcard] // empty or with a slash at its end
	}
	return g.index[filter]
}

// indexed calls f for what a message is found by: a/b/c is found by all of it, "a/b/", "a/" and "".
func indexed(topic string, f func(key string)) {
	f(topic)
	for end := len(topic) - 1; end >= 0; end-- {
		if end == 0 || topic[end-1] == '/' {
			f(topic[:end])
		}
	}
}

// add gathers a message. If there is no room for it, the oldest are removed.
func (g *gathered) add(m *message) {
	if m.QoS == 0 || len(g.spans) == 0 || m.size() > g.limit {
		return
	}
	for g.bytes+m.size() > g.limit {
		g.forget(1)
		g.dropped++
	}
	indexed(m.Topic, func(key string) { g.index[key] = append(g.index[key], g.end()) })
	g.messages = append(g.messages, gatheredMessage{m, g.replay})
	g.bytes += m.size()
}

// forget removes the first messages.
func (g *gathered) forget(n int) {
	for _, m := range g.messages[:n] {
		g.bytes -= m.size()
		indexed(m.Topic, func(key string) {
			if at := g.index[key]; len(at) > 1 {
				g.index[key] = at[1:]
			} else {
				delete(g.index, key)
			}
		})
	}
	clear(g.messages[:n])
	g.messages = g.messages[n:]
	g.first += n
	if len(g.messages) == 0 {
		g.messages = nil
	}
}

// publish routes a message, and gathers it for the turns that wait. In a replay it goes to the
// adopted sessions only.
func (g *gathered) publish(b *Broker, m *message) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.add(m)
	if !g.replay {
		return b.route(m)
	}
	return b.withRecipients(m.Topic, func(to []recipient) {
		to = slices.DeleteFunc(to, func(r recipient) bool { return !r.session.adopted })
		b.deliver(m, to)
	})
}

// wanted reports whether publish would gather a message on a topic or find a session for it.
func (g *gathered) wanted(b *Broker, topic string) (wanted bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, s := range g.spans {
		if !s.ended && (s.replayed || !g.replay) {
			return true
		}
	}
	b.withRecipients(topic, func(to []recipient) {
		wanted = slices.ContainsFunc(to, func(r recipient) bool { return !g.replay || r.session.adopted })
	})
	return wanted
}

// adopt lets sessions get what is replayed.
func (g *gathered) adopt(sessions []*session) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.adoptSessions(sessions)
}

// adoptSessions is adopt for a caller that holds mu.
func (g *gathered) adoptSessions(sessions []*session) {
	for _, s := range sessions {
		s.adopted = true
	}
	g.heirs = append(g.heirs, sessions...)
}

// setReplay begins or ends a replay.
func (g *gathered) setReplay(replay bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.replay == replay {
		return
	}
	g.replay = replay
	if replay {
		g.active.Add(1)
		return
	}
	g.active.Add(-1)
	for _, s := range g.heirs {
		s.adopted = false
	}
	g.heirs = nil
}

// reset forgets everything.
func (g *gathered) reset() {
	g.setReplay(false)
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, s := range g.spans {
		if !s.ended {
			g.active.Add(-1)
		}
	}
	g.spans = nil
	g.forget(len(g.messages))
}

// logNotGathered logs how many messages had no room since the last time.
func (b *Broker) logNotGathered() {
	g := &b.gathered
	g.mu.Lock()
	dropped := g.dropped
	g.dropped = 0
	g.mu.Unlock()
	if dropped > 0 {
		b.log.Error("messages for clients on their way from another node were dropped",
			"messages", dropped, "limit", g.limit)
	}
}
