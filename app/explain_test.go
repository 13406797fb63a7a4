package app

import (
	"context"
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/device/broker"
	"github.com/drover-iot/drover/device/broker/mqtt"
	"github.com/drover-iot/drover/engine/jobs"
	"github.com/drover-iot/drover/engine/nodes"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/job/explain"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
	"github.com/drover-iot/drover/store/memory"
)

// Configurations that cases have in common.
var (
	slow       = &job.RolloutConfig{MaximumPerMinute: 1}
	snapshot   = job.Definition{}
	slowly     = job.Definition{Rollout: slow}
	continuous = job.Definition{TargetSelection: job.Continuous}
	atNight    = &job.ScheduleConfig{Windows: []job.Window{{StartTime: "cron(0 12 * * ? *)", Minutes: 60}}}
	twice      = &job.RetryConfig{Criteria: []job.RetryCriterion{{FailureType: job.FailureFailed, Retries: 2}}}
)

// notices are the topics of the notices of the thing pump.
var notices = []string{"$aws/things/pump/jobs/notify-next", "$aws/things/pump/jobs/notify"}

// oneJob makes the thing pump and the job fw on it.
func oneJob(w *explainWorld) {
	w.things("", "pump")
	w.create("fw", snapshot, "pump")
}

// explanations has a case for each reason that there is: how it comes about, and the answer. What is
// asked is "thing job", "thing" alone, or "job fw".
var explanations = []struct {
	ask, want string
	setUp     func(*explainWorld)
}{
	{"none fw", "UNKNOWN_THING THING_UNKNOWN", oneJob},
	{"pump fw", "NOT_TARGETED NOT_A_TARGET", func(w *explainWorld) {
		w.things("", "pump", "valve")
		w.create("fw", snapshot, "valve")
	}},
	{"pump fw", "NOT_TARGETED LEFT_TARGETS", func(w *explainWorld) { // its execution was removed
		w.things("g", "pump")
		w.create("fw", snapshot, "/g")
		w.must(w.Fleet.RemoveMember(w.Context(), "g", "pump"))
	}},
	{"pump fw", "NOT_TARGETED LEFT_TARGETS", func(w *explainWorld) { // before its turn
		w.things("g", "a", "pump")
		w.create("fw", slowly, "/g")
		w.must(w.Fleet.RemoveMember(w.Context(), "g", "pump"))
	}},
	{"pump fw", "NOT_TARGETED JOINED_TOO_LATE", func(w *explainWorld) {
		w.things("g", "a")
		w.create("fw", snapshot, "/g")
		w.things("", "pump")
		w.must(w.Fleet.AddMember(w.Context(), "g", "pump"))
	}},
	{"pump", "DONE NOTHING_PENDING", func(w *explainWorld) { w.things("", "pump") }},
	{"pump", "DONE NOTHING_PENDING", func(w *explainWorld) {
		oneJob(w)
		w.report("pump", job.ReportSucceeded)
	}},
	{"job fw", "DONE JOB_COMPLETED", func(w *explainWorld) {
		oneJob(w)
		w.report("pump", job.ReportSucceeded)
	}},
	{"pump fw", "DONE JOB_CANCELED", func(w *explainWorld) {
		w.things("g", "a", "pump")
		w.create("fw", slowly, "/g")
		_, err := w.Jobs.CancelJob(w.Context(), "fw", job.Cancellation{})
		w.must(err)
	}},
	{"pump fw", "DONE JOB_BEING_DELETED", func(w *explainWorld) {
		manyThings(w)
		w.must(w.Jobs.DeleteJob(w.Context(), "fw", true, nil))
	}},
	{"job fw", "DONE JOB_BEING_DELETED", func(w *explainWorld) {
		manyThings(w)
		w.must(w.Jobs.DeleteJob(w.Context(), "fw", true, nil))
	}},
	{"pump fw", "DONE ROLLOUT_ENDED", func(w *explainWorld) {
		w.things("g", "a", "pump")
		w.create("fw", job.Definition{
			Rollout:  slow,
			Schedule: &job.ScheduleConfig{EndTime: "2026-03-01 12:30"},
		}, "/g")
		w.set("paused", "ticket") // what is pending keeps the job from being COMPLETED
		w.later(time.Hour)
	}},
	{"pump fw", "DONE EXECUTION_DELETED", func(w *explainWorld) {
		w.things("", "pump", "valve")
		w.create("fw", snapshot, "pump valve")
		w.must(w.Jobs.DeleteExecution(w.Context(), "pump", "fw", 1, true, nil))
	}},
	{"pump fw", "DONE EXECUTION_SUCCEEDED", func(w *explainWorld) {
		oneJob(w)
		w.report("pump", job.ReportSucceeded)
	}},
	{"pump fw", "DONE EXECUTION_SUCCEEDED TO_BE_CONFIRMED", func(w *explainWorld) {
		w.things("", "pump")
		w.create("fw", snapshot, "pump", "confirm=15m")
		w.report("pump", job.ReportSucceeded)
	}},
	{"pump fw", "DONE EXECUTION_SUCCEEDED NOT_CONFIRMED", func(w *explainWorld) {
		w.things("", "pump")
		w.create("fw", snapshot, "pump", "confirm=15m")
		w.report("pump", job.ReportSucceeded)
		w.later(15 * time.Minute)
	}},
	{"pump fw", "DONE EXECUTION_FAILED", func(w *explainWorld) {
		oneJob(w)
		w.report("pump", job.ReportFailed)
	}},
	{"pump fw", "DONE EXECUTION_TIMED_OUT", func(w *explainWorld) {
		w.things("", "pump")
		w.create("fw", job.Definition{Timeout: &job.TimeoutConfig{InProgressMinutes: 5}}, "pump")
		w.report("pump", job.ReportInProgress)
		w.later(5 * time.Minute)
	}},
	{"pump fw", "DONE EXECUTION_REJECTED", func(w *explainWorld) {
		oneJob(w)
		w.report("pump", job.ReportRejected)
	}},
	{"pump fw", "DONE EXECUTION_REMOVED", func(w *explainWorld) { // it is a target again
		w.things("g", "pump")
		w.create("fw", snapshot, "/g")
		w.must(w.Fleet.RemoveMember(w.Context(), "g", "pump"))
		w.must(w.Fleet.AddMember(w.Context(), "g", "pump"))
	}},
	{"pump fw", "DONE EXECUTION_CANCELED", func(w *explainWorld) {
		oneJob(w)
		w.must(w.Jobs.CancelExecution(w.Context(), "pump", "fw", false, nil, nil))
	}},

	{"pump fw", "RUNNING DEVICE_WORKS", func(w *explainWorld) {
		oneJob(w)
		w.report("pump", job.ReportInProgress)
	}},
	{"pump fw", "RUNNING DEVICE_WORKS JOB_CANCELED", func(w *explainWorld) {
		oneJob(w)
		w.report("pump", job.ReportInProgress)
		_, err := w.Jobs.CancelJob(w.Context(), "fw", job.Cancellation{})
		w.must(err)
	}},
	{"job fw", "RUNNING ROLLOUT_GOES_ON EXECUTIONS_PENDING", func(w *explainWorld) {
		w.things("g", "a", "pump")
		w.create("fw", slowly, "/g")
	}},
	{"job fw", "RUNNING EXECUTIONS_PENDING", oneJob},

	{"pump fw", "WAITING START_TIME", func(w *explainWorld) {
		w.things("", "pump")
		w.create("fw", job.Definition{
			Schedule: &job.ScheduleConfig{StartTime: "2026-03-01 13:00"},
		}, "pump")
	}},
	{"job fw", "WAITING START_TIME", func(w *explainWorld) {
		w.things("g", "pump")
		w.create("fw", job.Definition{
			Schedule: &job.ScheduleConfig{StartTime: "2026-03-01 13:00"},
		}, "/g")
	}},
	{"pump fw", "WAITING WINDOW_CLOSED", func(w *explainWorld) {
		w.things("", "pump")
		w.create("fw", job.Definition{Schedule: atNight}, "pump")
		w.later(time.Hour)
	}},
	{"job fw", "WAITING WINDOW_CLOSED EXECUTIONS_PENDING", func(w *explainWorld) {
		w.things("", "pump")
		w.create("fw", job.Definition{Schedule: atNight}, "pump")
		w.later(time.Hour)
	}},
	{"pump fw", "BLOCKED JOB_PAUSED", func(w *explainWorld) {
		oneJob(w)
		w.set("paused", "ticket 4711")
	}},
	{"b fw", "BLOCKED PAUSED_BY_ABORT", func(w *explainWorld) {
		w.things("", "a", "b")
		w.create("fw", job.Definition{Abort: &job.AbortConfig{Criteria: []job.AbortCriterion{
			{FailureType: job.FailureFailed, ThresholdHundredths: 1000, MinExecuted: 1},
		}}}, "a b", "abort=pause")
		w.report("a", job.ReportFailed)
	}},
	{"job fw", "BLOCKED PAUSED_BY_GUARD EXECUTIONS_PENDING", func(w *explainWorld) {
		w.things("", "a", "b", "c", "d")
		w.create("fw", snapshot, "a b c d", "guard=FAILED 1pct settle=1s")
		for _, thing := range []string{"a", "b", "c"} {
			w.report(thing, job.ReportInProgress)
			w.report(thing, job.ReportFailed)
		}
		w.later(time.Minute)
	}},
	{"z fw", "BLOCKED WAVE_STOPPED WAVE_TO_COME ROLLOUT_TURN", func(w *explainWorld) {
		inWaves(w, "group=canary ok=50pct / 100pct")
		w.report("pump", job.ReportFailed)
		w.due()
	}},
	{"z fw", "BLOCKED WAVE_APPROVAL WAVE_TO_COME ROLLOUT_TURN", func(w *explainWorld) {
		inWaves(w, "group=canary approve / 100pct")
		w.report("pump", job.ReportSucceeded)
		w.due()
	}},
	{"job fw", "WAITING WAVE_GATE EXECUTIONS_PENDING", func(w *explainWorld) {
		inWaves(w, "group=canary approve / 100pct")
	}},
	{"z fw", "WAITING WAVE_GATE WAVE_TO_COME ROLLOUT_TURN", func(w *explainWorld) {
		inWaves(w, "group=canary soak=1h / 100pct")
	}},
	{"pump fw", "WAITING MAX_OUTSTANDING ROLLOUT_TURN", func(w *explainWorld) {
		w.things("g", "a", "pump")
		w.create("fw", snapshot, "/g", "max-outstanding=1")
	}},
	{"job fw", "WAITING MAX_OUTSTANDING EXECUTIONS_PENDING", func(w *explainWorld) {
		w.things("g", "a", "pump")
		w.create("fw", snapshot, "/g", "max-outstanding=1")
	}},
	{"pump fw", "WAITING ROLLOUT_TURN", func(w *explainWorld) {
		w.things("g", "a", "pump")
		w.create("fw", slowly, "/g")
	}},
	{"pump", "WAITING ROLLOUT_TURN", func(w *explainWorld) { // the job is found
		w.things("g", "a", "pump")
		w.create("fw", slowly, "/g")
	}},
	{"pump fw", "WAITING TURN_AFTER_ALL", func(w *explainWorld) {
		w.things("g", "a", "pump", "z")
		w.create("fw", slowly, "/g")
		w.must(w.Fleet.RemoveMember(w.Context(), "g", "pump"))
		w.must(w.Fleet.AddMember(w.Context(), "g", "pump"))
	}},
	{"pump fw", "BLOCKED JOB_PAUSED LATE_JOINER", func(w *explainWorld) {
		w.things("g", "a")
		w.create("fw", continuous, "/g")
		w.set("paused", "ticket")
		w.things("", "pump")
		w.must(w.Fleet.AddMember(w.Context(), "g", "pump"))
	}},
	{"thing-200 fw", "WAITING BACKGROUND_WORK", func(w *explainWorld) {
		manyThings(w)
		_, err := w.Jobs.CancelJob(w.Context(), "fw", job.Cancellation{})
		w.must(err)
	}},
	{"job fw", "DONE JOB_CANCELED BACKGROUND_WORK EXECUTIONS_PENDING", func(w *explainWorld) {
		manyThings(w)
		_, err := w.Jobs.CancelJob(w.Context(), "fw", job.Cancellation{})
		w.must(err)
	}},
	{"job fw", "WAITING BACKGROUND_WORK EXECUTIONS_PENDING", func(w *explainWorld) {
		things := []string{}
		for i := range 300 {
			things = append(things, fmt.Sprintf("thing-%03d", i))
		}
		w.things("g", things...)
		w.create("fw", snapshot, "/g")
	}},
	{"pump fw", "WAITING RETRY_BACKS_OFF", func(w *explainWorld) {
		w.things("", "pump")
		w.create("fw", job.Definition{Retry: twice}, "pump", "retry-backoff=10m/12h")
		w.report("pump", job.ReportFailed)
	}},
	{"pump fw", "BLOCKED JOB_PAUSED RETRY_WAITS", func(w *explainWorld) {
		w.things("", "pump")
		w.create("fw", job.Definition{Retry: twice}, "pump")
		w.report("pump", job.ReportInProgress)
		w.set("paused", "ticket")
		w.report("pump", job.ReportFailed)
	}},
	{"job fw", "BLOCKED JOB_PAUSED RETRY_WAITS", func(w *explainWorld) {
		w.things("", "pump")
		w.create("fw", job.Definition{Retry: twice}, "pump")
		w.report("pump", job.ReportInProgress)
		w.set("paused", "ticket")
		w.report("pump", job.ReportFailed)
	}},
	{"pump fw", "WAITING RETRY_ASKED_FOR", func(w *explainWorld) {
		w.things("", "a", "pump", "z")
		w.create("fw", slowly, "a pump z")
		w.later(time.Minute)
		w.report("pump", job.ReportFailed)
		failed := jobs.RetryRequest{Statuses: []job.ExecutionStatus{job.ExecutionFailed}}
		_, err := w.Jobs.RetryFailed(w.Context(), "fw", failed)
		w.must(err)
	}},
	{"pump fw", "BLOCKED THING_HELD", func(w *explainWorld) {
		oneJob(w)
		_, err := w.Jobs.Hold(w.Context(), "pump", "its line is busy", nil)
		w.must(err)
	}},
	{"pump fw", "WAITING THING_HELD", func(w *explainWorld) {
		oneJob(w)
		until := explainNow.Add(time.Hour)
		_, err := w.Jobs.Hold(w.Context(), "pump", "its line is busy", &until)
		w.must(err)
	}},
	{"pump fw", "WAITING BEHIND_ANOTHER", func(w *explainWorld) {
		w.things("", "pump")
		w.create("first", snapshot, "pump")
		w.create("fw", snapshot, "pump")
	}},
	{"job fw", "WAITING CONTINUOUS_JOB", func(w *explainWorld) {
		w.things("g", "pump")
		w.create("fw", continuous, "/g")
		w.report("pump", job.ReportSucceeded)
	}},

	{"pump fw", "WAITING NOT_CONNECTED NO_CERTIFICATE", func(w *explainWorld) {
		w.serve(nil)
		oneJob(w)
	}},
	{"pump fw", "WAITING NOT_CONNECTED NOTICE_STORED NO_CERTIFICATE", func(w *explainWorld) {
		w.serve(nil)
		w.things("", "pump")
		w.connect("pump", 1, notices...).leave()
		w.create("fw", snapshot, "pump")
		w.told()
	}},
	{"pump fw", "BLOCKED NOT_THE_THING", func(w *explainWorld) {
		w.serve(func(context.Context, broker.Link) (broker.Principal, error) { return stranger{}, nil })
		oneJob(w)
		w.certificate(`{"Effect":"Allow","Action":"*","Resource":"*"}`)
		w.connect("pump", 1)
	}},
	{"pump fw", "WAITING ON_ANOTHER_NODE", func(w *explainWorld) {
		oneJob(w)
		w.elsewhere("pump")
	}},
	{"pump fw", "WAITING NO_SUBSCRIPTION", func(w *explainWorld) {
		w.serve(nil)
		oneJob(w)
		w.connect("pump", 1)
	}},
	{"pump fw", "WAITING NOTICE_SENT", func(w *explainWorld) {
		w.serve(nil)
		w.things("", "pump")
		device := w.connect("pump", 1, notices[0])
		w.create("fw", snapshot, "pump")
		w.told()
		device.want(mqtt.TypePublish)
	}},
	{"pump fw", "WAITING NOTICE_ACKNOWLEDGED", func(w *explainWorld) {
		w.serve(nil)
		w.things("", "pump")
		device := w.connect("pump", 1, notices[0])
		w.create("fw", snapshot, "pump")
		w.told()
		device.acknowledge()
	}},
	{"pump fw", "WAITING DEVICE_TO_START", oneJob},
	{"pump fw", "BLOCKED NOT_CONNECTED CERTIFICATE_UNFIT", func(w *explainWorld) {
		w.serve(nil)
		oneJob(w)
		id := w.certificate(`{"Effect":"Allow","Action":"*","Resource":"*"}`)
		w.must(w.Identity.SetCertificateStatus(w.Context(), id, registry.CertificateInactive))
	}},
	{"pump fw", "BLOCKED NOT_CONNECTED POLICY_REFUSES", func(w *explainWorld) {
		w.serve(nil)
		oneJob(w)
		w.certificate(`{"Effect":"Allow","Action":"iot:*","Resource":"*"},
			{"Sid":"NoReports","Effect":"Deny","Action":"iot:Publish","Resource":"*/update"}`)
	}},
	{"pump fw", "BLOCKED NOT_CONNECTED POLICY_REFUSES POLICY_REFUSES", func(w *explainWorld) {
		w.serve(nil)
		oneJob(w)
		w.certificate(`{"Effect":"Allow","Action":["iot:Connect","iot:Receive","iot:Subscribe"],"Resource":"*"}`)
	}},
	{"pump fw", "WAITING NOT_CONNECTED", func(w *explainWorld) { // HTTPS is enough
		w.serve(nil)
		oneJob(w)
		w.certificate(`{"Effect":"Allow","Action":"iotjobsdata:*","Resource":"*"}`)
	}},
}

