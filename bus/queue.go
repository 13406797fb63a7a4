package bus

import "sync"

// A queue is what waits to be sent: messages for the moment that it takes to write them to the
// connection, and more of them while that stalls. It has a limit, beyond which the newest are
// dropped.
type queue struct {
	more chan struct{} // has a token when there is something

	mu       sync.Mutex
	limit    int
	bytes    int
	messages [][]byte
	lost     int // messages that were dropped since the last report
}

// maxQueued is how many bytes of messages may wait, with messageBytes more for each.
const (
	maxQueued    = 16 << 20
	messageBytes = 64
)

func newQueue(limit int) queue {
	return queue{more: make(chan struct{}, 1), limit: limit}
}

// add appends a message or drops it.
func (q *queue) add(message []byte) {
	q.mu.Lock()
	defer q.mu.Unlock()
	size := len(message) + messageBytes
	if q.bytes+size > q.limit {
		q.lost++
		return
	}
	q.bytes += size
	q.messages = append(q.messages, message)
	select {
	case q.more <- struct{}{}:
	default:
	}
}

// take removes all messages. They count until sent is called.
func (q *queue) take() (all [][]byte) {
	q.mu.Lock()
	defer q.mu.Unlock()
	all, q.messages = q.messages, nil
	return all
}

// sent says that messages that were taken are not in memory any more; so many were dropped.
func (q *queue) sent(all [][]byte, lost int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, message := range all {
		q.bytes -= len(message) + messageBytes
	}
	q.lost += lost
}

// dropped returns how many messages were dropped since it was called last.
func (q *queue) dropped() (n int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	n, q.lost = q.lost, 0
	return n
}
