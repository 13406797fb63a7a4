package jobs

import (
	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// A device is notified on jobs/notify when its list of pending executions changes, and on jobs/notify-next when the first
// of that list, its head, becomes another (docs/spec/31, section 6). Executions that a maintenance window hides are not
// in the list.

// visibleHead returns the first pending execution of a thing that no maintenance window hides; ok is false when there is
// none.
func visibleHead(tx *commit.Tx, thing registry.ThingID) (head job.Execution, ok bool, err error) {
	found, err := tx.FirstPending(thing)
	for asked := commit.PendingPage; err == nil; asked *= 2 {
		for _, x := range found {
			hidden, err := hiddenByWindow(tx, x)
			if err != nil || !hidden {
				return x, err == nil, err
			}
		}
		if len(found) < asked {
			break
		}
		found, err = tx.Pending(thing, 2*asked)
	}
	return job.Execution{}, false, err
}

// hiddenByWindow reports whether a maintenance window hides an execution from its device (R-SCH-17).
func hiddenByWindow(tx *commit.Tx, x job.Execution) (bool, error) {
	if x.Status != job.ExecutionQueued {
		return false, nil
	}
	j, err := tx.AppliedJob(x.Job)
	return j.HiddenByWindow(x.Status), err
}

// noticeOf says what a thing must be notified of when one of its executions goes from before to after (R-MQTT-38,
// R-MQTT-39). It must be asked before the change is applied, because it compares with the list as it is.
func noticeOf(tx *commit.Tx, before, after job.Execution) (store.Notice, error) {
	n := store.Notice{Thing: before.Thing}
	if before.Status == after.Status {
		return n, nil
	}
	head, ok, err := visibleHead(tx, before.Thing)
	if err != nil {
		return n, err
	}
	wasHead := ok && head.ExecutionKey == before.ExecutionKey
	if after.Status.Terminal() {
		hidden, err := hiddenByWindow(tx, before)
		n.Notify, n.NotifyNext = !hidden, wasHead
		return n, err
	}
	n.NotifyNext = !wasHead && (!ok || after.Before(head)) // it was started, and is first by that
	return n, nil
}