// manyThings has executions of more things than one step comes to, pump the last but one of them.
func manyThings(w *explainWorld) {
	things := []string{"pump"}
	for i := range 300 {
		things = append(things, fmt.Sprintf("thing-%03d", i))
	}
	w.things("g", things...)
	w.create("fw", snapshot, "/g")
	w.due()
}

// inWaves has the thing pump in the group canary, and z in none.
func inWaves(w *explainWorld, waves string) {
	w.things("canary", "pump")
	w.things("", "z")
	w.create("fw", snapshot, "pump z", "waves="+waves)
	w.due()
}

// elsewhere has a client connect to another node on the same store.
func (w *explainWorld) elsewhere(client string) {
	other := newExplainNode(w.T, w.kept, "node-b")
	_, err := other.Nodes.Sign(w.Context(), 0)
	w.must(err)
	_, err = other.Nodes.Claim(w.Context(), nodes.Connection{Client: client, AsThing: true},
		func(int64, time.Time) []store.Event { return nil })
	w.must(err)
}

// stranger is a client that stands for no thing.
type stranger struct{}

func (stranger) ID() string                                   { return "c0ffee" }
func (stranger) Until() time.Time                             { return time.Time{} }
func (s stranger) Bind(broker.Attributes) broker.Authorizer   { return s }
func (stranger) Refresh() bool                                { return true }
func (stranger) Thing() string                                { return "" }
func (stranger) Decide(broker.Action, string) broker.Decision { return broker.Allow }

