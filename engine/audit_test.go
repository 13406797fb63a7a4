package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/device/events"
	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/engine/fleet"
	"github.com/drover-iot/drover/engine/jobs"
	"github.com/drover-iot/drover/engine/records"
	"github.com/drover-iot/drover/internal/clock"
	"github.com/drover-iot/drover/internal/ids"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/registry/audit"
	"github.com/drover-iot/drover/store"
	"github.com/drover-iot/drover/store/memory"
)

// auditedEngine is a stepped engine that keeps an audit log, on a virtual clock.
type auditedEngine struct {
	*testing.T
	*Engine
	clock *clock.Virtual
}

func newAudited(t *testing.T, kept store.Store, name string) *auditedEngine {
	t.Helper()
	now := clock.NewVirtual(noon)
	e := New(Config{
		Store:     kept,
		Clock:     now,
		IDs:       &ids.Counting{},
		Events:    events.Renderer{Scope: registry.DefaultScope, IDs: &ids.Counting{}},
		Log:       slog.New(slog.DiscardHandler),
		Stepped:   true,
		AuditKept: 30 * 24 * time.Hour,
		Node:      NodeConfig{NodeConfig: commit.NodeConfig{Name: name, Shared: name != ""}},
	})
	return &auditedEngine{T: t, Engine: e, clock: now}
}

// by is the context of a request that leaves a record of a thing. It looks at whether the thing is
// there.
func (e *auditedEngine) by(operator, thing string) context.Context {
	return commit.WithAudited(e.Context(), &thingAudit{e.Fleet, operator, thing})
}

type thingAudit struct {
	fleet           *fleet.Service
	operator, thing string
}

func (a *thingAudit) Looks() (before, after bool) { return true, true }

func (a *thingAudit) Look(ctx context.Context) ([]byte, error) {
	_, err := a.fleet.DescribeThing(ctx, a.thing)
	return fmt.Appendf(nil, `{"there":%t}`, err == nil), nil
}

func (a *thingAudit) Entry(before, after []byte) (audit.Entry, error) {
	return audit.Entry{
		Operator:  audit.Operator{Name: a.operator},
		Operation: "CreateThing",
		Resource:  "thing/" + a.thing,
		Before:    before,
		After:     after,
	}, nil
}

func (e *auditedEngine) must(err error) {
	e.Helper()
	if err != nil {
		e.Fatal(err)
	}
}

// passes lets time pass, minute by minute.
func (e *auditedEngine) passes(d time.Duration) {
	e.Helper()
	for ; d > 0; d -= time.Minute {
		e.clock.Set(e.clock.Now().Add(time.Minute))
		e.must(e.RunDue(e.Context()))
	}
}

// recorded are the records that a filter is for, the oldest first.
func (e *auditedEngine) recorded(f records.Filter) []audit.Record {
	e.Helper()
	f.Forwards, f.Limit = true, 1000
	found, _, err := e.Records.List(e.Context(), f)
	e.must(err)
	return found
}

// fits checks that the whole log fits, and returns its head.
func (e *auditedEngine) fits() audit.Link {
	e.Helper()
	v, err := e.Records.Verify(e.Context(), nil, audit.Link{})
	if err != nil || v.Misfit != nil || v.More {
		e.Errorf("verified %+v, %v", v, err)
	}
	return v.To
}

// unsteady is a store whose writes fail now and then, after they were decided.
type unsteady struct {
	store.Store
	mu     sync.Mutex
	writes int
}

func (s *unsteady) Write(ctx context.Context, f func(store.Tx) error) error {
	s.mu.Lock()
	s.writes++
	fails := s.writes%3 == 0
	s.mu.Unlock()
	return s.Store.Write(ctx, func(tx store.Tx) error {
		if err := f(tx); err != nil || !fails {
			return err
		}
		return errors.New("the disk is full")
	})
}

// Several nodes on one store keep one chain: each change that was made has one record, in the order
// of the commits, also where commits fail; a request that is refused has none, and what its look
// shows is what the commit sees.
func TestNodesKeepOneChain(t *testing.T) { // R-AUD-1, R-AUD-2
	t.Parallel()
	kept := &unsteady{Store: memory.Open()}
	var nodes []*auditedEngine
	for _, name := range []string{"a", "b", "c"} {
		nodes = append(nodes, newAudited(t, kept, name))
	}
	const each = 40
	var made sync.Map
	var all sync.WaitGroup
	for i, n := range nodes {
		all.Go(func() {
			for k := range each {
				name := fmt.Sprintf("t%d", (i*7+k*3)%60) // some are made by several nodes
				in := fleet.NewThing{Name: name, Attributes: map[string]string{"by": fmt.Sprint(i, k)}}
				if _, err := n.Fleet.CreateThing(n.by(fmt.Sprint(i), name), in); err == nil {
					made.Store(name, true)
				}
			}
		})
	}
	all.Wait()
	found := nodes[0].recorded(records.Filter{})
	for i, r := range found {
		if _, ok := made.LoadAndDelete(strings.TrimPrefix(r.Resource, "thing/")); !ok {
			t.Errorf("record %d is of %s, which nobody made just then", r.Number, r.Resource)
		}
		if r.Number != int64(i+1) || string(r.Before) != `{"there":false}` || string(r.After) != `{"there":true}` {
			t.Errorf("record %d in place %d: from %s to %s", r.Number, i+1, r.Before, r.After)
		}
	}
	made.Range(func(name, _ any) bool {
		t.Errorf("%s was made, and no record says so", name)
		return true
	})
	if head := nodes[1].fits(); head.Number != int64(len(found)) || head.Number < each {
		t.Errorf("the head is %v, and there are %d records", head, len(found))
	}
}

