package broker

import (
	"container/list"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/drover-iot/drover/device/broker/mqtt"
)

// Shared subscriptions. All sessions that subscribe to $share/workers/jobs/+ are the members of one
// group, and each message on jobs/1 goes to one of them (R-BRK-48). A group is named by the whole
// filter: $share/workers/a and $share/workers/b are two groups.
//
// A message is offered to connected members in turn: first to those that keep up, then to those
// that are slow. If no connected member has room for it, one that is away gets it into its stored
// queue: the one that left last, because that one is most likely to be back first (R-BRK-49).

// maxOffers is how many members of a group a message is offered to in each round. So a group of a
// fleet whose members are all slow costs no more than a small one.
const maxOffers = 16

// shares are the groups of all shared subscriptions.
type shares struct {
	count  atomic.Int64 // of groups; 0 spares the look-up
	mu     sync.RWMutex // guards what follows
	groups map[string]*group
	root   shareNode
}

// A group is one shared subscription with its members.
type group struct {
	name   string // the filter with $share/
	filter string // the filter without

	mu        sync.Mutex // guards what follows
	members   map[*session]*list.Element
	connected list.List // of member, the one whose turn it is first
	away      list.List // of member, the one that left last first
}

// A member is one session of a group.
type member struct {
	session *session
	granted granted
	online  bool // it is in group.connected
}

// add adds a session to a group, or changes what it was granted. The caller holds s.mu.
func (sh *shares) add(name string, s *session, granted granted) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	g := sh.groups[name]
	if g == nil {
		_, filter := mqtt.CutShared(name)
		g = &group{name: name, filter: filter, members: map[*session]*list.Element{}}
		if sh.groups == nil {
			sh.groups = map[string]*group{}
		}
		sh.groups[name] = g
		sh.root.add(filter, g)
		sh.count.Add(1)
	}
	g.put(s, granted)
}

// remove removes a session from a group if it is in it, and a group without members.
func (sh *shares) remove(name string, s *session) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	g := sh.groups[name]
	if g == nil || !g.remove(s) {
		return
	}
	delete(sh.groups, name)
	sh.root.remove(g.filter, g)
	sh.count.Add(-1)
}

// moveMember notices that a member was connected or has left. The caller holds s.mu.
func (sh *shares) moveMember(name string, s *session) {
	sh.mu.RLock()
	defer sh.mu.RUnlock()
	if g := sh.groups[name]; g != nil {
		g.move(s)
	}
}

// match appends the groups whose filters select a topic to a list.
func (sh *shares) match(topic string, to []*group) []*group {
	sh.mu.RLock()
	defer sh.mu.RUnlock()
	return sh.root.match(topic, to)
}

// groupOf returns the group of a name, nil if there is none.
func (sh *shares) groupOf(name string) *group {
	sh.mu.RLock()
	defer sh.mu.RUnlock()
	return sh.groups[name]
}

// put adds a member, or changes what it was granted.
func (g *group) put(s *session, granted granted) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if at := g.members[s]; at != nil {
		m := at.Value.(member)
		m.granted = granted
		at.Value = m
		return
	}
	g.insert(member{s, granted, s.conn != nil})
}

// insert puts a member into the list of its state. The caller holds mu.
func (g *group) insert(m member) {
	if m.online {
		g.members[m.session] = g.connected.PushBack(m)
	} else {
		g.members[m.session] = g.away.PushFront(m)
	}
}

// take removes a member from the list that it is in. The caller holds mu.
func (g *group) take(at *list.Element) member {
	m := at.Value.(member)
	if m.online {
		g.connected.Remove(at)
	} else {
		g.away.Remove(at)
	}
	return m
}

// remove removes a member. It reports whether the group is empty now.
func (g *group) remove(s *session) (empty bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if at := g.members[s]; at != nil {
		g.take(at)
		delete(g.members, s)
	}
	return len(g.members) == 0
}

// move puts a member into the other list if it was connected or has left since.
func (g *group) move(s *session) {
	g.mu.Lock()
	defer g.mu.Unlock()
	at := g.members[s]
	if online := s.conn != nil; at != nil && at.Value.(member).online != online {
		m := g.take(at)
		m.online = online
		g.insert(m)
	}
}

// next returns the connected member whose turn it is, and makes it the last.
func (g *group) next() (m member, ok bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	at := g.connected.Front()
	if at == nil {
		return m, false
	}
	g.connected.MoveToBack(at)
	return at.Value.(member), true
}

// tries is to how many connected members a message is offered.
func (g *group) tries() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return min(g.connected.Len(), maxOffers)
}

// lastToLeave appends the members that are away and left last.
func (g *group) lastToLeave(to []member) []member {
	g.mu.Lock()
	defer g.mu.Unlock()
	for at := g.away.Front(); at != nil && len(to) < maxOffers; at = at.Next() {
		to = append(to, at.Value.(member))
	}
	return to
}

