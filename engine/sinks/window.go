package sinks

import (
	"slices"
	"time"

	"github.com/drover-iot/drover/registry/sink"
)

// A window is the events of a sink that were read and are not done with. It keeps the order of each
// job: of a job the first event only is given out, and the next one when that is done with. The
// position of the sink is behind the last row before which everything is done.
//
// It knows no time but what it is given, and sends nothing.
type window struct {
	rows     []*row // in the order of the log
	position int64  // everything up to this announcement is done
	lanes    map[lane]*queue
	ready    []*queue // may send now
	waiting  []*queue // wait for a time
	size     int      // events
}

// A row is what is left of the events of one announcement.
type row struct {
	id   int64
	left int
}

// lane is what keeps an order: a job, or a job's dead letters, which have an order of their own.
type lane struct {
	job   string
	again bool
}

// A queue is the events of one lane.
type queue struct {
	lane
	items []*item
	until time.Time // of one that waits
}

// An item is one event of a window.
type item struct {
	event    sink.Event
	message  Message
	at       time.Time // when it was published
	attempts int       // that have failed
	earlier  int       // attempts before a dead letter became one
	letter   int64     // the dead letter that it is; 0 for an event of the log
	row      *row      // nil for a dead letter
	queue    *queue
}

func newWindow(position int64) *window {
	return &window{position: position, lanes: map[lane]*queue{}}
}

// addRow adds a row of the log with the events that the sink wants.
func (w *window) addRow(id int64, items []*item) {
	r := &row{id: id, left: len(items)}
	w.rows = append(w.rows, r)
	for _, it := range items {
		it.row = r
		w.add(it)
	}
}

// add adds an event behind those of the same lane.
func (w *window) add(it *item) {
	key := lane{it.event.JobID, it.letter != 0}
	q := w.lanes[key]
	if q == nil {
		q = &queue{lane: key}
		w.lanes[key] = q
		w.ready = append(w.ready, q)
	}
	it.queue = q
	q.items = append(q.items, it)
	w.size++
}

// next gives out an event that may be sent, nil when there is none.
func (w *window) next(now time.Time) *item {
	due := func(q *queue) bool { return !q.until.After(now) }
	for i := 0; i < len(w.waiting); {
		if !due(w.waiting[i]) {
			i++
			continue
		}
		w.ready = append(w.ready, w.waiting[i])
		w.waiting = slices.Delete(w.waiting, i, i+1)
	}
	if len(w.ready) == 0 {
		return nil
	}
	q := w.ready[0]
	w.ready = w.ready[1:]
	return q.items[0]
}

// done says that an event which was given out was delivered or given up.
func (w *window) done(it *item) {
	q := it.queue
	q.items = q.items[1:]
	if len(q.items) == 0 {
		delete(w.lanes, q.lane)
	} else {
		w.ready = append(w.ready, q)
	}
	if it.row != nil {
		it.row.left--
	}
	w.size--
}

// retry says that an event which was given out must be sent again, not before a time.
func (w *window) retry(it *item, until time.Time) {
	it.queue.until = until
	w.waiting = append(w.waiting, it.queue)
}

// waitsUntil is when an event may be sent again first; zero when none waits for a time.
func (w *window) waitsUntil() (first time.Time) {
	for _, q := range w.waiting {
		if first.IsZero() || q.until.Before(first) {
			first = q.until
		}
	}
	return first
}

// advance returns the announcement up to which everything is done.
func (w *window) advance() int64 {
	for len(w.rows) > 0 && w.rows[0].left == 0 {
		w.position = w.rows[0].id
		w.rows = w.rows[1:]
	}
	return w.position
}

// letters is how many of the events are dead letters.
func (w *window) letters() (n int) {
	for key, q := range w.lanes {
		if key.again {
			n += len(q.items)
		}
	}
	return n
}
