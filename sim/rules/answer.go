package rules

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
)

// Question is a request of a device together with what was true when it was asked.
type Question struct {
	kind string // get, $next/get, start-next, update or another topic below jobs/
	// certain is false when the answer depends on work that is due at this very moment: it may then
	// be done or not.
	certain     bool
	thingExists bool
	thing       registry.ThingID
	pending     []job.Execution // of the thing, as it sees them

	latest       job.Execution // the latest execution of the job that is asked about
	latestExists bool
	report       report
	message      string
	redelivered  bool
}

// Request is a message of a device on a topic of its jobs.
type Request struct {
	Topic   string
	Payload []byte
	// Message tells the message from others, and Redelivered says that it was sent before.
	Message     string
	Redelivered bool
}

// report is the payload of an update. Of the payloads of other requests it reads what they have.
type report struct {
	Status               string `json:"status"`
	ExpectedVersion      *int64 `json:"expectedVersion"`
	ExecutionNumber      *int64 `json:"executionNumber"`
	StepTimeoutInMinutes *int64 `json:"stepTimeoutInMinutes"`
}

// Asked notes what is true before a request of a device is answered.
func (ch *Checker) Asked(now State, r Request) (q Question) {
	ch.state = now
	q.message, q.redelivered = r.Message, r.Redelivered
	name, path, _ := strings.Cut(strings.TrimPrefix(r.Topic, "$aws/things/"), "/jobs/")
	jobID, verb, _ := strings.Cut(path, "/")
	if q.kind = verb; verb == "" || jobID == "$next" {
		q.kind = path
	}
	ch.must("payload", json.Unmarshal(r.Payload, &q.report))
	thing, err := now.Store.ThingID(name)
	q.thing, q.thingExists = thing, err == nil
	q.certain = true
	for _, x := range sorted(ch.pending[q.thing]) {
		q.certain = q.certain && ch.nothingDue(x)
		if ch.visible(x) {
			q.pending = append(q.pending, x)
		}
	}
	for _, rec := range ch.jobs {
		for _, x := range rec.executions {
			if rec.id == jobID && x.Thing == q.thing && x.Number > q.latest.Number {
				q.latest, q.latestExists = x, true
			}
		}
	}
	return q
}

// nothingDue says whether nothing is due at this moment that changes a pending execution.
func (ch *Checker) nothingDue(x job.Execution) bool {
	rec, at := ch.jobs[x.Job], deadline(x)
	overdue := !at.IsZero() && !ch.state.Now.Before(at)
	return active(rec.stored.Status) && !ch.scheduleDue(rec) && !overdue && !ch.steeringDue(x)
}

// Answered compares the answer to a request with what was true when it was asked.
func (ch *Checker) Answered(now State, q Question, reply string, payload []byte) {
	ch.state = now
	m := ch.parse(payload)
	a := &answer{ch, q, m, payload}
	accepted := strings.HasSuffix(reply, "/accepted")
	switch {
	case m.Code == "InternalError":
		ch.fail(noFailure, "%s answers %s", reply, payload)
	case !q.thingExists && m.Code != "ResourceNotFound" && m.Code != "InvalidRequest":
		ch.fail("R-HTTP-25", "the thing does not exist, and %s answers %s", reply, payload)
	case !q.thingExists || !q.certain:
	case q.kind == "get":
		a.checkGet()
	case q.kind == "$next/get":
		if want := a.head(); accepted && m.Execution.summary() != want {
			ch.fail("R-HTTP-15", "next is %q, the answer %s", want, payload)
		}
	case q.kind == "start-next":
		a.checkStartNext()
	case q.kind == "update":
		a.checkUpdate()
	}
}

// answer is an answer while it is checked.
type answer struct {
	ch      *Checker
	q       Question
	m       message
	payload []byte // of which m is what the rules read
}

// summary writes an execution in the same way as execution.summary does for those of answers.
func (a *answer) summary(x job.Execution) string {
	return fmt.Sprintf("%s#%d v%d %s", a.ch.jobs[x.Job].id, x.Number, x.Version, x.Status)
}

// head is the summary of the first pending execution, "" for none.
func (a *answer) head() string {
	if len(a.q.pending) == 0 {
		return ""
	}
	return a.summary(a.q.pending[0])
}

// checkGet checks the answer to get: the first executions in order, so many of each kind
// (R-HTTP-13, R-ORD-5).
func (a *answer) checkGet() {
	var got, want []string
	for _, x := range a.m.InProgressJobs {
		x.Status = "IN_PROGRESS" // the lists do not repeat it
		got = append(got, x.summary())
	}
	for _, x := range a.m.QueuedJobs {
		x.Status = "QUEUED"
		got = append(got, x.summary())
	}
	plain, windowed := plainShown, windowedShown
	for _, x := range a.q.pending {
		left := &plain
		if len(a.ch.jobs[x.Job].windows) > 0 {
			left = &windowed
		}
		if *left--; *left >= 0 {
			want = append(want, a.summary(x))
		}
	}
	if !slices.Equal(got, want) {
		a.ch.fail("R-HTTP-13, R-ORD-1", "pending are %v, the answer says %v", want, got)
	}
}

// checkStartNext checks that the head is IN_PROGRESS now, and that one which was so already has
// kept its version (R-HTTP-14).
func (a *answer) checkStartNext() {
	if len(a.q.pending) == 0 {
		if a.m.Execution != nil {
			a.ch.fail("R-HTTP-11", "nothing is pending, the answer is %s", a.payload)
		}
		return
	}
	want := a.q.pending[0]
	if want.Status == job.ExecutionQueued {
		want.Status, want.Version = job.ExecutionInProgress, want.Version+1
	}
	if a.m.Execution.summary() != a.summary(want) {
		a.ch.fail("R-HTTP-14", "next is %+v, the answer is %s", a.q.pending[0], a.payload)
	}
	now := a.ch.jobs[want.Job].executions[want.ExecutionKey]
	minutes := a.q.report.StepTimeoutInMinutes
	if minutes != nil && !now.StepDeadline.Equal(a.inMinutes(*minutes)) {
		a.ch.fail("R-TMO-3", "start-next with a step of %d minutes leaves %+v", *minutes, now)
	}
}

func (a *answer) inMinutes(n int64) time.Time {
	return a.ch.state.Now.Add(time.Duration(n) * time.Minute)
}
