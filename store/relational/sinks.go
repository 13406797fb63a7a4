package relational

import (
	"errors"
	"time"

	"github.com/drover-iot/drover/registry/sink"
	"github.com/drover-iot/drover/store"
)

// sinkWriter writes sinks, what waits for them and their dead letters.
type sinkWriter struct{ *Tx }

const (
	insertSink     = `INSERT INTO sink (id, name, definition, progress) VALUES (?, ?, ?, ?)`
	updateSink     = `UPDATE sink SET definition = ? WHERE id = ?`
	saveSink       = `UPDATE sink SET progress = ? WHERE id = ?`
	deleteSink     = `DELETE FROM sink WHERE id = ?`
	deleteLetters  = `DELETE FROM dead_letter WHERE sink = ?`
	sinkColumns    = `id, name, definition, progress`
	selectSink     = `SELECT ` + sinkColumns + ` FROM sink WHERE name = ?`
	listSinks      = `SELECT ` + sinkColumns + ` FROM sink WHERE name > ? ORDER BY name LIMIT ?`
	listFirstSinks = `SELECT ` + sinkColumns + ` FROM sink ORDER BY name LIMIT ?`
)

func (t sinkWriter) create(s sink.Sink) error {
	return t.stmt(insertSink).int(s.ID).text(s.Name).json(s.Definition).json(s.Progress).change()
}

func (t sinkWriter) updateDefinition(s sink.Sink) error {
	return t.stmt(updateSink).json(s.Definition).int(s.ID).change()
}

func (t sinkWriter) saveProgress(s sink.Sink) error {
	return t.stmt(saveSink).json(s.Progress).int(s.ID).change()
}

func (t sinkWriter) remove(id int64) error {
	if err := t.stmt(deleteSink).int(id).change(); err != nil {
		return err
	}
	return t.stmt(deleteLetters).int(id).run()
}

func scanSink(s stmt) (found sink.Sink) {
	found.ID, found.Name = s.getInt(), s.getText()
	s.getJSON(&found.Definition)
	s.getJSON(&found.Progress)
	return found
}

func (r reader) Sink(name string) (sink.Sink, error) {
	return one(r.stmt(selectSink).text(name), scanSink)
}

func (r reader) Sinks(after string, limit int) ([]sink.Sink, error) {
	if after == "" {
		return all(r.stmt(listFirstSinks).limit(limit), scanSink)
	}
	return all(r.stmt(listSinks).text(after).limit(limit), scanSink)
}

const (
	anySink    = `SELECT 1 FROM sink LIMIT 1`
	keepEvents = `INSERT INTO sink_event (id, at, size, total, events)
		VALUES (?1, ?2, ?3, ?3 + coalesce(
			(SELECT total FROM sink_event ORDER BY id DESC LIMIT 1), 0), ?4)
		ON CONFLICT (id) DO NOTHING`
	trimEvents = `DELETE FROM sink_event WHERE id <= (SELECT max(id) FROM
		(SELECT id FROM sink_event WHERE id <= ? ORDER BY id LIMIT ?) AS page)`

	sizeSinkEvents = `SELECT id, size FROM sink_event
		WHERE id > ? ORDER BY id LIMIT ?`
	countWaiting   = `SELECT count(*) FROM (SELECT 1 FROM sink_event WHERE id > ? LIMIT ?) AS waiting`
	listSinkEvents = `SELECT id, at, events FROM sink_event WHERE id > ? AND id <= ? ORDER BY id`
	selectBacklog  = `SELECT oldest.id, oldest.at, newest.id, newest.total - oldest.total + oldest.size
		FROM (SELECT id, at, total, size FROM sink_event ORDER BY id LIMIT 1) AS oldest,
			(SELECT id, total FROM sink_event ORDER BY id DESC LIMIT 1) AS newest`
)

// keep keeps the events of an announcement, if there is a sink.
func (t sinkWriter) keep(a store.Announcement, at time.Time) error {
	there, err := all(t.stmt(anySink), stmt.getInt)
	if err != nil || len(there) == 0 {
		return err
	}
	packed, err := packEvents(a.Events)
	if err != nil {
		return err
	}
	return t.stmt(keepEvents).int(a.ID).time(at).int(int64(a.Size())).blob(packed).run()
}

func (t sinkWriter) trim(upTo int64) error {
	return t.stmt(trimEvents).int(upTo).limit(store.TrimPage).run()
}

