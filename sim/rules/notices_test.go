package rules

import (
	"testing"
	"time"

	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/store"
)

func TestNotices(t *testing.T) {
	t.Parallel()
	run(t, []ruleCase{
		{
			rule:   "R-MQTT-39",
			name:   "a new execution has a notice",
			before: created,
			keeps:  func(h *history) { h.release(a) },
			spoil:  func(c *store.Changes) { c.Outbox.Added = nil },
		},
		{
			rule:   "R-MQTT-39",
			name:   "starting the first one has none",
			before: allQueued,
			keeps:  func(h *history) { h.update(a, job.ExecutionInProgress) },
			spoil: func(c *store.Changes) {
				notice := store.Notice{Thing: a, Notify: true}
				added := store.Announcement{ID: 99, Notices: []store.Notice{notice}}
				c.Outbox.Added = append(c.Outbox.Added, added)
			},
		},
		{
			rule:   "R-MQTT-38",
			name:   "notices reach the thing",
			before: created,
			keeps: func(h *history) {
				h.release(a, b, c)
				h.settled()
			},
			breaks: func(h *history) {
				h.silent = true
				h.release(a, b, c)
				h.settled()
			},
		},
		{
			rule:   "R-MQTT-38",
			name:   "and say what is true",
			before: allQueued,
			keeps:  func(h *history) { h.settled() },
			breaks: func(h *history) {
				next := `{"execution":{"jobId":"j","executionNumber":2}}`
				h.checker.Notified(0, "$aws/things/a/jobs/notify-next", []byte(next))
				h.settled()
			},
		},
		{
			rule:   "R-MQTT-39",
			name:   "nobody hears twice in a row of the same head",
			before: allQueued,
			keeps: func(h *history) {
				h.read(func(now State) { h.checker.Restarted(now, 0) }) // which cannot know what was sent
				h.notify(a)
			},
			breaks: func(h *history) { h.notify(a) },
		},
		{
			rule:   "R-MQTT-8",
			name:   "payloads are JSON",
			before: allQueued,
			keeps: func(h *history) {
				h.checker.Notified(0, "$aws/things/a/jobs/notify", []byte("{}"))
			},
			breaks: func(h *history) {
				h.checker.Notified(0, "$aws/things/a/jobs/notify", []byte("{"))
			},
		},
	})
}

