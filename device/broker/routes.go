package broker

import (
	"hash/maphash"
	"sync"
	"sync/atomic"

	"github.com/drover-iot/drover/device/broker/mqtt"
)

// Which sessions subscribe to a topic. Nearly all filters of devices have no wildcard, so those are
// in hash maps and cost one look-up in a fleet of any size; the others are in a trie (trie.go).

// granted is what a subscription was granted: the QoS and the MQTT 5 options that matter when a
// message is routed.
type granted byte

const (
	grantQoS1              granted = 1 << iota // QoS 1; without it QoS 0
	grantNoLocal                               // not the subscriber's own messages
	grantRetainAsPublished                     // with the publisher's RETAIN flag
)

func (g granted) qos() byte { return byte(g & grantQoS1) }

// merge combines two subscriptions of one session that select the same topic. The message is
// delivered once, with the higher QoS, and an option that withholds something holds only if both
// have it.
func (g granted) merge(o granted) granted {
	return (g|o)&(grantQoS1|grantRetainAsPublished) | g&o&grantNoLocal
}

// A recipient is one session that a message goes to.
type recipient struct {
	session *session
	granted granted
}

// routes are the subscriptions of all sessions by filter.
type routes struct {
	seed maphash.Seed // of the hash that chooses a shard
	// shards are the filters without wildcards, divided so that publishers rarely wait for a lock.
	shards [32]shard

	shares shares // the shared subscriptions

	wildcards atomic.Int64 // how many subscriptions are in the trie; 0 spares the look-up there
	mu        sync.RWMutex // guards root
	root      node
}

// A shard holds a part of the filters without wildcards.
type shard struct {
	mu    sync.RWMutex
	exact map[string]*subscribers
}

func newRoutes() *routes {
	r := &routes{seed: maphash.MakeSeed()}
	for i := range r.shards {
		r.shards[i].exact = map[string]*subscribers{}
	}
	return r
}

func (r *routes) shard(topic string) *shard {
	return &r.shards[maphash.String(r.seed, topic)%uint64(len(r.shards))]
}

// add adds a subscription, or changes what it was granted. The caller holds s.mu, or is the only
// one that knows the session.
func (r *routes) add(filter string, s *session, g granted) {
	if mqtt.IsShared(filter) {
		r.shares.add(filter, s, g)
		return
	}
	if !mqtt.HasWildcard(filter) {
		sh := r.shard(filter)
		sh.mu.Lock()
		defer sh.mu.Unlock()
		subs := sh.exact[filter]
		if subs == nil {
			subs = &subscribers{}
			sh.exact[filter] = subs
		}
		subs.set(s, g)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.root.add(filter, s, g) {
		r.wildcards.Add(1)
	}
}

// remove removes a subscription if it exists.
func (r *routes) remove(filter string, s *session) {
	if mqtt.IsShared(filter) {
		r.shares.remove(filter, s)
		return
	}
	if !mqtt.HasWildcard(filter) {
		sh := r.shard(filter)
		sh.mu.Lock()
		defer sh.mu.Unlock()
		if subs := sh.exact[filter]; subs != nil {
			if subs.remove(s); subs.empty() {
				delete(sh.exact, filter)
			}
		}
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.root.remove(filter, s) {
		r.wildcards.Add(-1)
	}
}

// match appends the sessions that subscribe to a topic to a list, each once.
func (r *routes) match(topic string, to []recipient) []recipient {
	from := len(to)
	sh := r.shard(topic)
	sh.mu.RLock()
	if subs := sh.exact[topic]; subs != nil {
		to = subs.appendTo(to)
	}
	sh.mu.RUnlock()
	if r.wildcards.Load() == 0 {
		return to
	}
	exact := len(to)
	r.mu.RLock()
	to = r.root.match(topic, mqtt.IsReserved(topic), to)
	r.mu.RUnlock()
	if len(to) == exact || len(to) == from+1 {
		return to // no session can be there twice
	}
	return to[:from+mergeSessions(to[from:])]
}

// mergeSessions merges, in place, what several subscriptions of one session were granted. It
// returns how many recipients are left. A short list is compared with itself, which is faster than
// a map.
func mergeSessions(list []recipient) (n int) {
	if len(list) <= 16 {
		return mergeFewSessions(list)
	}
	at := make(map[*session]int, len(list))
	for _, r := range list {
		if i, ok := at[r.session]; ok {
			list[i].granted = list[i].granted.merge(r.granted)
			continue
		}
		at[r.session] = n
		list[n] = r
		n++
	}
	return n
}

func mergeFewSessions(list []recipient) (n int) {
next:
	for _, r := range list {
		for i := range list[:n] {
			if list[i].session == r.session {
				list[i].granted = list[i].granted.merge(r.granted)
				continue next
			}
		}
		list[n] = r
		n++
	}
	return n
}