var rewriteExplanations = flag.Bool("rewrite-explanations", false, "write "+explainFile+" anew")

// explainFile is the answers of all cases, with their texts and times.
const explainFile = "testdata/explanations.txt"

// Every reason comes about on a server, stands where it binds, and says since when it holds and until
// when, where that is known (R-EXP-1 to R-EXP-4).
func TestExplanations(t *testing.T) {
	t.Parallel()
	var all strings.Builder
	for _, row := range explanations {
		t.Run(row.want, func(t *testing.T) {
			w := newExplainWorld(t)
			if strings.Contains(row.want, string(explain.OnAnotherNode)) {
				w = newExplainNode(t, memory.Open(), "node-a")
				_, err := w.Nodes.Sign(t.Context(), 0)
				w.must(err)
			}
			row.setUp(w)
			e := w.ask(row.ask)
			got := []string{string(e.Verdict)}
			fmt.Fprintf(&all, "%s: %s\n", row.ask, e.Verdict)
			for _, r := range e.Reasons {
				got = append(got, string(r.Code))
				fmt.Fprintf(&all, "  %s%s\n    %s\n", r.Code, timesOf(r), r.Text)
			}
			if diff := cmp.Diff(row.want, strings.Join(got, " ")); diff != "" {
				t.Errorf("%s (-want +got):\n%s", row.ask, diff)
			}
		})
	}
	if strings.Contains(all.String(), explainSecret) {
		t.Error("R-EXP-4: an explanation shows what stands in the document")
	}
	if *rewriteExplanations {
		if err := os.WriteFile(explainFile, []byte(all.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(explainFile)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), all.String()); diff != "" {
		t.Errorf("(-file +now):\n%s", diff)
	}
}

// timesOf are the times of a reason. Those of connections are by the clock of this machine.
func timesOf(r explain.Reason) (text string) {
	for _, part := range []struct {
		word string
		at   time.Time
	}{{"since", r.Since}, {"until", r.Until}, {"expected", r.Expected}} {
		switch {
		case part.at.IsZero():
		case part.at.Sub(explainNow) > 48*time.Hour:
			text += " " + part.word + " a moment ago"
		default:
			text += " " + part.word + " " + part.at.Format("Jan 2 15:04:05")
		}
	}
	return text
}

// ask asks about "job fw", "pump fw" or "pump".
func (w *explainWorld) ask(about string) explain.Explanation {
	w.Helper()
	if id, ok := strings.CutPrefix(about, "job "); ok {
		_, e, err := w.Answers.ExplainJob(w.Context(), id)
		w.must(err)
		return e
	}
	thing, id, _ := strings.Cut(about, " ")
	a, err := w.Answers.ExplainThing(w.Context(), thing, id)
	w.must(err)
	return a.Explanation
}

// Every reason has a case above, but the one that must not be; and the specification has the same
// table as the code (R-EXP-2).
func TestEveryReasonHasACase(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../docs/spec/51-answers.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := regexp.MustCompile("(?m)^\\| `([A-Z_]+)` \\| ([A-Z_]+) \\| ([^|]+) \\|").FindAllStringSubmatch(string(text), -1)
	var written []explain.Row
	for _, r := range rows {
		written = append(written, explain.Row{Code: explain.Code(r[1]), Verdict: explain.Verdict(r[2]), When: r[3]})
	}
	if diff := cmp.Diff(explain.Rows(), written); diff != "" {
		t.Errorf("docs/spec/51 has another table (-code +spec):\n%s", diff)
	}
	seen := map[explain.Code]bool{explain.NothingToWaitFor: true} // see package explain
	for _, row := range explanations {
		for code := range strings.FieldsSeq(row.want) {
			seen[explain.Code(code)] = true
		}
	}
	missing := slices.DeleteFunc(explain.Rows(), func(r explain.Row) bool { return seen[r.Code] })
	if len(missing) > 0 {
		t.Errorf("no case brings about %+v", missing)
	}
}
