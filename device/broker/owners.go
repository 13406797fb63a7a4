package broker

import (
	"iter"
	"strconv"
	"strings"

	"github.com/drover-iot/drover/device/broker/mqtt"
)

// Whose session it is. A session belongs to whoever made it, so that another client that may
// connect with the same client id gets one of its own, and the first finds its subscriptions and
// messages when it comes back (R-BRK-16). Nearly always a client id has one session. Where it has
// several they are a list, by session.next.

// An owner is who a session belongs to: a thing, or else the principal that made it. A thing may
// get another certificate and still has its session.
type owner struct {
	name    string // the name of a thing, or the id of a principal
	isThing bool
}

// unowned is the owner of a session that was stored by a version without owners. It belongs to the
// first who connects with its client id.
var unowned owner

// ownerOf is the owner of the sessions that a client makes.
func ownerOf(p *Peer) owner {
	if thing := p.Authorizer.Thing(); thing != "" {
		return owner{thing, true}
	}
	return owner{p.Principal.ID(), false}
}

// isPrincipal reports whether the owner is a principal, which may have a share of the sessions
// only. A thing needs none: it has one session for a client id, and operators make things.
func (o owner) isPrincipal() bool { return o != unowned && !o.isThing }

// sessionOf returns the session of a client: its own, else one that its principal made before it
// stood for a thing, else one that is unowned; nil when there is none. The caller holds b.mu.
func (b *Broker) sessionOf(p *Peer, own owner) *session {
	return b.sessionOwnedBy(p.ClientID, own, p.Principal.ID())
}

// sessionOwnedBy is sessionOf for a client that may be gone. The caller holds b.mu.
func (b *Broker) sessionOwnedBy(client string, own owner, principal string) *session {
	for _, o := range []owner{own, {principal, false}, unowned} {
		for s := b.sessions[client]; s != nil; s = s.next {
			if s.owner == o {
				return s
			}
		}
	}
	return nil
}

// newSession makes a session, if there is room for one more and the owner has not used its share
// (R-BRK-20). The caller holds b.mu.
func (b *Broker) newSession(client string, o owner, version mqtt.Version) (*session, error) {
	switch {
	case b.sessionCount >= b.cfg.MaxSessions:
		return nil, closeWith(mqtt.QuotaExceeded, "there are too many sessions")
	case o.isPrincipal() && b.ownSessions[o] >= b.cfg.share(b.cfg.MaxSessions):
		return nil, closeWith(mqtt.QuotaExceeded, "the principal has too many sessions")
	}
	s := &session{b: b, key: b.freeKey(client), version: version}
	b.addSession(s, o)
	return s, nil
}

// addSession adds a session that has its key. The caller holds b.mu, and s.mu unless the session is
// new, as for setOwner and removeSession.
func (b *Broker) addSession(s *session, o owner) {
	client := s.client()
	s.next = b.sessions[client]
	b.sessions[client] = s
	b.sessionCount++
	b.setOwner(s, o)
}

// setOwner makes a session belong to an owner, and counts it there.
func (b *Broker) setOwner(s *session, o owner) {
	b.countOwner(s.owner, -1)
	s.owner = o
	b.countOwner(s.owner, +1)
}

func (b *Broker) countOwner(o owner, by int) {
	if !o.isPrincipal() {
		return
	}
	if b.ownSessions[o] += by; b.ownSessions[o] == 0 {
		delete(b.ownSessions, o)
	}
}

// removeSession forgets a session.
func (b *Broker) removeSession(s *session) {
	client := s.client()
	b.setOwner(s, unowned)
	b.sessionCount--
	if b.sessions[client] != s {
		before := b.sessions[client]
		for before.next != s {
			before = before.next
		}
		before.next = s.next
		return
	}
	if s.next == nil {
		delete(b.sessions, client)
		return
	}
	b.sessions[client] = s.next
}

// allSessions are the sessions of all clients. The session that is at hand may be removed
// meanwhile. The caller holds b.mu.
func (b *Broker) allSessions() iter.Seq[*session] {
	return func(yield func(*session) bool) {
		for _, s := range b.sessions {
			for s != nil {
				next := s.next
				if !yield(s) {
					return
				}
				s = next
			}
		}
	}
}

// freeKey returns a key for one more session of a client id: the client id itself, or for a second
// session of pump-07 "$1/pump-07", which is no client id (R-BRK-16). The caller holds b.mu.
func (b *Broker) freeKey(client string) string {
	key := client
	for n := 1; b.sessionAt(client, key) != nil; n++ {
		key = "$" + strconv.Itoa(n) + "/" + client
	}
	return key
}

// sessionAt returns the session of a client id that has a key, or nil.
func (b *Broker) sessionAt(client, key string) *session {
	for s := b.sessions[client]; s != nil; s = s.next {
		if s.key == key {
			return s
		}
	}
	return nil
}

// isSessionKey reports whether a key of the store is that of a session.
func isSessionKey(key string) bool {
	prefix, _, _ := strings.Cut(key, "/")
	if !strings.HasPrefix(key, "$") {
		return key != ""
	}
	_, err := strconv.Atoi(prefix[1:])
	return err == nil
}

// clientOf is the client id in a key.
func clientOf(key string) string {
	if !strings.HasPrefix(key, "$") {
		return key
	}
	_, client, _ := strings.Cut(key, "/")
	return client
}