// Requests of one commit have records of their own, in their order.
func TestRecordsOfOneCommit(t *testing.T) { // R-AUD-1
	t.Parallel()
	e := newAudited(t, memory.Open(), "")
	create := func(name string) func() {
		return func() { _, _ = e.Fleet.CreateThing(e.by("x", name), fleet.NewThing{Name: name}) }
	}
	e.Together(create("a"), create("b"), create("a"), create("c"))
	var got []string
	for _, r := range e.recorded(records.Filter{}) {
		got = append(got, r.Resource)
	}
	if want := []string{"thing/a", "thing/b", "thing/c"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if head := e.fits(); head.Number != 3 {
		t.Errorf("the head is %v", head)
	}
}

// Records that are older than they are kept are cut, with a record of the cut; what is left fits, and
// nothing is cut twice.
func TestCutting(t *testing.T) { // R-AUD-3
	t.Parallel()
	e := newAudited(t, memory.Open(), "")
	for i := range 250 {
		name := fmt.Sprint("t", i)
		_, err := e.Fleet.CreateThing(e.by("x", name), fleet.NewThing{Name: name})
		e.must(err)
		if i == 99 {
			e.clock.Set(noon.Add(29 * 24 * time.Hour))
		}
	}
	noted := e.fits()
	e.must(e.RunDue(e.Context()))
	if got := e.recorded(records.Filter{}); len(got) != 250 {
		t.Errorf("%d records after 29 days", len(got))
	}
	e.clock.Set(noon.Add(30*24*time.Hour + time.Millisecond))
	for range 3 {
		e.must(e.RunDue(e.Context()))
		e.clock.Set(e.clock.Now().Add(2 * time.Minute))
	}
	left := e.recorded(records.Filter{})
	cuts := e.recorded(records.Filter{Operator: audit.Server})
	if len(left) != 151 || left[0].Number != 101 || len(cuts) != 1 || string(cuts[0].After) != `{"upTo":100}` {
		t.Errorf("%d records from %d on, cuts %+v", len(left), left[0].Number, cuts)
	}
	if head := e.fits(); head.Number != 251 {
		t.Errorf("the head is %v", head)
	}
	v, err := e.Records.Verify(t.Context(), nil, noted)
	if err != nil || v.Misfit != nil || v.From.Number != 100 {
		t.Errorf("with the head of before the cut: %+v, %v", v, err)
	}
	e.clock.Set(noon.Add(90 * 24 * time.Hour))
	for range 5 {
		e.must(e.RunDue(e.Context()))
		e.clock.Set(e.clock.Now().Add(2 * time.Minute))
	}
	if left = e.recorded(records.Filter{}); len(left) == 0 || left[len(left)-1].Operation != audit.CutLog {
		t.Errorf("at last there are %+v", left)
	}
	e.fits()
}

// What becomes of operator keys is recorded once, whoever finds it out.
func TestKeysAreFollowed(t *testing.T) { // R-AUD-1
	t.Parallel()
	kept := memory.Open()
	a, b := newAudited(t, kept, "a"), newAudited(t, kept, "b")
	first := audit.Key{Operator: audit.Operator{KeyID: "AKIA1", Name: "operator"}, CreatedAt: noon}
	second := audit.Key{Operator: audit.Operator{KeyID: "AKIA2", Name: "ci"}, CreatedAt: noon}
	for _, keys := range [][]audit.Key{{first}, {first, second}, {second}, {second}} {
		for _, n := range []*auditedEngine{a, b} {
			n.must(n.Records.FollowKeys(t.Context(), keys))
		}
	}
	var got []string
	for _, r := range a.recorded(records.Filter{}) {
		got = append(got, fmt.Sprint(r.Operator.Name, " ", r.Operation, " ", r.Resource))
	}
	want := []string{
		"drover CreateOperatorKey key/AKIA1",
		"drover CreateOperatorKey key/AKIA2",
		"drover DeleteOperatorKey key/AKIA1",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	a.fits()
}

// Without an audit log nothing is recorded or cut.
func TestNoAuditLog(t *testing.T) { // R-AUD-3
	t.Parallel()
	kept := memory.Open()
	e := newAudited(t, kept, "")
	e.must(e.Records.FollowKeys(t.Context(), []audit.Key{{}}))
	e.config.AuditKept = 0
	off := &auditedEngine{T: t, Engine: New(e.config), clock: e.clock}
	_, err := off.Fleet.CreateThing(off.by("x", "a"), fleet.NewThing{Name: "a"})
	off.must(err)
	off.must(off.Records.FollowKeys(t.Context(), nil))
	off.clock.Set(noon.Add(9999 * time.Hour))
	off.must(off.RunDue(t.Context()))
	if got := off.recorded(records.Filter{}); len(got) != 1 {
		t.Errorf("%d records, want that of before", len(got))
	}
}

// What the server does to jobs by itself is recorded with it as the operator, and nothing else is:
// neither what devices do, nor what follows from that alone.
func TestActsAreRecorded(t *testing.T) { // R-AUD-1
	t.Parallel()
	abort := &job.AbortConfig{Criteria: []job.AbortCriterion{{
		FailureType: job.FailureFailed, ThresholdHundredths: 1000, MinExecuted: 1,
	}}}
	slow := job.Definition{Rollout: &job.RolloutConfig{MaximumPerMinute: 1}}
	schedule := func(s job.ScheduleConfig) *job.ScheduleConfig { return &s }
	for _, row := range []struct {
		name       string
		definition job.Definition
		tags       map[string]string
		event      job.Event // that all things report
		want       []string
	}{
		{name: "success", event: job.ReportSucceeded},
		{name: "failure", event: job.ReportFailed},
		{name: "abort", definition: job.Definition{Abort: abort}, event: job.ReportFailed,
			want: []string{"AbortJob"}},
		{name: "abort pauses", definition: job.Definition{Abort: abort}, event: job.ReportFailed,
			tags: map[string]string{"abort": "pause"}, want: []string{"PauseJob"}},
		{name: "abort observes", definition: job.Definition{Abort: abort}, event: job.ReportFailed,
			tags: map[string]string{"abort": "observe"}, want: []string{"ObserveJob"}},
		{name: "guard", definition: slow, event: job.ReportFailed, tags: map[string]string{"guard": "FAILED 1pct settle=1m then=cancel"},
			want: []string{"GuardJob"}},
		{name: "guard pauses", definition: slow, event: job.ReportFailed, tags: map[string]string{"guard": "FAILED 1pct settle=1m"},
			want: []string{"PauseJob"}},
		{name: "open gate", event: job.ReportSucceeded,
			tags: map[string]string{"waves": "50pct soak=1m ok=90pct / 100pct"}, want: []string{"OpenGate"}},
		{name: "closed gate", event: job.ReportFailed,
			tags: map[string]string{"waves": "50pct soak=1m ok=90pct / 100pct"}, want: []string{"PauseJob"}},
		{name: "start and end", definition: job.Definition{Schedule: schedule(job.ScheduleConfig{
			StartTime: "2026-03-01T12:30", EndTime: "2026-03-01T13:00", EndBehavior: job.CancelAtEnd,
		})}, want: []string{"StartJob", "EndJob"}},
		{name: "end of the rollout", definition: job.Definition{Schedule: schedule(job.ScheduleConfig{
			EndTime: "2026-03-01T13:00", EndBehavior: job.StopRollout,
		})}, want: []string{"EndJob"}},
		{name: "window", definition: job.Definition{Schedule: schedule(job.ScheduleConfig{
			Windows: []job.Window{{StartTime: "20 12 1 3 ? 2026", Minutes: 30}, {StartTime: "20 14 1 3 ? 2026", Minutes: 30}},
		})}, want: []string{"StartJob", "CloseWindow"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			e := newAudited(t, memory.Open(), "")
			in := jobs.NewJob{ID: "j", Document: "{}", Definition: row.definition}
			for i := range 8 {
				name := fmt.Sprint("t", i)
				_, err := e.Fleet.CreateThing(t.Context(), fleet.NewThing{Name: name})
				e.must(err)
				in.Definition.Targets = append(in.Definition.Targets, job.ThingTarget(registry.DefaultScope, name))
			}
			for name, value := range row.tags {
				in.Tags = append(in.Tags, registry.Tag{Key: job.SteeringPrefix + name, Value: value})
			}
			_, err := e.Jobs.CreateJob(t.Context(), in)
			e.must(err)
			for range 75 {
				for i := range 8 {
					if row.event == 0 {
						break
					}
					name := fmt.Sprint("t", i)
					_, _ = e.Jobs.StartNext(t.Context(), name, nil, nil) // some have nothing to do
					_, _ = e.Jobs.Report(t.Context(), name, "j", job.Report{Event: row.event}, false)
				}
				e.passes(time.Minute)
			}
			var got []string
			for _, r := range e.recorded(records.Filter{Resource: "job/j", Operator: audit.Server}) {
				got = append(got, r.Operation)
				if len(r.After) <= len("{}") {
					t.Errorf("%s: from %s to %s", r.Operation, r.Before, r.After)
				}
			}
			if !slices.Equal(got, row.want) {
				t.Errorf("recorded %v, want %v", got, row.want)
			}
			e.fits()
		})
	}
}
