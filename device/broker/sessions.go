package broker

import (
	"context"
	"maps"
	"slices"
	"sync"
)

// Sessions stores persistent sessions, so that they outlive a restart (R-BRK-35). To the store they
// are clients with numbered values, whose form is in record.go.
type Sessions interface {
	// Load calls each for every stored value, by client and then by Seq ascending, without the
	// bodies.
	Load(ctx context.Context, each func(Change) error) error
	// Messages returns what is stored of a client from Seq first to Seq last, by Seq ascending,
	// with the bodies.
	Messages(ctx context.Context, client string, first, last uint64) ([]Change, error)
	// Apply makes the changes durable, in order, all or none. There is one call at a time. Values
	// are not changed afterwards.
	Apply(ctx context.Context, changes []Change) error
}

// A Change is one write to the store.
type Change struct {
	// Client is the key of a session: the client id, or for another session of the same client id a
	// text that is no client id. The empty one is for what belongs to no session: the retained
	// messages.
	Client string
	// Seq is 0 for the session itself, any other number for a message that waits for it.
	Seq uint64
	// Value is opaque to the store. Nil deletes; deleting Seq 0 also deletes the messages of the
	// session.
	Value []byte
	// Body is the large part of a message, also opaque. Nil: there is none.
	Body []byte
	// Shared is the number of a body that several messages have, which is stored once; 0: the body
	// belongs to this message alone. All changes with a number give the body, which is the same.
	Shared uint64
}

// MemorySessions is a Sessions that lasts as long as the process.
type MemorySessions struct {
	mu      sync.Mutex
	clients map[string]map[uint64]Change
}

// NewMemorySessions returns an empty store.
func NewMemorySessions() *MemorySessions {
	return &MemorySessions{clients: map[string]map[uint64]Change{}}
}

// Load implements Sessions.
func (m *MemorySessions) Load(_ context.Context, each func(Change) error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, client := range slices.Sorted(maps.Keys(m.clients)) {
		for _, seq := range slices.Sorted(maps.Keys(m.clients[client])) {
			c := m.clients[client][seq]
			c.Body = nil
			if err := each(c); err != nil {
				return err
			}
		}
	}
	return nil
}

// Messages implements Sessions.
func (m *MemorySessions) Messages(
	_ context.Context, client string, first, last uint64,
) (found []Change, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, seq := range slices.Sorted(maps.Keys(m.clients[client])) {
		if first <= seq && seq <= last {
			found = append(found, m.clients[client][seq])
		}
	}
	return found, nil
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
				m.clients[c.Client] = map[uint64]Change{}
			}
			m.clients[c.Client][c.Seq] = c
		}
	}
	return nil
}
