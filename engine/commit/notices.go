package commit

import "github.com/drover-iot/drover/store"

// Notify stages what devices are notified of once the commit is on stable storage (R-CON-23). A notice that asks for
// nothing is passed over.
func (tx *Tx) Notify(n store.Notice) {
	if n.Notify || n.NotifyNext {
		tx.stagedNotices = append(tx.stagedNotices, n)
	}
}

// Publish stages a lifecycle event. Events are published in the order in which they were staged, those of executions
// before those of the jobs whose state they changed (R-EVT-11).
func (tx *Tx) Publish(e store.Event) { tx.stagedEvents = append(tx.stagedEvents, e) }

// announce merges a notice with what the commit notifies already: at most one message of each kind for a thing in one
// commit (R-MQTT-39).
func (tx *Tx) announce(n store.Notice) {
	at, known := tx.noticeAt[n.Thing]
	if !known {
		tx.noticeAt[n.Thing] = len(tx.notices)
		tx.notices = append(tx.notices, n)
		return
	}
	tx.notices[at].Notify = tx.notices[at].Notify || n.Notify
	tx.notices[at].NotifyNext = tx.notices[at].NotifyNext || n.NotifyNext
}
