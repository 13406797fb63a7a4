package engine

import (
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// pendingPage is how many pending executions of a thing are read at once: more than most things ever have.
const pendingPage = 4

// pending returns the first pending executions of a thing. What was read last is kept in hand, because one request asks
// for the executions of one thing more than once; taking an outcome lets go of it.
func (g *group) pending(thing registry.ThingID) ([]job.Execution, error) {
	if g.inHand.thing == thing && g.inHand.known {
		return g.inHand.pending, nil
	}
	found, err := g.Pending(thing, pendingPage)
	if err == nil {
		g.inHand.thing, g.inHand.pending, g.inHand.known = thing, found, true
	}
	return found, err
}

// head returns the first pending execution of a thing that no maintenance window hides; ok is false without one.
func (g *group) head(thing registry.ThingID) (head job.Execution, ok bool, err error) {
	found, err := g.pending(thing)
	for asked := pendingPage; err == nil; asked *= 2 {
		for _, x := range found {
			concealed, err := g.concealed(x, x.Status)
			if err != nil || !concealed {
				return x, err == nil, err
			}
		}
		if len(found) < asked {
			break
		}
		found, err = g.Pending(thing, 2*asked)
	}
	return job.Execution{}, false, err
}

// concealed reports whether a maintenance window hides the execution when it is in this status (R-SCH-17).
func (g *group) concealed(x job.Execution, status job.ExecutionStatus) (bool, error) {
	if status != job.ExecutionQueued {
		return false, nil
	}
	j, err := g.Job(x.Job)
	return j.HiddenByWindow(status), err
}

// Latest returns the latest execution of a job on a thing. One that is pending is the latest, since an attempt only follows
// one that has ended.
func (g *group) Latest(key job.Key, thing registry.ThingID) (job.Execution, error) {
	found, err := g.pending(thing)
	if err != nil {
		return job.Execution{}, err
	}
	for _, x := range found {
		if x.Job == key {
			return x, nil
		}
	}
	return g.Tx.Latest(key, thing)
}

// notice says what a thing must be told about one execution that goes from before to after, by comparing the pending
// list and its head (R-MQTT-38, R-MQTT-39, table in section 6 of 31). It must be asked before the change is applied.
func (g *group) notice(before, after job.Execution) (store.Notice, error) {
	n := store.Notice{Thing: before.Thing}
	if before.Status == after.Status {
		return n, nil
	}
	head, ok, err := g.head(before.Thing)
	if err != nil {
		return n, err
	}
	wasHead := ok && head.ExecutionKey == before.ExecutionKey
	if after.Status.Terminal() {
		hidden, err := g.concealed(before, before.Status)
		n.Notify, n.NotifyNext = !hidden, wasHead
		return n, err
	}
	n.NotifyNext = !wasHead && (!ok || after.Before(head)) // started, and thereby first
	return n, nil
}
