package engine

import (
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// head returns the first pending execution of a thing; ok is false when nothing is pending.
func (g *group) head(thing registry.ThingID) (head job.Execution, ok bool, err error) {
	pending, err := g.Pending(thing, 1)
	if err != nil || len(pending) == 0 {
		return job.Execution{}, false, err
	}
	return pending[0], true, nil
}

// notice says what a thing must be told about one execution that goes from before to after, by comparing the pending
// list and its head (R-MQTT-38, R-MQTT-39, table in section 6 of 31). It must be asked before the change is applied.
func (g *group) notice(before, after job.Execution) (store.Notice, error) {
	n := store.Notice{Thing: before.Thing}
	if before.Status == after.Status {
		return n, nil
	}
	head, _, err := g.head(before.Thing)
	if err != nil {
		return n, err
	}
	wasHead := head.ExecutionKey == before.ExecutionKey
	if after.Status.Terminal() {
		n.List, n.Next = true, wasHead
		return n, nil
	}
	n.Next = !wasHead && after.Before(head) // started, and thereby first
	return n, nil
}
