package job

import (
	"time"

	"github.com/drover-iot/drover/registry"
)

// MembershipWork is what a change of a thing's groups still has to do in jobs. A thing may have any
// number of executions, and its groups any number of continuous jobs; the first are dealt with by
// the change itself, and this says where the background goes on (R-JOB-61).
//
// It goes on by what the thing was before the change and by what it is when its turn comes. So the
// work of several changes of one thing may be done in any order, and a thing that has left and come
// back in between has not left (R-EXE-28).
type MembershipWork struct {
	Number int64            `json:"-"` // its key
	Thing  registry.ThingID `json:"thing"`
	// Before is the groups of the thing before the change, and all groups above them.
	Before []registry.GroupID `json:"before,omitempty"`
	// Deleted says that the thing itself is gone, Left that it has left a group.
	Deleted bool `json:"deleted,omitzero"`
	Left    bool `json:"left,omitzero"`
	// Queued is the place among the QUEUED executions of the thing up to which it was decided which
	// become REMOVED.
	Queued QueueCursor `json:"queued,omitzero"`
	// PendingDone says that no execution is left to become REMOVED: continuous jobs follow.
	PendingDone bool `json:"pendingDone,omitzero"`
	// Job is the last continuous job that has followed; they go by key.
	Job Key `json:"job,omitzero"`
}

// QueueCursor is the place of one execution among those that are QUEUED for its thing.
type QueueCursor struct {
	QueuedAt time.Time `json:"queuedAt,omitzero"`
	Sequence int64     `json:"sequence,omitzero"`
}
