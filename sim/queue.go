package sim

import (
	"container/heap"
	"time"
)

// event is something that happens at a time.
type event struct {
	at  time.Time
	seq int64 // events of one time happen in the order they were planned in
	do  func()
}

// queue holds what is to happen, earliest first.
type queue struct {
	events []event
	last   int64
}

func (q *queue) add(at time.Time, do func()) {
	q.last++
	heap.Push(q, event{at, q.last, do})
}

func (q *queue) next() event { return heap.Pop(q).(event) }

// The methods of heap.Interface.

func (q *queue) Len() int { return len(q.events) }
func (q *queue) Less(i, j int) bool {
	a, b := q.events[i], q.events[j]
	return a.at.Before(b.at) || a.at.Equal(b.at) && a.seq < b.seq
}
func (q *queue) Swap(i, j int) { q.events[i], q.events[j] = q.events[j], q.events[i] }
func (q *queue) Push(x any)    { q.events = append(q.events, x.(event)) }
func (q *queue) Pop() any {
	last := q.events[len(q.events)-1]
	q.events = q.events[:len(q.events)-1]
	return last
}
