package broker

import "sync/atomic"

// What waits for a client that is away is in the store, and only a stub of it in memory: enough to
// keep the limits of its queue, and to find the message again when the client is back (load.go). A
// fleet that sleeps costs the server little, however much waits for it, and starting does not read
// what waits.

// A stub is what stays in memory of a message that is in the store. All entries with a shared body
// have the same stub; others may have.
type stub struct {
	topic  string // of a notification (Message.Latest); empty for other messages
	size   int    // message.size
	shared uint64 // the number of the body (Change.Shared); 0: it belongs to one entry alone
	// entries is how many entries in the store have the shared body.
	entries atomic.Int32
}

func newStub(m *message, shared uint64) *stub {
	st := &stub{size: m.size(), shared: shared}
	if m.Latest {
		st.topic = m.Topic
	}
	return st
}

// shareFrom is the size from which the body of a message for several sessions is stored once. Below,
// a row of its own would cost as much as it saves.
const shareFrom = 512

// share prepares a message for several sessions: as many of them as store it have one stub, and
// share one body if it is large enough.
func (b *Broker) share(m *message) {
	var number uint64
	if m.size() >= shareFrom {
		number = b.lastShared.Add(1)
	}
	m.stub = newStub(m, number)
}

// storedBytes is how many bytes of messages wait in the store for all sessions. A body that many
// entries share counts once.
type storedBytes struct{ n atomic.Int64 }

// entryBytes is what an entry counts besides its body, in the store and in memory.
const entryBytes = 128

// add counts an entry.
func (b *storedBytes) add(st *stub) {
	if st.shared != 0 && st.entries.Add(1) > 1 {
		b.n.Add(entryBytes)
		return
	}
	b.n.Add(int64(entryBytes + st.size))
}

// remove counts an entry no more.
func (b *storedBytes) remove(st *stub) {
	if st.shared != 0 && st.entries.Add(-1) > 0 {
		b.n.Add(-entryBytes)
		return
	}
	b.n.Add(-int64(entryBytes + st.size))
}

// mayStore reports whether one more entry with a message may be stored. Notifications of the service
// always may (R-BRK-35); any other is dropped when too much waits for all sessions together, and
// counted for the log (R-BRK-13).
func (b *Broker) mayStore(m *message) bool {
	if m.Latest || b.stored.fits(m, b.cfg.MaxQueuedBytes) {
		return true
	}
	b.dropped.Add(1)
	return false
}

// logDropped logs how many messages were dropped since the last time.
func (b *Broker) logDropped() {
	if n := b.dropped.Swap(0); n > 0 {
		b.log.Warn("messages for clients that are away were dropped: too much waits for them",
			"messages", n, "bytes", b.stored.n.Load(), "limit", b.cfg.MaxQueuedBytes)
	}
}

// fits reports whether one more entry with a message stays within a limit. With 1 MiB left, a
// message of 100 KB fits for 10 sessions if each stores it for itself, and for 7,000 if they share
// it.
func (b *storedBytes) fits(m *message, limit int) bool {
	more := int64(entryBytes)
	if m.stub == nil || m.stub.shared == 0 || m.stub.entries.Load() == 0 {
		more += int64(m.size())
	}
	return b.n.Load()+more <= int64(limit)
}