// deliver gives a message to one member. No lock is held meanwhile, so a member may leave after it
// was chosen; it declines then, and another one gets the message. With onlyConnected, none that is
// away gets it.
func (g *group) deliver(m *message, onlyConnected bool) outcome {
	m = m.forGroup(g)
	tries := g.tries()
	for _, to := range [...]readiness{keepsUp, isConnected} {
		for range tries {
			chosen, ok := g.next()
			if !ok {
				break
			}
			if became := chosen.offer(m, to); became != 0 {
				return became
			}
		}
	}
	if onlyConnected {
		return 0
	}
	var room [maxOffers]member
	var all outcome
	for _, chosen := range g.lastToLeave(room[:0]) {
		became := chosen.offer(m, isAway)
		if became&^outcomeNoRoom != 0 {
			return became
		}
		all |= became
	}
	return all
}

// readiness is how a member must be to get a message.
type readiness byte

const (
	keepsUp     readiness = iota // connected and not slow
	isConnected                  // connected
	isAway                       // any
)

// offer gives a message to the session of a member if that is ready, may receive it and has room
// for it. The result is 0 if not.
func (m member) offer(offered *message, to readiness) outcome {
	if m.granted&grantNoLocal != 0 && offered.from == m.session {
		return 0 // a bridge of MQTT 3.1.1
	}
	s := m.session
	s.mu.Lock()
	defer s.mu.Unlock()
	switch c := s.conn; {
	case c == nil && to != isAway, to == keepsUp && s.slow():
		return 0
	case c != nil && c.peer.Authorizer.Decide(Receive, offered.Topic) != Allow:
		return 0
	}
	return s.deliverLocked(offered, m.granted, false)
}

// slow reports whether a connected client lags behind: it has not acknowledged as many messages as
// it accepts at once, or more waits for it than goes into one write. The caller holds mu.
func (s *session) slow() bool {
	return len(s.inFlight) >= s.conn.out.window || s.queuedBytes > writeLimit
}

// forGroup is the message as a member of a group gets it.
func (m *message) forGroup(g *group) *message {
	return &message{
		Message:   m.Message,
		retain:    m.retain,
		expires:   m.expires,
		forwarded: m.forwarded,
		from:      m.from,
		by:        m.by,
		group:     g,
	}
}

// deliverToGroups gives a message to one member of each group that subscribes to its topic, except
// where another node has done that: elsewhere says what it did. make is called if there is a group.
// Reserved topics have none (R-BRK-48).
func (b *Broker) deliverToGroups(
	topic string, elsewhere taken, make func() *message,
) (all outcome, here taken) {
	if mqtt.IsReserved(topic) {
		return 0, ""
	}
	var room [8]*group
	groups := b.routes.shares.match(topic, room[:0])
	if len(groups) == 0 {
		return 0, ""
	}
	m := make()
	for _, g := range groups {
		if elsewhere.has(takenConnected, g) {
			continue
		}
		became := g.deliver(m, elsewhere.has(takenStored, g))
		all |= became
		if b.cfg.Forward != nil {
			here = here.with(g, became)
		}
	}
	return all, here
}

// taken is in which groups a member has got a message, for the other nodes (R-BRK-50): for each
// group a NUL, a letter that says how, and the name.
type taken string

const (
	takenConnected = "\x00c" // a connected member has it: it is for no other
	takenStored    = "\x00s" // it waits for one that is away: a connected member may have it as well
	// maxTaken is how many bytes go with a message.
	maxTaken = 16 << 10
)

func (t taken) with(g *group, became outcome) taken {
	switch {
	case len(t)+len(g.name) > maxTaken:
	case became&outcomeQueued != 0:
		return t + takenConnected + taken(g.name)
	case became&outcomeStored != 0:
		return t + takenStored + taken(g.name)
	}
	return t
}

func (t taken) has(how string, g *group) bool {
	return t != "" && strings.Contains(string(t)+"\x00", how+g.name+"\x00")
}

// moveInGroups notices in the groups of a session that its client was connected or has left. The
// caller holds mu.
func (s *session) moveInGroups() {
	for i := range s.subs {
		if mqtt.IsShared(s.subs[i].filter) {
			s.b.routes.shares.moveMember(s.subs[i].filter, s)
		}
	}
}

// passOn gives the messages that a session leaves behind when it ends to other members of their
// groups: those that were not sent, and those at QoS 1 that were not acknowledged. What was only in
// the store is not passed on. The caller holds mu, and a connection that is counted in b.conns.
func (s *session) passOn() {
	var left []*message
	for _, entries := range [][]entry{s.inFlight, s.queue} {
		for i := range entries {
			if m := entries[i].m; m != nil && m.group != nil {
				left = append(left, m)
			}
		}
	}
	if len(left) == 0 {
		return
	}
	s.b.conns.Add(1)
	go func() { // other sessions have locks of their own
		defer s.b.conns.Done()
		for _, m := range left {
			if g := s.b.routes.shares.groupOf(m.group.name); g != nil {
				g.deliver(m, false)
			}
		}
	}()
}
