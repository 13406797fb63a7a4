package live

import (
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/drover-iot/drover/api/drover"
	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/control"
	"github.com/drover-iot/drover/device/events"
	"github.com/drover-iot/drover/engine"
	"github.com/drover-iot/drover/internal/clock"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/internal/ids"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store/memory"
)

// fleet is a server with the thing pump, on a virtual clock.
type fleet struct {
	*testing.T
	*control.Plane
	clock *clock.Virtual
}

func newFleet(t *testing.T) *fleet {
	w := &fleet{T: t, clock: clock.NewVirtual(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))}
	e := engine.New(engine.Config{
		Store:   memory.Open(),
		Clock:   w.clock,
		IDs:     &ids.Counting{},
		Events:  events.Renderer{Scope: registry.DefaultScope, IDs: &ids.Counting{}},
		Log:     slog.New(slog.DiscardHandler),
		Stepped: true,
	})
	w.Plane = &control.Plane{
		Jobs:  e.Jobs,
		Fleet: e.Fleet,
		Tags:  e.Tags,
		Now:   e.Now,
		Scope: registry.DefaultScope,
	}
	_, err := w.CreateThing(t.Context(), &iot.CreateThingRequest{ThingName: "pump"})
	w.must(err)
	return w
}

func (w *fleet) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// create makes a job for the pump.
func (w *fleet) create(id iot.JobID) {
	w.Helper()
	_, err := w.CreateJob(w.Context(), &iot.CreateJobRequest{
		JobID:    id,
		Targets:  iot.JobTargets{"arn:aws:iot:us-east-1:000000000000:thing/pump"},
		Document: new(iot.Document("{}")),
	})
	w.must(err)
}

// finish has the pump do its first job.
func (w *fleet) finish() {
	w.Helper()
	x, err := w.Jobs.StartNext(w.Context(), "pump", nil, nil)
	w.must(err)
	succeeded := job.Report{Event: job.ReportSucceeded}
	_, err = w.Jobs.Report(w.Context(), "pump", x.JobID, succeeded, false)
	w.must(err)
}

// open opens a topic.
func (w *fleet) open(topic string) Source {
	w.Helper()
	s, err := Sources{Plane: w.Plane, Virtual: true}.Open(topic)
	w.must(err)
	return s
}

// sample samples a topic, and returns its state and change with the members named only.
func (w *fleet) sample(s Source, members ...string) (state, change string) {
	w.Helper()
	got, err := s.Sample(w.Context())
	w.must(err)
	return w.only(got.State, members), w.only(got.Change, members)
}

// only is JSON with the members named only, at any depth; all of it when none is named.
func (w *fleet) only(text []byte, members []string) string {
	w.Helper()
	if text == nil {
		return "-"
	}
	if len(members) == 0 {
		return string(text)
	}
	var v any
	w.must(json.Unmarshal(text, &v))
	short, err := json.Marshal(pick(v, members))
	w.must(err)
	return string(short)
}

func pick(v any, members []string) any {
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = pick(v[i], members)
		}
		return v
	case map[string]any:
		short := map[string]any{}
		for name, value := range v {
			for _, wanted := range members {
				if name == wanted {
					short[name] = pick(value, members)
				}
			}
		}
		return short
	}
	return v
}

// want compares a sample.
func (w *fleet) want(gotState, gotChange, state, change string) {
	w.Helper()
	if gotState != state {
		w.Errorf("state:\n got %s\nwant %s", gotState, state)
	}
	if gotChange != change {
		w.Errorf("change:\n got %s\nwant %s", gotChange, change)
	}
}

// The topic of a job has it as DescribeJob and DescribeSteering do (R-WEB-54).
func TestJobTopic(t *testing.T) {
	t.Parallel()
	w := newFleet(t)
	topic := w.open("job:fw")
	state, change := w.sample(topic)
	w.want(state, change, `{"jobId":"fw"}`, `{"jobId":"fw"}`)
	w.create("fw")
	members := []string{
		"job", "status", "jobProcessDetails", "numberOfQueuedThings", "steering", "settings", "paused",
	}
	state, change = w.sample(topic, members...)
	const queued = `{"job":{"jobProcessDetails":{"numberOfQueuedThings":1},"status":"IN_PROGRESS"},` +
		`"status":"IN_PROGRESS","steering":{"settings":{},"status":"IN_PROGRESS"}}`
	w.want(state, change, queued, queued)
	state, change = w.sample(topic, members...)
	w.want(state, change, queued, "-")
	_, err := w.UpdateSteering(t.Context(), &drover.UpdateSteeringRequest{
		JobID:    "fw",
		Settings: map[drover.SettingName]*drover.SettingValue{"paused": new(drover.SettingValue("x"))},
	})
	w.must(err)
	_, change = w.sample(topic, "steering", "settings", "paused")
	w.want("", change, "", `{"paused":"x","steering":{"settings":{"paused":"x"}}}`)
}