func TestEvents(t *testing.T) {
	t.Parallel()
	enabled := func(h *history) {
		h.checker.EnableEvents()
		h.events = true
		allQueued(h)
	}
	failed := executionEvent("failed", a)
	opening, closing := jobEvent("cancellation_in_progress"), jobEvent("canceled")
	cancelWith := func(h *history, events ...store.Event) {
		h.withEvents(events...)
		h.state("CANCELED", "")
	}
	run(t, []ruleCase{
		{
			rule:   "R-EVT-23, R-EVT-28",
			name:   "an execution that ends has one",
			before: enabled,
			keeps:  func(h *history) { h.update(a, job.ExecutionFailed) },
			spoil:  func(c *store.Changes) { c.Outbox.Added[0].Events = nil },
		},
		{
			rule:   "R-EVT-24",
			name:   "one that does not end has none",
			before: enabled,
			keeps:  func(h *history) { h.update(a, job.ExecutionInProgress) },
			breaks: func(h *history) {
				h.withEvents(failed)
				h.update(a, job.ExecutionInProgress)
			},
		},
		{
			rule:   "R-EVT-3, R-EVT-27",
			name:   "none unless they are enabled",
			before: allQueued,
			keeps:  func(h *history) { h.update(a, job.ExecutionFailed) },
			breaks: func(h *history) {
				h.withEvents(failed)
				h.update(a, job.ExecutionFailed)
			},
		},
		{
			rule:   "docs/spec/24",
			name:   "the topic is that of the event",
			before: enabled,
			keeps:  func(h *history) { h.update(a, job.ExecutionFailed) },
			spoil: func(c *store.Changes) {
				c.Outbox.Added[0].Events[0].Topic = "$aws/events/job/j/failed"
			},
		},
		{
			rule:   "R-EVT-11",
			name:   "a cancellation begins before it ends",
			before: enabled,
			keeps:  func(h *history) { cancelWith(h, opening, closing) },
			breaks: func(h *history) { cancelWith(h, closing) },
		},
		{
			rule:   "docs/spec/24 section 2",
			name:   "a job that is cancelled has one",
			before: enabled,
			keeps:  func(h *history) { cancelWith(h, opening, closing) },
			breaks: func(h *history) { cancelWith(h) },
		},
		{
			rule:   "docs/spec/24",
			name:   "what the server does by itself is not on a topic of the vendor",
			before: enabled,
			keeps:  func(h *history) { observeWith(h, steeringEvent("observed"), steeringEvent("paused")) },
			breaks: func(h *history) { observeWith(h, jobEvent("observed"), steeringEvent("paused")) },
		},
		{
			rule:   "R-STR-70",
			name:   "what was observed has one",
			before: enabled,
			keeps:  func(h *history) { observeWith(h, steeringEvent("observed"), steeringEvent("paused")) },
			breaks: func(h *history) { observeWith(h, steeringEvent("paused")) },
		},
		{
			rule:   "R-STR-70",
			name:   "a pause by the server has one",
			before: enabled,
			keeps:  func(h *history) { observeWith(h, steeringEvent("observed"), steeringEvent("paused")) },
			breaks: func(h *history) { observeWith(h, steeringEvent("observed")) },
		},
		{
			rule: "R-EVT-27",
			name: "published in order, repeated as they were",
			before: func(h *history) {
				enabled(h)
				h.update(a, job.ExecutionFailed)
				h.update(b, job.ExecutionFailed)
			},
			keeps: func(h *history) {
				h.checker.Published(0, failed)
				h.checker.Published(0, failed)
				h.checker.Published(0, executionEvent("failed", b))
				h.settled()
			},
			breaks: func(h *history) {
				other := store.Event{Topic: failed.Topic, Payload: []byte(`{"eventId":"failed-1"}`)}
				h.checker.Published(0, other)
			},
		},
		{
			rule: "R-EVT-27",
			name: "all are published",
			before: func(h *history) {
				enabled(h)
				h.update(a, job.ExecutionFailed)
			},
			keeps: func(h *history) {
				h.checker.Published(0, failed)
				h.settled()
			},
			breaks: func(h *history) { h.settled() },
		},
		{
			rule: "R-EVT-11, R-JOB-28",
			name: "what begins comes to its end",
			before: func(h *history) {
				enabled(h)
				h.updateAll(job.ExecutionInProgress, a, b, c)
				cancelWith(h, opening)
				h.checker.Published(0, opening)
			},
			keeps: func(h *history) {
				cancelWith(h, closing)
				h.checker.Published(0, closing)
				h.settled()
			},
			breaks: func(h *history) { h.settled() },
		},
	})
}

// observeWith has the server pause the job of a history for a criterion that it gets and that is met
// already, with events.
func observeWith(h *history, events ...store.Event) {
	h.update(a, job.ExecutionFailed)
	h.job.Steering = &job.Steering{Abort: job.ActionPause}
	h.job.Abort = &job.AbortConfig{Criteria: []job.AbortCriterion{{
		FailureType: "FAILED", ThresholdHundredths: 1000, MinExecuted: 1,
	}}}
	h.job.Steered = &job.Steered{Observed: []job.Observation{{At: h.now, Criterion: 1, Action: job.ActionPause}}}
	h.job.Paused = "abort: criterion 1"
	h.withEvents(events...)
	h.write(store.Changes{Job: store.JobChanges{Definitions: []job.Job{h.job}}})
}

// At the end every job has ended, or has an execution that waits for a device that is gone.
func TestFinished(t *testing.T) {
	t.Parallel()
	const rule = "every job ends or says why it does not"
	nobody := func(string) bool { return false }
	for _, row := range []struct {
		name string
		play func(*history)
		gone func(string) bool
		ends bool
	}{
		{"ended", allEnded, nobody, true},
		{"pending", allQueued, nobody, false},
		{"devices are gone", allQueued, func(string) bool { return true }, true},
		{"a timer runs", allStarted, func(string) bool { return true }, false},
		{"not released", created, nobody, false},
		{"continuous", func(h *history) {
			h.create(func(j *job.Job) { j.TargetSelection = "CONTINUOUS" })
			h.release(a, b, c)
			h.advance(time.Second)
			h.updateAll(job.ExecutionSucceeded, a, b, c)
		}, nobody, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			h := newHistory(t)
			row.play(h)
			h.read(func(now State) {
				if may := h.checker.MayStillEnd(now, row.gone); may == row.ends {
					t.Errorf("the simulation goes on: %v", may)
				}
				h.checker.Finished(now, row.gone)
			})
			if want := map[bool]string{false: rule}[row.ends]; h.broken != want {
				t.Errorf("%q is reported, want %q: %s", h.broken, want, h.text)
			}
		})
	}
}