func (r reader) SinkEvents(after int64, limit int) ([]store.SinkEvents, error) {
	last, err := pageBySize(r.stmt(sizeSinkEvents).int(after).limit(limit), after)
	if err != nil || last == after {
		return nil, err
	}
	return all(r.stmt(listSinkEvents).int(after).int(last), func(s stmt) (e store.SinkEvents) {
		e.ID, e.At = s.getInt(), s.getTime()
		events, err := unpackEvents(s.getBlob())
		s.Fail(err)
		e.Events = events
		return e
	})
}

func (r reader) SinkWaiting(after int64, limit int) (int, error) {
	n, err := one(r.stmt(countWaiting).int(after).limit(limit), stmt.getInt)
	return int(n), err
}

func (r reader) SinkBacklog() (store.SinkBacklog, error) {
	found, err := one(r.stmt(selectBacklog), func(s stmt) (b store.SinkBacklog) {
		b.Oldest, b.OldestAt, b.Newest, b.Bytes = s.getInt(), s.getTime(), s.getInt(), s.getInt()
		return b
	})
	if errors.Is(err, store.ErrNotFound) {
		err = nil
	}
	return found, err
}

// letter is the form in which a dead letter is stored. Never change the names.
type letter struct {
	Topic       string    `json:"topic"`
	Payload     []byte    `json:"payload"`
	PublishedAt time.Time `json:"publishedAt"`
	FailedAt    time.Time `json:"failedAt"`
	Attempts    int       `json:"attempts"`
	Reason      string    `json:"reason"`
}

func letterOf(d store.DeadLetter) letter {
	return letter{
		Topic:       d.Event.Topic,
		Payload:     d.Event.Payload,
		PublishedAt: d.PublishedAt.UTC().Truncate(time.Millisecond),
		FailedAt:    d.FailedAt.UTC().Truncate(time.Millisecond),
		Attempts:    d.Attempts,
		Reason:      d.Reason,
	}
}

const (
	// A sink that is gone has no row to select, which is a conflict.
	insertLetter = `INSERT INTO dead_letter (sink, id, again, letter)
		SELECT id, CAST(?2 AS BIGINT), CAST(?3 AS BIGINT), CAST(?4 AS TEXT) FROM sink WHERE id = ?1`
	updateLetter = `UPDATE dead_letter SET again = ?, letter = ? WHERE sink = ? AND id = ?`
	deleteLetter = `DELETE FROM dead_letter WHERE sink = ? AND id = ?`

	listLetters = `SELECT sink, id, again, letter FROM dead_letter
		WHERE sink = ? AND id > ? ORDER BY id LIMIT ?`
	listAgain = `SELECT sink, id, again, letter FROM dead_letter
		WHERE sink = ? AND id > ? AND again = 1 ORDER BY id LIMIT ?`
	countLetters = `SELECT count(*) FROM dead_letter WHERE sink = ?`
)

func (t sinkWriter) addDeadLetter(d store.DeadLetter) error {
	return t.stmt(insertLetter).int(d.Sink).int(d.ID).bool(d.Again).json(letterOf(d)).change()
}

func (t sinkWriter) updateDeadLetter(d store.DeadLetter) error {
	return t.stmt(updateLetter).bool(d.Again).json(letterOf(d)).int(d.Sink).int(d.ID).run()
}

func (t sinkWriter) removeDeadLetter(k store.DeadLetterKey) error {
	return t.stmt(deleteLetter).int(k.Sink).int(k.ID).run()
}

func (r reader) DeadLetters(q store.DeadLetterQuery) ([]store.DeadLetter, error) {
	sql := listLetters
	if q.Again {
		sql = listAgain
	}
	s := r.stmt(sql).int(q.Sink).int(q.After).limit(q.Limit)
	return all(s, func(s stmt) store.DeadLetter {
		var l letter
		d := store.DeadLetter{Sink: s.getInt(), ID: s.getInt(), Again: s.getBool()}
		s.getJSON(&l)
		d.Event = store.Event{Topic: l.Topic, Payload: l.Payload}
		d.PublishedAt, d.FailedAt = l.PublishedAt, l.FailedAt
		d.Attempts, d.Reason = l.Attempts, l.Reason
		return d
	})
}

func (r reader) DeadLetterCount(id int64) (int, error) {
	n, err := one(r.stmt(countLetters).int(id), stmt.getInt)
	return int(n), err
}
