package job

import "time"

// Devices are notified when the list of their pending executions changes, and when its head does:
// the table of docs/spec/31, section 6 (R-MQTT-39). What is hidden is not in the list. The functions here take the head of the list before the change, nil when it is empty.

// Notice says what a device is notified of. The zero Notice is nothing.
type Notice struct {
	Notify     bool // jobs/notify: the list changed
	NotifyNext bool // jobs/notify-next: the head of the list changed
}

// NoticeOfNew is the notice of an execution that is queued. It stands behind all others, so that it
// becomes the head of an empty list only; but a clock that was set back may put it before them.
func NoticeOfNew(head *Execution, x Execution) Notice {
	return Notice{Notify: true, NotifyNext: head == nil || x.Before(*head)}
}

// NoticeOfChange is the notice of an execution whose status changes; after is Removed for one that
// is deleted. hidden says that it is hidden before the change.
//
// An execution that ends leaves the list, and was its head or not. One that starts stays in the
// list, so its device is notified only when it overtakes the head: of A and B, both QUEUED,
// starting A changes nothing, and starting B makes B the head (R-MQTT-38).
func NoticeOfChange(head *Execution, before, after Execution, hidden bool) Notice {
	if before.Status == after.Status {
		return Notice{}
	}
	wasHead := head != nil && head.ExecutionKey == before.ExecutionKey
	if after.Status.Terminal() {
		return Notice{Notify: !hidden, NotifyNext: wasHead}
	}
	return Notice{NotifyNext: !wasHead && (head == nil || after.Before(*head))}
}

// NoticeOfWindow is the notice of an execution of the job that a maintenance window has just shown
// or hidden (R-SCH-17, R-SCH-18). The head is that of the list after the change. It has changed
// when the execution is the head now, or when it is hidden now and stood before the head that is
// left. An execution of a thing that is held is hidden either way.
func (s State) NoticeOfWindow(head *Execution, x Execution) Notice {
	if x.Held {
		return Notice{}
	}
	first := head == nil || head.ExecutionKey == x.ExecutionKey ||
		s.Hidden(x) && x.Before(*head)
	return Notice{Notify: true, NotifyNext: first}
}

// NotifiedWindow records that the pass that notifies devices of a window has reached the execution
// with this key; done says that it was the last.
func (j *Job) NotifiedWindow(last ExecutionKey, done bool, now time.Time) {
	j.NotifyCursor, j.HiddenAtSweep = &ExecutionCursor{Thing: last.Thing, Number: last.Number}, false
	if done {
		j.NotifyCursor = nil
	}
	j.Recompute(now)
}
