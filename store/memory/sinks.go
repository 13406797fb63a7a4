package memory

import (
	"cmp"
	"math"
	"slices"

	"github.com/drover-iot/drover/registry/sink"
	"github.com/drover-iot/drover/store"
)

// Sinks, the events that wait for them, and dead letters.

// letter is the key of a dead letter.
type letter struct{ sink, id int64 }

func (a letter) compare(b letter) int {
	return cmp.Or(cmp.Compare(a.sink, b.sink), cmp.Compare(a.id, b.id))
}

func cloneSink(s sink.Sink) sink.Sink {
	s.Definition, s.Progress = cloneSinkDefinition(s.Definition), cloneProgress(s.Progress)
	return s
}

func cloneSinkDefinition(d sink.Definition) sink.Definition {
	d.Topics, d.Jobs = slices.Clone(d.Topics), slices.Clone(d.Jobs)
	d.Secrets.Signing = slices.Clone(d.Secrets.Signing)
	d.Secrets.Previous = slices.Clone(d.Secrets.Previous)
	d.Secrets.Credentials = slices.Clone(d.Secrets.Credentials)
	d.Secrets.Password = slices.Clone(d.Secrets.Password)
	d.Secrets.PreviousUntil = ms(d.Secrets.PreviousUntil)
	d.CreatedAt, d.UpdatedAt = ms(d.CreatedAt), ms(d.UpdatedAt)
	return d
}

func cloneProgress(p sink.Progress) sink.Progress {
	p.LastDelivered, p.LastErrorAt = ms(p.LastDelivered), ms(p.LastErrorAt)
	return p
}

func cloneDeadLetter(d store.DeadLetter) store.DeadLetter {
	d.Event.Payload = slices.Clone(d.Event.Payload)
	d.PublishedAt, d.FailedAt = ms(d.PublishedAt), ms(d.FailedAt)
	return d
}

func (s *state) createSink(c sink.Sink) error {
	if s.sinks.has(id(c.ID)) || s.sinkNames.has(text(c.Name)) {
		return conflict("sink", c.Name)
	}
	s.sinks = s.sinks.put(id(c.ID), cloneSink(c))
	s.sinkNames = s.sinkNames.put(text(c.Name), id(c.ID))
	return nil
}

func (s *state) updateSink(c sink.Sink) error {
	old, exists := s.sinks.get(id(c.ID))
	if !exists {
		return conflict("sink", c.ID)
	}
	old.Definition = cloneSinkDefinition(c.Definition)
	s.sinks = s.sinks.put(id(c.ID), old)
	return nil
}

func (s *state) saveSinkProgress(c sink.Sink) error {
	old, exists := s.sinks.get(id(c.ID))
	if !exists {
		return conflict("sink", c.ID)
	}
	old.Progress = cloneProgress(c.Progress)
	s.sinks = s.sinks.put(id(c.ID), old)
	return nil
}

func (s *state) deleteSink(key int64) error {
	old, exists := s.sinks.get(id(key))
	if !exists {
		return conflict("sink", key)
	}
	s.sinks, s.sinkNames = s.sinks.remove(id(key)), s.sinkNames.remove(text(old.Name))
	for at := range s.deadLetters.from(letter{key, math.MinInt64}) {
		if at.sink != key {
			break
		}
		s.deadLetters = s.deadLetters.remove(at)
	}
	return nil
}

// keepEvents keeps the events of announcements, as long as there is a sink.
func (s *state) keepEvents(c store.OutboxChanges) error {
	for range s.sinks.all() {
		for _, a := range c.Added {
			if len(a.Events) > 0 && !s.sinkEvents.has(id(a.ID)) {
				kept := store.SinkEvents{ID: a.ID, At: ms(c.At), Events: slices.Clone(a.Events)}
				s.sinkEvents = s.sinkEvents.put(id(a.ID), kept)
			}
		}
		break
	}
	return nil
}

func (s *state) trimEvents(upTo int64) error {
	removed := 0
	for at := range s.sinkEvents.all() {
		if int64(at) > upTo || removed == store.TrimPage {
			break
		}
		s.sinkEvents, removed = s.sinkEvents.remove(at), removed+1
	}
	return nil
}

func (s *state) addDeadLetter(d store.DeadLetter) error {
	key := letter{d.Sink, d.ID}
	if s.deadLetters.has(key) || !s.sinks.has(id(d.Sink)) {
		return conflict("dead letter", d.ID)
	}
	s.deadLetters = s.deadLetters.put(key, cloneDeadLetter(d))
	return nil
}

func (s *state) updateDeadLetter(d store.DeadLetter) error {
	if key := (letter{d.Sink, d.ID}); s.deadLetters.has(key) {
		s.deadLetters = s.deadLetters.put(key, cloneDeadLetter(d))
	}
	return nil
}

func (s *state) removeDeadLetter(k store.DeadLetterKey) error {
	s.deadLetters = s.deadLetters.remove(letter{k.Sink, k.ID})
	return nil
}

func (r reader) Sink(name string) (sink.Sink, error) {
	key, exists := r.sinkNames.get(text(name))
	if !exists {
		return sink.Sink{}, store.ErrNotFound
	}
	found, _ := r.sinks.get(key)
	return cloneSink(found), nil
}

func (r reader) Sinks(after string, limit int) (found []sink.Sink, err error) {
	for name, key := range r.sinkNames.from(text(after)) {
		if len(found) >= limit {
			break
		}
		if s, _ := r.sinks.get(key); string(name) != after {
			found = append(found, cloneSink(s))
		}
	}
	return found, nil
}

func (r reader) SinkEvents(after int64, limit int) (found []store.SinkEvents, err error) {
	bytes := 0
	for _, e := range r.sinkEvents.from(id(after + 1)) {
		if len(found) >= limit || bytes >= store.AnnouncementBytes {
			break
		}
		bytes += eventBytes(e)
		e.Events = slices.Clone(e.Events)
		found = append(found, e)
	}
	return found, nil
}

func (r reader) SinkWaiting(after int64, limit int) (n int, err error) {
	for range r.sinkEvents.from(id(after + 1)) {
		if n == limit {
			break
		}
		n++
	}
	return n, nil
}

func eventBytes(e store.SinkEvents) int { return store.Announcement{Events: e.Events}.Size() }

func (r reader) SinkBacklog() (b store.SinkBacklog, err error) {
	for at, e := range r.sinkEvents.all() {
		if b.Oldest == 0 {
			b.Oldest, b.OldestAt = int64(at), e.At
		}
		b.Newest = int64(at)
		b.Bytes += int64(eventBytes(e))
	}
	return b, nil
}

func (r reader) DeadLetters(q store.DeadLetterQuery) (found []store.DeadLetter, err error) {
	for at, d := range r.deadLetters.from(letter{q.Sink, q.After + 1}) {
		if at.sink != q.Sink || len(found) >= q.Limit {
			break
		}
		if d.Again || !q.Again {
			found = append(found, cloneDeadLetter(d))
		}
	}
	return found, nil
}

func (r reader) DeadLetterCount(key int64) (n int, err error) {
	for at := range r.deadLetters.from(letter{key, math.MinInt64}) {
		if at.sink != key {
			break
		}
		n++
	}
	return n, nil
}
