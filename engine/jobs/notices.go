package jobs

import (
	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// A device is notified on jobs/notify when its list of pending executions changes, and on
// jobs/notify-next when the head of that list becomes another (docs/spec/31, section 6). Package
// job decides by the head; here it is loaded.

// visibleHead returns the first pending execution of a thing that is not hidden, nil when there
// is none.
func visibleHead(tx *commit.Tx, thing registry.ThingID) (head *job.Execution, err error) {
	err = eachPending(tx, thing, func(x job.Execution) (more bool, err error) {
		hidden, err := isHidden(tx, x)
		if !hidden {
			head = &x
		}
		return hidden, err
	})
	if err != nil {
		return nil, err
	}
	return head, nil
}

// eachPending calls f for the pending executions of a thing, in order, until f asks for no more.
func eachPending(
	tx *commit.Tx, thing registry.ThingID, f func(x job.Execution) (more bool, err error),
) error {
	found, err := tx.FirstPending(thing)
	for done, asked := 0, commit.PendingPage; err == nil; asked *= 2 {
		for _, x := range found[min(done, len(found)):] {
			if more, err := f(x); err != nil || !more {
				return err
			}
		}
		if done = len(found); done < asked {
			break
		}
		found, err = tx.Pending(thing, 2*asked)
	}
	return err
}

// isHidden reports whether an execution is hidden from its device: its job waits for a maintenance
// window or is paused, or its thing is held (R-SCH-17, R-STR-10, R-STR-14).
func isHidden(tx *commit.Tx, x job.Execution) (bool, error) {
	if x.Status != job.ExecutionQueued {
		return false, nil
	}
	j, err := tx.AppliedJob(x.Job)
	return err == nil && j.Hidden(x), err
}

// notifyOfChange stages what a thing is notified of when one of its executions goes from before to
// after. It must be called before the change is applied, because it compares with the list as it
// is.
func notifyOfChange(tx *commit.Tx, before, after job.Execution) error {
	if before.Status == after.Status {
		return nil
	}
	head, err := visibleHead(tx, before.Thing)
	if err != nil {
		return err
	}
	hidden, err := isHidden(tx, before)
	notify(tx, before.Thing, job.NoticeOfChange(head, before, after, hidden))
	return err
}

func notify(tx *commit.Tx, thing registry.ThingID, n job.Notice) {
	tx.Notify(store.Notice{Thing: thing, Notify: n.Notify, NotifyNext: n.NotifyNext})
}