// The topic of a thing has its executions with their versions, its hold and its connection
// (R-WEB-54).
func TestThingTopic(t *testing.T) {
	t.Parallel()
	w := newFleet(t)
	topic := w.open("thing:pump")
	state, _ := w.sample(topic)
	w.want(state, "", `{"thingName":"pump","executionSummaries":[]}`, "")
	w.create("fw")
	members := []string{"executionSummaries", "jobId", "versionNumber", "hold", "reason"}
	_, change := w.sample(topic, members...)
	w.want("", change, "", `{"executionSummaries":[{"jobId":"fw","versionNumber":1}]}`)
	_, err := w.HoldThing(t.Context(), &drover.HoldThingRequest{ThingName: "pump", Reason: "r"})
	w.must(err)
	_, change = w.sample(topic, members...)
	w.want("", change, "",
		`{"executionSummaries":[{"jobId":"fw","versionNumber":1}],"hold":{"reason":"r"}}`)
	state, _ = w.sample(w.open("thing:none"))
	w.want(state, "", `{"thingName":"none"}`, "")
}

// The list of jobs has those that are IN_PROGRESS and, for a minute, those that have changed
// (R-WEB-54).
func TestJobsTopic(t *testing.T) {
	t.Parallel()
	w := newFleet(t)
	w.create("old")
	w.finish()
	w.create("fw")
	topic := w.open("jobs")
	members := []string{"jobs", "jobId", "status", "deleted"}
	sample := func() (state, change string) { return w.sample(topic, members...) }

	const fw = `{"jobs":[{"jobId":"fw","status":"IN_PROGRESS"}]}`
	state, change := sample()
	w.want(state, change, fw, "-")
	w.create("new")
	state, change = sample()
	w.want(state, change,
		`{"jobs":[{"jobId":"fw","status":"IN_PROGRESS"},{"jobId":"new","status":"IN_PROGRESS"}]}`,
		`{"jobs":[{"jobId":"new","status":"IN_PROGRESS"}]}`)
	w.finish()
	state, change = sample()
	const done = `{"jobId":"fw","status":"COMPLETED"}`
	w.want(state, change,
		`{"jobs":[`+done+`,{"jobId":"new","status":"IN_PROGRESS"}]}`, `{"jobs":[`+done+`]}`)
	for range shownFor {
		state, change = sample()
	}
	w.want(state, change, `{"jobs":[{"jobId":"new","status":"IN_PROGRESS"}]}`, "-")
	for _, id := range []iot.JobID{"fw", "new"} {
		_, err := w.DeleteJob(t.Context(), &iot.DeleteJobRequest{JobID: id, Force: new(true)})
		w.must(err)
	}
	state, change = sample()
	w.want(state, change, `{"jobs":[]}`, `{"deleted":["fw","new"],"jobs":[]}`)
	state, change = sample()
	w.want(state, change, `{"jobs":[]}`, "-")
}

// A job that ends is told although newer ones have taken its place in the lists (R-WEB-54).
func TestUnlistedJob(t *testing.T) {
	t.Parallel()
	w := newFleet(t)
	topic := w.open("jobs")
	w.create("first")
	w.sample(topic)
	w.finish()
	for i := range listedNewest {
		w.clock.Set(w.clock.Now().Add(time.Second))
		w.create(iot.JobID("later-" + strings.Repeat("x", i+1)))
	}
	_, change := w.sample(topic)
	if !strings.Contains(change, `{"jobId":"first","status":"COMPLETED"`) {
		t.Errorf("change: %s", change)
	}
}

// A virtual clock is told when it is moved; a real one never (R-WEB-54).
func TestClockTopic(t *testing.T) {
	t.Parallel()
	w := newFleet(t)
	topic := w.open("clock")
	w.sample(topic)
	const virtual = `{"mode":"virtual"}`
	state, change := w.sample(topic)
	w.want(state, change, virtual, "-")
	w.clock.Set(w.clock.Now().Add(time.Millisecond))
	state, change = w.sample(topic)
	w.want(state, change, virtual, virtual)
	s, err := Sources{Plane: w.Plane}.Open("clock")
	w.must(err)
	got, err := s.Sample(context.Background())
	w.must(err)
	w.want(string(got.State), "", `{"mode":"real"}`, "")
}

// Other names are refused (R-WEB-50).
func TestTopicNames(t *testing.T) {
	t.Parallel()
	w := newFleet(t)
	for _, name := range []string{
		"", "job", "job:", "job:a/b", "jobs:x", "clock:x", "thing:", "thing:a b",
		"job:" + strings.Repeat("x", 65), "job:a\"", "job:a\n", "toString",
	} {
		if _, err := (Sources{Plane: w.Plane}).Open(name); !fault.Is(err, fault.Invalid) {
			t.Errorf("%q: %v", name, err)
		}
	}
}
