package sim

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// question is a request of a device with what was true when it was asked. sure is false when the answer depends on work
// that is due at this moment.
type question struct {
	asked   string // get, start-next, update, or something else
	sure    bool
	exists  bool
	thing   registry.ThingID
	pending []job.Execution // of the thing, in order
	latest  job.Execution   // of the job that is asked about
	known   bool            // latest exists
	update  struct {
		Status               string `json:"status"`
		ExpectedVersion      *int64 `json:"expectedVersion"`
		ExecutionNumber      *int64 `json:"executionNumber"`
		StepTimeoutInMinutes *int64 `json:"stepTimeoutInMinutes"`
		ClientToken          string `json:"clientToken"`
	}
}

// expect notes what is true before a request is answered.
func (r *rules) expect(topic string, payload []byte) (q question) {
	name, path, _ := strings.Cut(strings.TrimPrefix(topic, "$aws/things/"), "/jobs/")
	jobID, verb, _ := strings.Cut(path, "/")
	if q.asked = verb; verb == "" || jobID == "$next" {
		q.asked = path
	}
	r.must("payload", json.Unmarshal(payload, &q.update))
	q.sure = true
	r.must("read", r.store.Store.Read(r.ctx, func(s store.Reader) (err error) {
		q.thing, err = s.ThingID(name)
		q.exists = err == nil
		return nil
	}))
	for _, x := range sorted(r.pending[q.thing]) {
		at, m := deadline(x), r.jobs[x.Job]
		q.sure = q.sure && active(m.row.Status) && !r.edge(m) && (at.IsZero() || r.clock.Now().Before(at))
		if r.visible(x) {
			q.pending = append(q.pending, x)
		}
	}
	for _, m := range r.jobs {
		for _, x := range m.rows {
			if m.id == jobID && x.Thing == q.thing && x.Number > q.latest.Number {
				q.latest, q.known = x, true
			}
		}
	}
	return q
}

// answered holds an answer against what was true.
func (r *rules) answered(q question, reply string, payload []byte) {
	m := r.parse(payload)
	accepted := strings.HasSuffix(reply, "/accepted")
	switch {
	case m.Code == "InternalError":
		r.fail("no failure of the server", "%s answers %s", reply, payload)
	case !q.exists && m.Code != "ResourceNotFound" && m.Code != "InvalidRequest":
		r.fail("R-HTTP-25", "the thing does not exist, and %s answers %s", reply, payload)
	case !q.exists || !q.sure:
	case q.asked == "get":
		r.listed(q, m)
	case q.asked == "$next/get":
		if want := q.head(r); accepted && summary(m.Execution) != want {
			r.fail("R-HTTP-15", "next is %q, the answer %s", want, payload)
		}
	case q.asked == "start-next":
		r.startedNext(q, m, payload)
	case q.asked == "update":
		r.updated(q, m)
	}
}

func summary(x *execution) string {
	if x == nil {
		return ""
	}
	return fmt.Sprintf("%s#%d v%d %s", x.JobID, x.ExecutionNumber, x.VersionNumber, x.Status)
}

// head writes the first pending execution as summary does.
func (q question) head(r *rules) string {
	if len(q.pending) == 0 {
		return ""
	}
	return r.summary(q.pending[0])
}

func (r *rules) summary(x job.Execution) string {
	return fmt.Sprintf("%s#%d v%d %s", r.jobs[x.Job].id, x.Number, x.Version, x.Status)
}

// listed checks the answer to get: the first in order, so many of each kind (R-HTTP-13, R-ORD-5).
func (r *rules) listed(q question, m message) {
	var got, want []string
	for _, x := range m.InProgressJobs {
		x.Status = "IN_PROGRESS"
		got = append(got, summary(&x))
	}
	for _, x := range m.QueuedJobs {
		x.Status = "QUEUED"
		got = append(got, summary(&x))
	}
	plain, windowed := plainShown, windowedShown
	for _, x := range q.pending {
		left := &plain
		if len(r.jobs[x.Job].windows) > 0 {
			left = &windowed
		}
		if *left--; *left >= 0 {
			want = append(want, r.summary(x))
		}
	}
	if !slices.Equal(got, want) {
		r.fail("R-HTTP-13, R-ORD-1", "pending are %v, the answer says %v", want, got)
	}
}

