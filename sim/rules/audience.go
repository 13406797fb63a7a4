package rules

import "github.com/drover-iot/drover/store"

// An audience is who listens to one node: everything is announced by every node to its own devices.
type audience struct {
	// notified is what the last notifications of each thing said, by the name of the thing.
	notified map[string]*told
	// lastNext is the head that each thing was notified of last by the present server, with the
	// time when it was queued, because ids of jobs are used again. A server that starts notifies
	// again of what it cannot know to have been sent.
	lastNext map[string]string
	// toVerify are the names of the things whose last notifications must be compared with what is
	// true now.
	toVerify map[string]bool
	// unpublished are the events that were committed and are not published yet, in order.
	unpublished []store.Event
	// missed says that the node was given up and has missed announcements.
	missed bool
}

func newAudience() *audience {
	return &audience{
		notified: map[string]*told{},
		lastNext: map[string]string{},
		toVerify: map[string]bool{},
	}
}

// GivenUp says that a node was given up by others, and misses announcements from now on until it
// starts.
func (ch *Checker) GivenUp(node int) {
	ch.audiences[node] = newAudience()
	ch.audiences[node].missed = true
}

// told is what the last notifications of a thing said, and which of the two there were. Before the
// first one nothing is pending, unless the node has missed announcements: then nobody knows.
type told struct {
	view
	knowsList, knowsNext bool
}

// last is what the last notifications of a thing said.
func (a *audience) last(name string) *told {
	if a.notified[name] == nil {
		a.notified[name] = &told{knowsList: !a.missed, knowsNext: !a.missed}
	}
	return a.notified[name]
}
