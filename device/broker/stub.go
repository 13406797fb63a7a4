package broker

import "sync"

// What waits for a client that is away is in the store, and only a stub of it in memory: enough to
// keep the limits of its queue, and to find the message again when the client is back (load.go). A
// fleet that sleeps costs the server little, however much waits for it, and starting does not read
// what waits.

// A stub is what stays in memory of a message that is in the store. All entries with a shared body
// have the same stub; others may have.
type stub struct {
	topic  string // of a notification (Message.Latest); empty for other messages
	by     string // message.by
	size   int    // message.size
	shared uint64 // the number of the body (Change.Shared); 0: it belongs to one entry alone
	// entries is how many entries in the store have the stub. Guarded by storedBytes.mu.
	entries int
}

func newStub(m *message, shared uint64) *stub {
	st := &stub{by: m.by, size: m.size(), shared: shared}
	if m.Latest {
		st.topic = m.Topic
	}
	return st
}

// shareFrom is the size from which the body of a message for several sessions is stored once.
// Below, a row of its own would cost as much as it saves.
const shareFrom = 512

// share prepares a message for several sessions: as many of them as store it have one stub, and
// share one body if it is large enough.
func (b *Broker) share(m *message) {
	var number uint64
	if m.size() >= shareFrom {
		number = b.nextShared()
	}
	m.stub = newStub(m, number)
}

// nextShared returns a number for a body. Those of several nodes must differ: a body that has the
// number of another one is not stored.
func (b *Broker) nextShared() uint64 {
	if b.cfg.Nodes != nil {
		return b.cfg.Nodes.NextShared()
	}
	return b.lastShared.Add(1)
}

// storedBytes is how many bytes of messages wait in the store for all sessions, and how many of
// them each principal has published. A body that many entries share counts once.
type storedBytes struct {
	mu   sync.Mutex
	all  int
	each map[string]int // by stub.by; the empty one has no share
	// loaded are the stubs of shared bodies whose sessions came from another node, by the number of
	// the body: sessions that come one after the other share them.
	loaded map[uint64]*stub
}

// entryBytes is what an entry counts besides its body, in the store and in memory.
const entryBytes = 128

// add counts an entry.
func (b *storedBytes) add(st *stub) {
	b.mu.Lock()
	defer b.mu.Unlock()
	st.entries++
	b.count(st, +1)
}

// addRestored counts an entry from the store. It returns its stub: that of another entry with the
// same body if shared is set and there is one.
func (b *storedBytes) addRestored(st *stub, shared bool) *stub {
	b.mu.Lock()
	defer b.mu.Unlock()
	if shared && st.shared != 0 {
		if known := b.loaded[st.shared]; known != nil && known.size == st.size {
			st = known
		}
		b.loaded[st.shared] = st
	}
	st.entries++
	b.count(st, +1)
	return st
}

// remove counts an entry no more.
func (b *storedBytes) remove(st *stub) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.count(st, -1)
	if st.entries--; st.entries == 0 && b.loaded[st.shared] == st {
		delete(b.loaded, st.shared)
	}
}

// count adds the bytes of an entry, or takes them off. The entry is one of st.entries.
func (b *storedBytes) count(st *stub, by int) {
	bytes := entryBytes
	if st.shared == 0 || st.entries == 1 {
		bytes += st.size
	}
	b.all += by * bytes
	if b.each[st.by] += by * bytes; b.each[st.by] == 0 {
		delete(b.each, st.by)
	}
}

// fits reports whether one more entry with a message stays within the limits. With 1 MiB left, a
// message of 100 KB fits for 10 sessions if each stores it for itself, and for 7,000 if they share
// it.
func (b *storedBytes) fits(m *message, cfg *Config) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	more := entryBytes
	if m.stub == nil || m.stub.shared == 0 || m.stub.entries == 0 {
		more += m.size()
	}
	return b.all+more <= cfg.MaxQueuedBytes &&
		(m.by == "" || b.each[m.by]+more <= cfg.share(cfg.MaxQueuedBytes))
}

// total is the number of all bytes.
func (b *storedBytes) total() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.all
}

// mayStore reports whether one more entry with a message may be stored. Notifications of the
// service always may (R-BRK-35); any other is dropped when too much waits for all sessions
// together, or too much of what its principal has published, and counted for the log (R-BRK-13).
func (b *Broker) mayStore(m *message) bool {
	if m.Latest || b.stored.fits(m, &b.cfg) {
		return true
	}
	b.dropped.Add(1)
	return false
}

// logDropped logs how many messages were dropped since the last time.
func (b *Broker) logDropped() {
	if n := b.dropped.Swap(0); n > 0 {
		b.log.Warn("messages for clients that are away were dropped: too much waits for them",
			"messages", n, "bytes", b.stored.total(), "limit", b.cfg.MaxQueuedBytes)
	}
}
