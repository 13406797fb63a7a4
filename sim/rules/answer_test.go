package rules

import (
	"testing"
	"time"

	"github.com/drover-iot/drover/job"
)

// ask is a history in which thing a asks, and what is answered.
func ask(path, body, reply, answer string) func(*history) {
	return func(h *history) { h.ask(path, body, nil, reply, answer) }
}

// One execution as answers show it.
const (
	queued     = `{"jobId":"j","executionNumber":1,"versionNumber":1,"status":"QUEUED"}`
	inProgress = `{"jobId":"j","executionNumber":1,"versionNumber":2,"status":"IN_PROGRESS"}`
)

func TestAnswers(t *testing.T) {
	t.Parallel()
	start := func(h *history) { h.update(a, job.ExecutionInProgress) }
	startWithTimer := func(h *history) {
		answer := `{"execution":` + inProgress + `}`
		h.ask("start-next", `{"stepTimeoutInMinutes":2}`, func() { start(h) }, "accepted", answer)
	}
	run(t, []ruleCase{
		{
			rule:   "R-HTTP-13, R-ORD-1",
			name:   "get lists what is pending",
			before: allQueued,
			keeps:  ask("get", `{}`, "get/accepted", `{"queuedJobs":[`+queued+`]}`),
			breaks: ask("get", `{}`, "get/accepted", `{}`),
		},
		{
			rule:   "R-HTTP-15",
			name:   "$next is the first",
			before: allQueued,
			keeps:  ask("$next/get", `{}`, "accepted", `{"execution":`+queued+`}`),
			breaks: ask("$next/get", `{}`, "accepted", `{"execution":`+inProgress+`}`),
		},
		{
			rule:   "R-HTTP-11",
			name:   "start-next without anything",
			before: created,
			keeps:  ask("start-next", `{}`, "accepted", `{}`),
			breaks: ask("start-next", `{}`, "accepted", `{"execution":`+inProgress+`}`),
		},
		{
			rule:   "R-HTTP-14",
			name:   "start-next starts the first",
			before: allQueued,
			keeps: func(h *history) {
				answer := `{"execution":` + inProgress + `}`
				h.ask("start-next", `{}`, func() { start(h) }, "accepted", answer)
			},
			breaks: ask("start-next", `{}`, "accepted", `{"execution":`+queued+`}`),
		},
		{
			rule:   "R-TMO-3",
			name:   "start-next sets the step timer",
			before: allQueued,
			keeps: func(h *history) {
				h.spoil = first(func(x *job.Execution) {
					x.StepDeadline = noon.Add(2 * time.Minute)
				})
				startWithTimer(h)
			},
			breaks: startWithTimer,
		},
		{
			rule:   "R-HTTP-25",
			name:   "a thing that does not exist",
			before: allQueued,
			keeps: func(h *history) {
				answer := `{"code":"ResourceNotFound"}`
				h.askAs("$aws/things/x/jobs/get", `{}`, nil, "rejected", answer)
			},
			breaks: func(h *history) {
				h.askAs("$aws/things/x/jobs/get", `{}`, nil, "accepted", `{}`)
			},
		},
		{
			rule:   noFailure,
			name:   "InternalError",
			before: created,
			keeps:  ask("get", `{}`, "accepted", `{}`),
			breaks: ask("get", `{}`, "rejected", `{"code":"InternalError"}`),
		},
	})
}

func TestReports(t *testing.T) {
	t.Parallel()
	failed := func(h *history) {
		allQueued(h)
		x := h.latest[a]
		x.Message = "m"
		h.latest[a] = x
		h.update(a, job.ExecutionFailed)
	}
	// again is the report of the failure, delivered once more or not, and how it is answered.
	again := func(message string, redelivered bool, reply, answer string) func(*history) {
		return func(h *history) {
			topic := "$aws/things/a/jobs/j/update"
			h.send(Request{topic, []byte(`{"status":"FAILED"}`), message, redelivered}, nil,
				topic+"/"+reply, answer)
		}
	}
	const refused = `{"code":"InvalidStateTransition"}`
	succeed := func(h *history) { h.update(a, job.ExecutionSucceeded) }
	run(t, []ruleCase{
		{
			rule:   "R-HTTP-17",
			name:   "a status that devices do not report",
			before: allQueued,
			keeps: ask("j/update", `{"status":"CANCELED"}`,
				"rejected", `{"code":"InvalidRequest"}`),
			breaks: ask("j/update", `{"status":"CANCELED"}`, "accepted", `{}`),
		},
		{
			rule:   "R-HTTP-21",
			name:   "another version",
			before: allQueued,
			keeps: ask("j/update", `{"status":"FAILED","expectedVersion":2}`,
				"rejected", `{"code":"VersionMismatch"}`),
			breaks: ask("j/update", `{"status":"FAILED","expectedVersion":2}`, "accepted", `{}`),
		},
		{
			rule:   "R-HTTP-21",
			name:   "another number",
			before: allQueued,
			keeps: ask("j/update", `{"status":"FAILED","executionNumber":2}`,
				"rejected", `{"code":"ResourceNotFound"}`),
			breaks: ask("j/update", `{"status":"FAILED","executionNumber":2}`,
				"rejected", `{"code":"VersionMismatch"}`),
		},
		{
			rule:   "R-HTTP-21",
			name:   "what has ended",
			before: failed,
			keeps: ask("j/update", `{"status":"SUCCEEDED"}`,
				"rejected", `{"code":"InvalidStateTransition"}`),
			breaks: ask("j/update", `{"status":"SUCCEEDED"}`, "accepted", `{}`),
		},
		{
			rule:   "R-HTTP-21",
			name:   "what is delivered again is accepted, R-HTTP-24",
			before: failed,
			keeps:  again("m", true, "accepted", `{}`),
			breaks: again("m", true, "rejected", refused),
		},
		{
			rule:   "R-HTTP-21",
			name:   "the same words are a new report, R-HTTP-24",
			before: failed,
			keeps:  again("m", false, "rejected", refused),
			breaks: again("m", false, "accepted", `{}`),
		},
		{
			rule:   "R-HTTP-21",
			name:   "another message is a new report, R-HTTP-24",
			before: failed,
			keeps:  again("n", true, "rejected", refused),
			breaks: again("n", true, "accepted", `{}`),
		},
		{
			rule:   "R-HTTP-16",
			name:   "what is accepted is done",
			before: allQueued,
			keeps: func(h *history) {
				h.ask("j/update", `{"status":"SUCCEEDED"}`, func() { succeed(h) }, "accepted", `{}`)
			},
			breaks: ask("j/update", `{"status":"SUCCEEDED"}`, "accepted", `{}`),
		},
		{
			rule:   "R-TMO-3, R-TMO-5",
			name:   "-1 stops the step timer",
			before: allStarted,
			keeps: func(h *history) {
				h.ask("j/update", `{"status":"IN_PROGRESS","stepTimeoutInMinutes":-1}`,
					func() { h.update(a, job.ExecutionInProgress) }, "accepted", `{}`)
			},
			spoil: first(func(x *job.Execution) { x.StepDeadline = noon.Add(time.Minute) }),
		},
	})
}
