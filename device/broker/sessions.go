package broker

import (
	"context"
	"maps"
	"slices"
	"sync"
)

// A Change is one write to the stored sessions. Value is opaque to the store.
//
// Seq 0 is the session itself, any other a message that waits for it. A nil Value deletes; deleting Seq 0 deletes the
// session's messages too. The empty client id holds what belongs to no session: the retained messages.
type Change struct {
	Client string
	Seq    uint64
	Value  []byte
}

// Sessions keeps persistent sessions over a restart (R-BRK-35).
type Sessions interface {
	// Load calls each for every stored value, by client and then by Seq ascending.
	Load(ctx context.Context, each func(Change) error) error
	// Apply makes the changes durable, in order, all or none. One call at a time. Values are not changed afterwards.
	Apply(ctx context.Context, changes []Change) error
}

// MemorySessions is a Sessions that lives as long as the process.
type MemorySessions struct {
	mu      sync.Mutex
	clients map[string]map[uint64][]byte
}

// NewMemorySessions returns an empty store.
func NewMemorySessions() *MemorySessions {
	return &MemorySessions{clients: map[string]map[uint64][]byte{}}
}

// Load implements Sessions.
func (m *MemorySessions) Load(_ context.Context, each func(Change) error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, client := range slices.Sorted(maps.Keys(m.clients)) {
		for _, seq := range slices.Sorted(maps.Keys(m.clients[client])) {
			if err := each(Change{Client: client, Seq: seq, Value: m.clients[client][seq]}); err != nil {
				return err
			}
		}
	}
	return nil
}

// Apply implements Sessions.
func (m *MemorySessions) Apply(_ context.Context, changes []Change) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, c := range changes {
		switch {
		case c.Value == nil && c.Seq == 0:
			delete(m.clients, c.Client)
		case c.Value == nil:
			delete(m.clients[c.Client], c.Seq)
		default:
			if m.clients[c.Client] == nil {
				m.clients[c.Client] = map[uint64][]byte{}
			}
			m.clients[c.Client][c.Seq] = c.Value
		}
	}
	return nil
}
