package broker

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/drover-iot/drover/device/broker/mqtt"
)

// What the broker reads when it starts, or when it becomes the one that has a client (turns.go):
// sessions, stubs of the messages that wait for them, and the
// retained messages. A value that cannot be read is left out and removed from the store, because
// the server has to start, and a client that connects again would find remains of a session that it
// has not: the log says what was lost. A session without a readable record is lost with its
// messages.

// restore restores sessions, their messages and the retained messages. It returns the changes that
// remove what cannot be read.
func (b *Broker) restore(ctx context.Context) (changes []Change, err error) {
	r := newRestorer(b, b.started, b.addRestored)
	if err := b.cfg.Sessions.Load(ctx, r.restore); err != nil {
		return nil, err
	}
	for _, m := range b.retained.messages {
		b.share(m.message) // only now: the numbers of all shared bodies are known
	}
	r.logRest()
	return r.remove, nil
}

// addRestored makes a restored session known. The caller holds b.mu, or is the only one that knows
// the broker.
func (b *Broker) addRestored(s *session, o owner) {
	for _, sub := range s.subs {
		b.routes.add(sub.filter, s, sub.granted)
	}
	b.addSession(s, o)
}

// A restorer restores one stored value after the other, in the order of Sessions.Load.
type restorer struct {
	b   *Broker
	now time.Time // when the connections ended that the records say exist
	// add gets each session before its messages.
	add        func(*session, owner)
	session    *session          // the last one that was added
	shared     map[uint64]*stub  // by Change.Shared
	principals map[string]string // their ids, each with its one text
	remove     []Change          // removes what cannot be read
	lost       string            // the key of the session that was lost last
	logged     int
}

func newRestorer(b *Broker, now time.Time, add func(*session, owner)) *restorer {
	return &restorer{
		b:          b,
		now:        now,
		add:        add,
		shared:     map[uint64]*stub{},
		principals: map[string]string{},
	}
}

// maxSeq is more than a session gives keys. Stores have them as int64, so a damaged one may be more
// still.
const maxSeq = 1 << 62

// restoreLogLines is how many lost values the log names; more are counted.
const restoreLogLines = 10

var (
	errNoSession = errors.New("a message without a session")
	errRecord    = errors.New("the record of a session is damaged")
	errSeq       = errors.New("the number of a message is damaged")
)

// restore restores one value.
func (r *restorer) restore(c Change) error {
	r.b.lastShared.Store(max(r.b.lastShared.Load(), c.Shared))
	if c.Seq > maxSeq {
		r.drop(c, "message", errSeq)
		return nil
	}
	if c.Client == "" {
		if err := r.b.retained.load(c); err != nil {
			r.drop(c, "retained message", err)
		}
		return nil
	}
	if c.Client == r.lost {
		return nil
	}
	if strings.HasPrefix(c.Client, retainedPrefix) {
		r.ownRetained(c)
		return nil
	}
	var err error
	switch {
	case c.Seq == 0:
		err = r.restoreSession(c)
	case r.session == nil || r.session.key != c.Client:
		err = errNoSession
	default:
		if err := r.message(c); err != nil {
			r.drop(c, "message", err)
		}
	}
	if err != nil {
		r.lost = c.Client
		r.drop(Change{Client: c.Client}, "session with all its messages", err)
	}
	return nil
}

// drop removes a value from the store.
func (r *restorer) drop(c Change, what string, err error) {
	r.remove = append(r.remove, Change{Client: c.Client, Seq: c.Seq})
	if !errors.Is(err, errSessionEnded) {
		r.log(c, what, err)
	}
}

// log names a value that was lost.
func (r *restorer) log(c Change, what string, err error) {
	if r.logged++; r.logged <= restoreLogLines {
		r.b.log.Error("a stored value cannot be read and is lost",
			"client", logText(c.Client), "what", what, "number", c.Seq, "err", err)
	}
}

// logRest logs how many more were lost than the log names.
func (r *restorer) logRest() {
	if more := r.logged - restoreLogLines; more > 0 {
		r.b.log.Error("more stored values cannot be read and are lost", "values", more)
	}
}

// errSessionEnded says that a session was to end with its connection, which the process has
// outlived.
var errSessionEnded = errors.New("the session has ended")

// restoreSession restores a session. One that was connected when the process ended has its whole
// expiry from now on.
func (r *restorer) restoreSession(c Change) error {
	var record sessionRecord
	if err := json.Unmarshal(c.Value, &record); err != nil {
		return err
	}
	if record.Version == mqtt.V5 && record.Expiry == 0 {
		return errSessionEnded
	}
	if err := record.check(); err != nil {
		return err
	}
	s := &session{b: r.b, key: c.Client, version: record.Version, recorded: true, restored: true}
	s.expiry = time.Duration(record.Expiry) * time.Second
	s.endsAt = r.now.Add(s.expiry)
	if record.Until != 0 {
		s.endsAt = time.UnixMilli(record.Until)
	}
	for filter, g := range record.Subs {
		s.subs = append(s.subs, subscription{filter, granted(g), record.SubIDs[filter]})
	}
	if record.Will != nil {
		r.will(s, record.Will)
	}
	o := owner{record.Principal, false}
	if record.Thing != "" {
		o = owner{record.Thing, true}
	}
	r.session = s
	r.add(s, o)
	return nil
}

// will restores the delayed will of a session. Its timer starts when the broker is ready.
func (r *restorer) will(s *session, record *willRecord) {
	w, err := record.parse(s.client())
	if err != nil {
		r.log(Change{Client: s.key}, "will", err)
		return
	}
	s.will = &delayedWill{will: w, at: time.UnixMilli(record.At)}
	r.b.wills.count(s.will.will, +1)
}

// addressOf is the address in a record; one without a host when it is none.
func addressOf(s string) net.Addr {
	address, _ := netip.ParseAddrPort(s)
	return net.TCPAddrFromAddrPort(address)
}

// check reports whether a record can be that of a session.
func (r *sessionRecord) check() error {
	const longest = 1 << 32 // seconds, more than MQTT can say
	if r.Version != mqtt.V311 && r.Version != mqtt.V5 || r.Expiry <= 0 || r.Expiry > longest {
		return errRecord
	}
	for filter := range r.Subs {
		if !mqtt.ValidFilter(filter) || r.SubIDs[filter] > mqtt.MaxSubscriptionID {
			return errRecord
		}
	}
	return nil
}

// message restores the stub of a message that waits for a session.
func (r *restorer) message(c Change) error {
	e, err := parseHead(c)
	if err != nil {
		return err
	}
	if c.Shared != 0 {
		if known := r.shared[c.Shared]; known != nil && known.size == e.stub.size {
			e.stub = known
		}
		r.shared[c.Shared] = e.stub
	}
	s := r.session
	e.stub.topic = s.sameText(e.stub.topic)
	if known, exists := r.principals[e.stub.by]; exists {
		e.stub.by = known
	} else {
		r.principals[e.stub.by] = e.stub.by
	}
	e.stub = r.b.stored.addRestored(e.stub, r.b.cfg.Nodes != nil)
	s.push(e)
	s.lastSeq = max(s.lastSeq, c.Seq)
	return nil
}

// sameText returns a topic as the text of one of the session's filters if it is equal to that. Most
// notifications are on such a topic, and a hundred thousand stubs have one less text to hold.
func (s *session) sameText(topic string) string {
	if i := findSubscription(s.subs, topic); i >= 0 {
		return s.subs[i].filter
	}
	return topic
}