// startedNext checks that the head runs now, and that one which ran already was not touched (R-HTTP-14).
func (r *rules) startedNext(q question, m message, payload []byte) {
	if len(q.pending) == 0 {
		if m.Execution != nil {
			r.fail("R-HTTP-11", "nothing is pending, the answer is %s", payload)
		}
		return
	}
	want := q.pending[0]
	if want.Status == job.ExecutionQueued {
		want.Status, want.Version = job.ExecutionInProgress, want.Version+1
	}
	if summary(m.Execution) != r.summary(want) {
		r.fail("R-HTTP-14", "next is %+v, the answer is %s", q.pending[0], payload)
	}
	now := r.jobs[want.Job].rows[want.ExecutionKey]
	if minutes := q.update.StepTimeoutInMinutes; minutes != nil && !now.StepDeadline.Equal(r.clock.Now().Add(time.Duration(*minutes)*time.Minute)) {
		r.fail("R-TMO-3", "start-next with a step of %d minutes leaves %+v", *minutes, now)
	}
}

// updated checks the answer to a report in the order of R-HTTP-21.
func (r *rules) updated(q question, m message) {
	x, in := q.latest, q.update
	if !slices.Contains([]string{"IN_PROGRESS", "SUCCEEDED", "FAILED", "REJECTED", "QUEUED"}, in.Status) {
		if m.Code != "InvalidRequest" {
			r.fail("R-HTTP-17", "%s is answered %+v", in.Status, m)
		}
		return
	}
	possible := slices.ContainsFunc(legal[x.Status], func(to job.ExecutionStatus) bool { return to.String() == in.Status })
	if q.known && in.Status == "IN_PROGRESS" && !r.visible(x) { // R-SCH-17: nothing begins outside a window
		possible = false
	}
	current := in.ExpectedVersion == nil || *in.ExpectedVersion == x.Version
	repeat := in.ClientToken != "" && in.ClientToken == x.Token && in.Status == x.Status.String() && x.Status != job.ExecutionQueued
	want := ""
	switch {
	case q.known && r.redelivered(&q): // of the attempt before
		possible = false
	case !q.known || in.ExecutionNumber != nil && *in.ExecutionNumber != x.Number:
		want = "ResourceNotFound"
	case (!possible || !current) && repeat: // R-HTTP-24
	case !possible:
		want = "InvalidStateTransition"
	case !current:
		want = "VersionMismatch"
	}
	if m.Code != want {
		r.fail("R-HTTP-21", "%+v is answered %q, expected %q: it was %+v", in, m.Code, want, x)
	}
	if want == "" && r.violation == nil {
		r.applied(q, possible && current)
	}
}

// redelivered says whether a report ended the attempt before, and comes once more when its retry waits: it is accepted
// again and does nothing (R-HTTP-24). The question is about that attempt then.
func (r *rules) redelivered(q *question) bool {
	key := q.latest.ExecutionKey
	key.Number--
	before, exists := r.jobs[key.Job].rows[key]
	number := q.update.ExecutionNumber
	if !exists || q.latest.Status != job.ExecutionQueued || q.latest.Attempt == 0 || q.update.ClientToken == "" || number != nil && *number != key.Number ||
		before.Token != q.update.ClientToken || before.Status.String() != q.update.Status {
		return false
	}
	q.latest = before
	return true
}

// applied checks what an accepted report did.
func (r *rules) applied(q question, changed bool) {
	was, in, step := q.latest, q.update, q.latest.StepDeadline
	x := r.jobs[was.Job].rows[was.ExecutionKey]
	if in.StepTimeoutInMinutes != nil && in.Status == "IN_PROGRESS" {
		step = r.clock.Now().Add(time.Duration(*in.StepTimeoutInMinutes) * time.Minute)
		if *in.StepTimeoutInMinutes == -1 {
			step = time.Time{}
		}
	}
	switch {
	case x.Status.String() != in.Status || changed && x.Version != was.Version+1 || !changed && x.Version != was.Version:
		r.fail("R-HTTP-16", "the report %+v makes %+v of %+v", in, x, was)
	case changed && in.Status == "IN_PROGRESS" && !x.StepDeadline.Equal(step):
		r.fail("R-TMO-3, R-TMO-5", "the report makes %+v of %+v, its step deadline should be %s", x, was, step)
	}
}
