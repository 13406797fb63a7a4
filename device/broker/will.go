package broker

import (
	"encoding/json"
	"sync"
	"time"

	"github.com/drover-iot/drover/device/broker/mqtt"
	"github.com/drover-iot/drover/internal/clock"
)

// A will is the message that a client leaves with its CONNECT, to be published when its connection
// ends without a DISCONNECT (R-BRK-24). MQTT 5 may delay it: then it is published when the delay is
// over, or earlier if the session expires before that, and not at all if the client resumes its
// session in time. Until then it is stored with the session, so that a server that was stopped or
// has crashed publishes it after its start. It is authorised like a PUBLISH of the moment in which
// it is published: a device whose certificate was revoked says nothing any more, nor does its will.
type will struct {
	*message
	delay  time.Duration // 0: publish at once
	expiry uint32        // the message expiry, in seconds from its publication; 0: none
	author author
}

// An author is who has left a will: all that it takes to ask what they may do when the connection
// is long gone.
type author struct {
	principal  string // its id
	attributes Attributes
	// known is the principal itself if nobody finds it by its id (Remembered); nil after a restart,
	// and on another node.
	known Principal
}

// A claimedWill is the form in which others get the will of a client that is connected (Client.Will).
type claimedWill struct {
	willRecord
	Delay int64  `json:"delaySeconds,omitempty"`
	Thing string `json:"thing,omitempty"` // the owner of the session, if that is not the principal
}

// claimed is the will in that form; nil: there is none.
func (w *will) claimed(o owner) []byte {
	if w == nil {
		return nil
	}
	c := claimedWill{willRecord: *w.record(time.Time{}), Delay: int64(w.delay / time.Second)}
	if o.isThing {
		c.Thing = o.name
	}
	value, _ := json.Marshal(c) // numbers and strings: cannot fail
	return value
}

// parseClaimedWill reads what claimed wrote, and says who owns the session.
func parseClaimedWill(client string, value []byte) (*will, owner, error) {
	var c claimedWill
	if err := json.Unmarshal(value, &c); err != nil {
		return nil, unowned, err
	}
	w, err := c.parse(client)
	if err != nil {
		return nil, unowned, err
	}
	w.delay = time.Duration(c.Delay) * time.Second
	if c.Thing != "" {
		return w, owner{c.Thing, true}, nil
	}
	return w, owner{c.Principal, false}, nil
}

// A delayedWill is the will of a session whose client is away.
type delayedWill struct {
	*will
	at    time.Time   // when it is published
	timer *time.Timer // publishes it
}

// willBytes is how many bytes the wills of all clients have, those of connected clients and delayed
// ones, and how many of them are of each principal (R-BRK-20).
type willBytes struct {
	mu   sync.Mutex
	all  int
	each map[string]int // by the id of the principal; the empty one has no share
}

// count adds the bytes of a will, nil for none; by -1 it takes them off again.
func (b *willBytes) count(w *will, by int) {
	if w == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.all += by * w.size()
	id := w.author.principal
	if b.each[id] += by * w.size(); b.each[id] == 0 {
		delete(b.each, id)
	}
}

// hold counts a will unless there is no room for it.
func (b *willBytes) hold(w *will, cfg *Config) error {
	if w == nil {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	id := w.author.principal
	switch {
	case b.all+w.size() > cfg.MaxWillBytes:
		return closeWith(mqtt.QuotaExceeded, "there are too many wills")
	case id != "" && b.each[id]+w.size() > cfg.share(cfg.MaxWillBytes):
		return closeWith(mqtt.QuotaExceeded, "the principal has too many wills")
	}
	b.all += w.size()
	b.each[id] += w.size()
	return nil
}

// dropWill removes the will of a connection, because the client disconnects.
func (c *conn) dropWill() {
	c.b.wills.count(c.will, -1)
	c.will = nil
}

// decideWill decides about the will of a connection that ends; resumed says that another has its
// session, with all that it contains. It returns the will if it is to be published now, and starts
// the timer of one that is delayed. The caller holds Broker.mu and session.mu.
func (b *Broker) decideWill(w *will, s *session, resumed bool) (now *will) {
	switch {
	case w == nil:
		return nil
	case w.delay > 0 && (resumed || !s.ended && s.conn != nil): // back in time
		b.wills.count(w, -1)
		return nil
	case w.delay > 0 && !s.ended && s.conn == nil:
		s.will = &delayedWill{will: w, at: clock.Now().Add(min(w.delay, s.expiry))}
		b.startWill(s)
		return nil
	}
	return w
}

// startWill starts the timer of a session's delayed will. The caller holds s.mu, or is the only one
// that knows the session.
func (b *Broker) startWill(s *session) {
	d := s.will
	d.timer = time.AfterFunc(d.at.Sub(clock.Now()), func() { b.publishDelayed(s, d) })
}

// cancelWill drops the delayed will of a session whose client is back. The caller holds s.mu.
func (b *Broker) cancelWill(s *session) {
	if s.will == nil {
		return
	}
	s.will.timer.Stop()
	b.wills.count(s.will.will, -1)
	s.will = nil
}

// publishDelayed publishes a delayed will unless its client came back in the last moment. It leaves
// the session's record when what it has become is in the journal: a crash in between publishes it
// twice.
func (b *Broker) publishDelayed(s *session, d *delayedWill) {
	s.mu.Lock()
	due := s.will == d && !s.leaving // another broker publishes that of a session that leaves
	if due {
		s.will = nil
		s.publishing = make(chan struct{})
	}
	s.mu.Unlock()
	if !due {
		return
	}
	b.publishWill(d.will)
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.publishing)
	s.publishing = nil
	if s.recorded && !s.ended {
		b.journal.write(s.record())
	}
}

// publishWill publishes a will as if its client had published it now. It may block.
func (b *Broker) publishWill(w *will) {
	defer b.wills.count(w, -1)
	if b.journal.givenUp() {
		return // the heir of the node publishes it
	}
	if e := b.authorizeWill(w); e != nil {
		by := &w.author
		b.logRefusalOf(0, by.attributes.ClientID, by.principal, by.attributes.Remote, e)
		return
	}
	w.expires = expiresAt(w.expiry, clock.Now())
	if w.retain {
		b.retain(w.message, w.author.principal)
	}
	b.routeOwn(w.message)
}

// authorizeWill asks whether the author of a will may publish it now; nil means yes.
func (b *Broker) authorizeWill(w *will) *closeError {
	const detail = "not allowed to publish the will any more"
	who, err := w.author.known, error(nil)
	if who == nil {
		who, err = b.cfg.Principal(b.ctx, w.author.principal)
	}
	if err != nil {
		e := closeWithTopic(mqtt.NotAuthorized, detail, w.Topic)
		e.err = err
		return e
	}
	if !mayPublishWill(who.Bind(w.author.attributes), w) {
		return closeWithTopic(mqtt.NotAuthorized, detail, w.Topic)
	}
	return nil
}

// mayPublishWill is the same question at CONNECT and later (R-BRK-17).
func mayPublishWill(auth Authorizer, w *will) bool {
	return auth.Decide(Publish, w.Topic) == Allow &&
		(!w.retain || auth.Decide(RetainPublish, w.Topic) == Allow)
}
