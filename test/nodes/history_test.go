package nodes

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// The history: every request of a device or an operator, when it was sent and answered, and what
// the answer was. A request without an answer may have had its effect, and may have it at any time
// after it was sent: what is on its way through a link that is cut arrives when the link heals.

// A key is one execution: one attempt of a job on a thing. Histories are checked apart for each:
// that an execution is linearizable says nothing of others, but a history of a whole thing would be
// too long to search.
type key struct {
	thing, job string
	number     int64
}

// A call is one request.
type call struct {
	operation operation
	client    string
	node      int
	key       key // thing or job is "" when the request names none; number 0 is any attempt
	ask       ask
	sent      time.Duration // since the test began
	returned  time.Duration // 0 while there is no answer
	answer    answer
	repeated  bool // sent again on another connection, as QoS 1 has it
}

// An ask is what a request wants of an execution.
type ask struct {
	kind     kind
	status   string // that is reported
	expected int64  // expectedVersion; 0: none
}

// An answer is what came back about one execution.
type answer struct {
	unknown bool   // whether the request had its effect: no answer came, or it does not say
	away    bool   // the answer was that the service is not there
	code    string // of a refusal; "" when the request was accepted
	status  string
	version int64 // 0: the answer has neither status nor version
}

// A history is written by all clients.
type history struct {
	began time.Time
	table *table

	mu    sync.Mutex
	calls []*call
}

// now is the time on the history's clock.
func (h *history) now() time.Duration { return time.Since(h.began) }

// send records that a request is about to be sent.
func (h *history) send(c call) *call {
	c.sent = h.now()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.calls = append(h.calls, &c)
	return &c
}

// finish records the answer, and counts the request in the table. A request that was sent more than
// once and then refused may have had its effect the first time, so it counts as one without an
// answer, and the refusal as a read of its own.
func (h *history) finish(c *call, a answer) {
	h.mu.Lock()
	defer h.mu.Unlock()
	c.answer = a
	c.returned = h.now()
	if c.repeated && !a.unknown && a.code != "" {
		read := *c
		read.ask = ask{kind: refused, status: c.ask.status, expected: c.ask.expected}
		h.calls = append(h.calls, &read)
		c.answer = answer{unknown: true}
	}
	h.table.count(c)
}

// observe records what an answer said beside what was asked: the executions of a list. Each entry
// is a read of that execution, at some time between the request and its answer.
func (h *history) observe(c *call, k key, a answer) {
	read := *c
	read.key, read.ask, read.answer = k, ask{kind: describe}, a
	h.mu.Lock()
	defer h.mu.Unlock()
	read.returned = h.now()
	h.calls = append(h.calls, &read)
}

// count is how many requests there were, and how many of those that ended got no answer.
func (h *history) count() (requests, unanswered int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, c := range h.calls {
		if c.answer.unknown {
			unanswered++
		}
	}
	return len(h.calls), unanswered
}

// close counts what has no answer yet as unanswered.
func (h *history) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, c := range h.calls {
		if c.returned == 0 {
			c.answer = answer{unknown: true}
		}
	}
}

// mayStart is since when a start-next without an answer may start any execution of each thing. One
// that was sent twice may have started another than the one that was answered.
func (h *history) mayStart() map[string]time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	since := map[string]time.Duration{}
	for _, c := range h.calls {
		if c.operation != opStartNext || !c.answer.unknown && !c.repeated {
			continue
		}
		if at, ok := since[c.key.thing]; !ok || c.sent < at {
			since[c.key.thing] = c.sent
		}
	}
	return since
}

// lastOf prints the last calls of a client, and what else was asked of its thing since.
func (h *history) lastOf(thing string) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	var lines []string
	for _, c := range h.calls {
		if c.client == thing || c.key.thing == thing && c.operation != opListForThing {
			lines = append(lines, fmt.Sprintf("\n%12v to %-12v node-%d %s %s %d: %v",
				c.sent.Round(time.Millisecond), c.returned.Round(time.Millisecond), c.node+1,
				c.operation, c.key.job, c.key.number, c.answer))
		}
	}
	return strings.Join(lines[max(0, len(lines)-20):], "")
}

// byExecution sorts the calls that name an execution by it, in the order of their sending.
func (h *history) byExecution() map[key][]*call {
	h.mu.Lock()
	defer h.mu.Unlock()
	all := map[key][]*call{}
	for _, c := range h.calls {
		if c.key.thing != "" && c.key.job != "" && c.key.number != 0 {
			all[c.key] = append(all[c.key], c)
		}
	}
	for _, calls := range all {
		slices.SortStableFunc(calls, func(a, b *call) int { return cmp.Compare(a.sent, b.sent) })
	}
	return all
}
