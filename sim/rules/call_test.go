package rules

import (
	"testing"

	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/store"
)

var (
	errNotFound   = fault.New(fault.NotFound, "not found")
	errTransition = fault.New(fault.BadTransition, "not now")
	errVersion    = fault.New(fault.VersionDiffers, "another version")
)

// Deleting single executions is checked with the call that asks for it.
func TestCalls(t *testing.T) {
	t.Parallel()
	deleteOne := func(h *history) {
		changes := store.Changes{}
		changes.Job.DeletedExecutions = []job.ExecutionKey{h.latest[a].ExecutionKey}
		h.write(changes)
	}
	forced := func(changes *store.Changes) { changes.Job.UpdatedExecutions[0].ForceCanceled = true }
	run(t, []ruleCase{
		{
			rule:   "R-EXE-30 to R-EXE-45",
			name:   "one that does not exist",
			before: created,
			keeps:  func(h *history) { h.call(ExecutionCall{}, nil, errNotFound) },
			breaks: func(h *history) { h.call(ExecutionCall{}, nil, nil) },
		},
		{
			rule:   "R-EXE-30 to R-EXE-45",
			name:   "IN_PROGRESS without force",
			before: allStarted,
			keeps:  func(h *history) { h.call(ExecutionCall{}, nil, errTransition) },
			breaks: func(h *history) { h.call(ExecutionCall{}, nil, nil) },
		},
		{
			rule:   "R-EXE-30 to R-EXE-45",
			name:   "another version",
			before: allQueued,
			keeps: func(h *history) {
				h.call(ExecutionCall{Version: new(int64(2))}, nil, errVersion)
			},
			breaks: func(h *history) {
				h.call(ExecutionCall{Version: new(int64(1))}, nil, errVersion)
			},
		},
		{
			rule:   "R-EXE-31, R-EXE-33",
			name:   "IN_PROGRESS is cancelled by force",
			before: allStarted,
			keeps: func(h *history) {
				h.spoil = forced
				cancel := func() { h.update(a, job.ExecutionCanceled) }
				h.call(ExecutionCall{Force: true}, cancel, nil)
			},
			breaks: func(h *history) {
				h.call(ExecutionCall{}, func() { h.update(a, job.ExecutionCanceled) }, nil)
			},
		},
		{
			rule:   "R-EXE-42",
			name:   "IN_PROGRESS is deleted by force",
			before: allStarted,
			keeps: func(h *history) {
				h.call(ExecutionCall{Deletes: true, Force: true}, func() { deleteOne(h) }, nil)
			},
			breaks: func(h *history) {
				h.call(ExecutionCall{Deletes: true}, func() { deleteOne(h) }, nil)
			},
		},
		{
			rule:   "R-EXE-40",
			name:   "executions are deleted by a call",
			before: allQueued,
			keeps: func(h *history) {
				h.call(ExecutionCall{Deletes: true}, func() { deleteOne(h) }, nil)
			},
			breaks: deleteOne,
		},
	})
}
