package broker

import (
	"hash/maphash"
	"sync"
	"sync/atomic"

	"github.com/drover-iot/drover/device/broker/mqtt"
)

// granted is what a subscription was given: the QoS and the MQTT 5 options that matter when a message is routed.
type granted byte

const (
	grantQoS1       granted = 1 << iota
	grantNoLocal            // not the subscriber's own messages
	grantKeepRetain         // Retain As Published
)

func (g granted) qos() byte { return byte(g & grantQoS1) }

// merge joins overlapping subscriptions of one session: the highest QoS, and the option that hides the least.
func (g granted) merge(o granted) granted {
	return (g|o)&(grantQoS1|grantKeepRetain) | g&o&grantNoLocal
}

// A hit is one session that a message goes to.
type hit struct {
	session *session
	granted granted
}

// routes finds the sessions that subscribe to a topic. Filters without wildcards are one map look-up, whatever the
// size of the fleet; the others are in a trie.
type routes struct {
	seed   maphash.Seed
	shards [32]shard

	wildcards atomic.Int64
	mu        sync.RWMutex // guards root
	root      node
}

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

// add enters a subscription or changes what it was granted.
func (r *routes) add(filter string, s *session, g granted) {
	if !mqtt.HasWildcard(filter) {
		sh := r.shard(filter)
		sh.mu.Lock()
		defer sh.mu.Unlock()
		subs := sh.exact[filter]
		if subs == nil {
			subs = &subscribers{}
			sh.exact[filter] = subs
		}
		subs.put(s, g)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.root.add(filter, s, g) {
		r.wildcards.Add(1)
	}
}

func (r *routes) remove(filter string, s *session) {
	if !mqtt.HasWildcard(filter) {
		sh := r.shard(filter)
		sh.mu.Lock()
		defer sh.mu.Unlock()
		if subs := sh.exact[filter]; subs != nil {
			if subs.drop(s); subs.empty() {
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

// match appends the sessions subscribed to topic, each once.
func (r *routes) match(topic string, hits []hit) []hit {
	from := len(hits)
	sh := r.shard(topic)
	sh.mu.RLock()
	if subs := sh.exact[topic]; subs != nil {
		hits = subs.appendTo(hits)
	}
	sh.mu.RUnlock()
	if r.wildcards.Load() == 0 {
		return hits
	}
	exact := len(hits)
	r.mu.RLock()
	hits = r.root.match(topic, mqtt.IsReserved(topic), hits)
	r.mu.RUnlock()
	if len(hits) == exact || len(hits) == from+1 {
		return hits
	}
	return hits[:from+distinct(hits[from:])]
}

// distinct merges the hits of one session in place and returns how many are left.
func distinct(hits []hit) int {
	if len(hits) <= 16 {
		return distinctFew(hits)
	}
	at := make(map[*session]int, len(hits))
	n := 0
	for _, h := range hits {
		if i, ok := at[h.session]; ok {
			hits[i].granted = hits[i].granted.merge(h.granted)
			continue
		}
		at[h.session] = n
		hits[n] = h
		n++
	}
	return n
}

func distinctFew(hits []hit) int {
	n := 0
next:
	for _, h := range hits {
		for i := range hits[:n] {
			if hits[i].session == h.session {
				hits[i].granted = hits[i].granted.merge(h.granted)
				continue next
			}
		}
		hits[n] = h
		n++
	}
	return n
}
