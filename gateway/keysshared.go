package gateway

import (
	"context"
	"sync"
	"time"
)

// Keys that several servers share are read again and again, because another server or process may
// have changed them. Of each key that is known a server asks at most every keyAge. Of one that is
// not known it asks with every request, and those who have none could make it ask all the time; so
// reads have a pause between them, and the requests of that time wait for the next one together.

// SharedText is where the keys of several servers are kept, as one text.
type SharedText interface {
	Read(context.Context) ([]byte, error)
	// Change replaces the text by what f makes of it, while nobody else does.
	Change(ctx context.Context, f func([]byte) ([]byte, error)) error
}

// keyPause is the time between the beginnings of two reads.
const keyPause = 100 * time.Millisecond

// keysTimeout is how long a read or a change may take, so that requests are answered in time when
// the database is away (R-NODE-9).
const keysTimeout = 5 * time.Second

// sharedKeys keeps keys in a SharedText.
type sharedKeys struct {
	text SharedText

	mu      sync.Mutex // guards what follows
	last    *reading   // the newest, which may not have begun; never nil
	ended   *reading   // the newest that has ended; never nil
	changed time.Time  // when this server changed the text last; what was read before is not used
}

// A reading is one read of the keys, which runs or has ended.
type reading struct {
	begins time.Time     // the keys are not older than that
	done   chan struct{} // closed when what follows is set
	keys   []Key         // never changed in place
	err    error
}

// ShareKeys returns the keys in a text.
func ShareKeys(text SharedText) *Keys {
	return &Keys{&sharedKeys{text: text, last: &reading{}, ended: &reading{}}}
}

// read returns what a reading has found that began after since: one that has ended, or else the
// next one, for which it waits. One that began at since, as far as the clock can tell, may have been
// earlier.
func (s *sharedKeys) read(since time.Time) ([]Key, error) {
	r := s.newest(since)
	<-r.done
	return r.keys, r.err
}

// newest is a reading that begins after since. It is begun when there is none.
func (s *sharedKeys) newest(since time.Time) *reading {
	s.mu.Lock()
	defer s.mu.Unlock()
	if since.Before(s.changed) {
		since = s.changed
	}
	for _, r := range []*reading{s.ended, s.last} {
		if r.begins.After(since) {
			return r
		}
	}
	begins := time.Now()
	if next := s.last.begins.Add(keyPause); begins.Before(next) {
		begins = next
	}
	s.last = &reading{begins: begins, done: make(chan struct{})}
	go s.run(s.last)
	return s.last
}

// run reads the keys at the time when a reading begins.
func (s *sharedKeys) run(r *reading) {
	time.Sleep(time.Until(r.begins))
	ctx, cancel := context.WithTimeout(context.Background(), keysTimeout)
	defer cancel()
	text, err := s.text.Read(ctx)
	if err == nil {
		r.keys, err = decodeKeys(text)
	}
	r.err = err
	close(r.done)
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.begins.After(s.ended.begins) { // a slow one may end behind a later one
		s.ended = r
	}
}

// change changes the text. What was read before is not used any more.
func (s *sharedKeys) change(change func([]Key) ([]Key, error)) error {
	ctx, cancel := context.WithTimeout(context.Background(), keysTimeout)
	defer cancel()
	err := s.text.Change(ctx, func(text []byte) ([]byte, error) {
		keys, err := decodeKeys(text)
		if err != nil {
			return nil, err
		}
		if keys, err = change(keys); err != nil {
			return nil, err
		}
		return encodeKeys(keys)
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	s.changed = time.Now()
	return err
}
