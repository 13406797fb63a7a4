package sim

import (
	"container/heap"
	"time"

	"github.com/drover-iot/drover/internal/clock"
)

// startTime is when every simulation begins: at the end of February in a leap year, at an odd
// second.
var startTime = time.Date(2028, 2, 27, 22, 10, 7, 123e6, time.UTC)

// timeline is the virtual clock of a run and all that is planned on it. The clock stands still
// while something happens.
type timeline struct {
	clock *clock.Virtual
	queue queue
}

func newTimeline() *timeline { return &timeline{clock: clock.NewVirtual(startTime)} }

// now is the present time of the simulation.
func (t *timeline) now() time.Time { return t.clock.Now() }

// after plans something, which happens when the time d has passed.
func (t *timeline) after(d time.Duration, do func()) {
	t.queue.last++
	heap.Push(&t.queue, event{t.now().Add(d), t.queue.last, do})
}

// empty says whether nothing is planned any more.
func (t *timeline) empty() bool { return t.queue.Len() == 0 }

// next is when the next planned event happens. There must be one.
func (t *timeline) next() time.Time { return t.queue.events[0].at }

// happen sets the clock to the next planned event and lets it happen.
func (t *timeline) happen() {
	next := heap.Pop(&t.queue).(event)
	t.clock.Set(next.at)
	next.do()
}

// event is something that is planned.
type event struct {
	at  time.Time
	seq int64 // events of one time happen in the order in which they were planned
	do  func()
}

// queue holds the planned events as a heap, so that the earliest is found at once among thousands.
// Its methods are those of heap.Interface; only timeline calls them.
type queue struct {
	events []event
	last   int64 // the seq that was given last
}

func (q *queue) Len() int { return len(q.events) }

func (q *queue) Less(i, j int) bool {
	a, b := q.events[i], q.events[j]
	return a.at.Before(b.at) || a.at.Equal(b.at) && a.seq < b.seq
}

func (q *queue) Swap(i, j int) { q.events[i], q.events[j] = q.events[j], q.events[i] }

func (q *queue) Push(x any) { q.events = append(q.events, x.(event)) }

func (q *queue) Pop() any {
	last := q.events[len(q.events)-1]
	q.events = q.events[:len(q.events)-1]
	return last
}
