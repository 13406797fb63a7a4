package nodes

import (
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
)

// That the model can fail: histories that no order of their requests explains, each beside the one
// next to it that an order does explain.

// An executionCall is one request of a test's history, sent and answered at given seconds.
type executionCall struct {
	sent, returned time.Duration
	ask            ask
	answer         answer
}

func at(sent, returned int, in ask, out answer) executionCall {
	return executionCall{
		time.Duration(sent) * time.Second, time.Duration(returned) * time.Second, in, out}
}

var (
	silence = answer{unknown: true}
	started = answer{status: "IN_PROGRESS", version: 2}
)

func reports(status string, expected int64) ask {
	return ask{kind: report, status: status, expected: expected}
}

func says(status string, version int64) answer { return answer{status: status, version: version} }

func refuses(code, status string, version int64) answer {
	return answer{code: code, status: status, version: version}
}

func TestModel(t *testing.T) {
	t.Parallel()
	var (
		start = at(1, 2, ask{kind: next}, started)
		read  = ask{kind: describe}
	)
	for _, row := range []struct {
		name  string
		calls []executionCall
		may   []kind
		want  bool
	}{
		{"a job is done", []executionCall{
			start, at(3, 4, reports("SUCCEEDED", 2), says("SUCCEEDED", 3)),
			at(5, 6, read, says("SUCCEEDED", 3)),
		}, nil, true},
		{"an acknowledged report is lost", []executionCall{
			start, at(3, 4, reports("SUCCEEDED", 2), says("SUCCEEDED", 3)),
			at(5, 6, read, says("IN_PROGRESS", 2)),
		}, nil, false},
		{"a read beside a report sees the state before it", []executionCall{
			start, at(3, 6, reports("SUCCEEDED", 2), says("SUCCEEDED", 3)),
			at(4, 5, read, says("IN_PROGRESS", 2)),
		}, nil, true},
		{"a read that a node answers from before a report", []executionCall{
			start, at(3, 4, reports("IN_PROGRESS", 2), says("IN_PROGRESS", 3)),
			at(5, 6, read, says("IN_PROGRESS", 2)), at(7, 8, read, says("IN_PROGRESS", 3)),
		}, nil, false},
		{"two reports make the same version", []executionCall{
			start, at(3, 6, reports("IN_PROGRESS", 0), says("IN_PROGRESS", 3)),
			at(4, 5, reports("IN_PROGRESS", 0), says("IN_PROGRESS", 3)),
		}, nil, false},
		{"two reports make a version each", []executionCall{
			start, at(3, 6, reports("IN_PROGRESS", 0), says("IN_PROGRESS", 4)),
			at(4, 5, reports("IN_PROGRESS", 0), says("IN_PROGRESS", 3)),
		}, nil, true},
		{"a report is done twice", []executionCall{
			start, at(3, 4, reports("IN_PROGRESS", 0), says("IN_PROGRESS", 3)),
			at(5, 6, read, says("IN_PROGRESS", 4)),
		}, nil, false},
		{"a report without an answer is done", []executionCall{
			start, at(3, 4, reports("SUCCEEDED", 2), silence),
			at(5, 6, read, says("SUCCEEDED", 3)),
		}, nil, true},
		{"a report without an answer is not done", []executionCall{
			start, at(3, 4, reports("SUCCEEDED", 2), silence),
			at(5, 6, read, says("IN_PROGRESS", 2)),
		}, nil, true},
		{"a report without an answer is done late", []executionCall{
			start, at(3, 4, reports("SUCCEEDED", 2), silence),
			at(5, 6, read, says("IN_PROGRESS", 2)),
			at(7, 8, read, says("SUCCEEDED", 3)),
		}, nil, true},
		{"a report without an answer is undone", []executionCall{
			start, at(3, 4, reports("SUCCEEDED", 2), silence),
			at(5, 6, read, says("SUCCEEDED", 3)),
			at(7, 8, read, says("IN_PROGRESS", 2)),
		}, nil, false},
		{"a report without an answer is done twice", []executionCall{
			start, at(3, 4, reports("IN_PROGRESS", 0), silence),
			at(5, 6, read, says("IN_PROGRESS", 4)),
		}, nil, false},
		{"an end is followed by another", []executionCall{
			start, at(3, 4, reports("FAILED", 0), says("FAILED", 3)),
			at(5, 6, reports("SUCCEEDED", 0), says("SUCCEEDED", 4)),
		}, nil, false},
		{"an end refuses another", []executionCall{
			start, at(3, 4, reports("FAILED", 0), says("FAILED", 3)),
			at(5, 6, reports("SUCCEEDED", 0), refuses("InvalidStateTransition", "FAILED", 3)),
		}, nil, true},
		{"a refusal for an end that nobody has reported", []executionCall{
			start,
			at(3, 4, reports("SUCCEEDED", 0), refuses("InvalidStateTransition", "CANCELED", 3)),
		}, nil, false},
		{"a refusal for an end that the job's cancellation made", []executionCall{
			start,
			at(3, 4, reports("SUCCEEDED", 0), refuses("InvalidStateTransition", "CANCELED", 3)),
		}, []kind{mayForceCancel}, true},
		{"a refused version that is the stored one", []executionCall{
			start,
			at(3, 4, reports("SUCCEEDED", 2), refuses("VersionMismatch", "IN_PROGRESS", 2)),
		}, nil, false},
		{"an acknowledged cancellation is lost", []executionCall{
			at(1, 2, ask{kind: cancel}, answer{}), at(3, 4, read, says("QUEUED", 1)),
		}, nil, false},
		{"a cancellation without force of what was started", []executionCall{
			start,
			at(3, 4, ask{kind: cancel}, refuses("InvalidStateTransitionException", "", 0)),
		}, nil, true},
		{"an execution is gone that nobody has deleted", []executionCall{
			start, at(3, 4, read, refuses("ResourceNotFoundException", "", 0)),
		}, nil, false},
		{"a deleted execution comes back", []executionCall{
			start, at(3, 4, ask{kind: remove}, answer{}),
			at(5, 6, read, says("IN_PROGRESS", 2)),
		}, nil, false},
		{"an execution times out once", []executionCall{
			start, at(3, 4, read, says("TIMED_OUT", 3)), at(5, 6, read, says("TIMED_OUT", 4)),
		}, []kind{mayTimeOut}, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			may := map[kind]time.Duration{mayCreate: 0}
			for _, kind := range row.may {
				may[kind] = 0
			}
			var calls []*call
			for _, c := range row.calls {
				calls = append(calls, &call{
					ask:      c.ask,
					answer:   c.answer,
					sent:     c.sent,
					returned: c.returned,
				})
			}
			got := porcupine.CheckOperations(model.ToModel(), operationsOf(calls, may))
			if got != row.want {
				t.Errorf("linearizable %v, want %v", got, row.want)
			}
		})
	}
}
