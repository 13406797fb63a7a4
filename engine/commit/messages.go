package commit

import "github.com/drover-iot/drover/store"

// messages is what one commit announces: what devices are notified of, and lifecycle events.
type messages struct {
	stagedNotices []store.Notice
	stagedEvents  []store.Event

	notices Notices
	events  []store.Event
	nodes   store.ForNodes
}

// Notify stages what devices are notified of once the commit is on stable storage (R-CON-23). A
// notice that asks for nothing is passed over.
func (m *messages) Notify(n store.Notice) {
	if n.Notify || n.NotifyNext {
		m.stagedNotices = append(m.stagedNotices, n)
	}
}

// Publish stages a lifecycle event. Events are published in the order in which they were staged,
// those of executions before those of the jobs whose state they changed (R-EVT-11).
func (m *messages) Publish(e store.Event) { m.stagedEvents = append(m.stagedEvents, e) }

// TellNodes says what the nodes themselves must learn. Unlike the others it is not staged: the
// request cannot be refused any more.
func (m *messages) TellNodes(f store.ForNodes) { m.nodes.Add(f) }

// applyEvents takes over the staged events.
func (m *messages) applyEvents() {
	m.events = append(m.events, m.stagedEvents...)
	m.stagedEvents = nil
}

// applyNotices takes over the staged notices. A commit sends at most one message of each kind to a
// thing (R-MQTT-39).
func (m *messages) applyNotices() {
	for _, n := range m.stagedNotices {
		m.notices.Add(n)
	}
	m.stagedNotices = nil
}

// drop forgets what is staged.
func (m *messages) drop() { m.stagedNotices, m.stagedEvents = nil, nil }

// announcement is what is stored to be announced, nil when there is nothing.
func (m *messages) announcement(id func() int64) []store.Announcement {
	if len(m.notices.List()) == 0 && len(m.events) == 0 && m.nodes.Empty() {
		return nil
	}
	return []store.Announcement{{
		ID:      id(),
		Notices: m.notices.List(),
		Events:  m.events,
		Nodes:   m.nodes,
	}}
}
