package engine

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/device/events"
	"github.com/drover-iot/drover/engine/fleet"
	"github.com/drover-iot/drover/engine/identity"
	"github.com/drover-iot/drover/engine/jobs"
	"github.com/drover-iot/drover/internal/clock"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/internal/ids"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/registry/fleetquery"
	"github.com/drover-iot/drover/store"
	"github.com/drover-iot/drover/store/memory"
)

// smallFleet is how many things a request takes into a group, or out of one, before it is answered.
const smallFleet = 250

// registryWorld is an engine with short words for what the tests below do.
type registryWorld struct {
	*testing.T
	*Engine
	stop func()
}

func newRegistryWorld(t *testing.T) registryWorld {
	e, _, stop := newGated(t)
	return registryWorld{t, e, stop}
}

func (w registryWorld) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w registryWorld) refused(err error, code fault.Code) {
	w.Helper()
	if !fault.Is(err, code) {
		w.Errorf("got %v, want %s", err, code)
	}
}

func (w registryWorld) thing(name, kind string, attributes ...string) {
	w.Helper()
	_, err := w.Fleet.CreateThing(w.Context(), fleet.NewThing{Name: name, Type: kind, Attributes: pairs(attributes)})
	w.must(err)
}

func pairs(list []string) map[string]string {
	m := map[string]string{}
	for i := 0; i < len(list); i += 2 {
		m[list[i]] = list[i+1]
	}
	return m
}

func (w registryWorld) static(name, parent string) {
	w.Helper()
	_, err := w.Fleet.CreateGroup(w.Context(), fleet.NewGroup{Name: name, Parent: parent})
	w.must(err)
}

func (w registryWorld) dynamic(name, query string) registry.Group {
	w.Helper()
	created, err := w.Fleet.CreateDynamicGroup(w.Context(), fleet.NewDynamicGroup{Name: name, Query: query})
	w.must(err)
	return created
}

func (w registryWorld) work(name string) registry.GroupWork {
	w.Helper()
	view, err := w.Fleet.DescribeGroup(w.Context(), name)
	w.must(err)
	return view.Work
}

func (w registryWorld) members(group string, want ...string) {
	w.Helper()
	listed, _, err := w.Fleet.ListMembers(w.Context(), group, false, fleet.GroupMember{}, 1_000_000)
	w.must(err)
	var got []string
	for _, m := range listed {
		got = append(got, m.Name)
	}
	if diff := cmp.Diff(want, got); diff != "" && len(want)+len(got) > 0 {
		w.Errorf("members of %s (-want +got):\n%s", group, diff)
	}
}

// In a small fleet members are right when each call returns (R-ID-38, R-ID-39).
func TestDynamicGroup(t *testing.T) {
	t.Parallel()
	w := newRegistryWorld(t)
	ctx := t.Context()
	_, err := w.Fleet.CreateThingType(ctx, fleet.NewThingType{Name: "lamp"})
	w.must(err)
	w.static("site", "")
	w.static("hall", "site")
	w.thing("a", "", "fw", "1")
	w.thing("b", "lamp", "fw", "2")
	w.must(w.Fleet.AddMember(ctx, "hall", "b"))
	w.dynamic("old", "attributes.fw:<2")
	w.dynamic("lamps", "thingTypeName:lamp")
	w.dynamic("on-site", "thingGroupNames:site AND NOT thingGroupNames:old")
	w.members("old", "a")
	w.members("lamps", "b")
	w.members("on-site", "b")
	if work := w.work("old"); work != registry.NoGroupWork {
		t.Errorf("a group in a small fleet is %s", work)
	}

	w.thing("c", "lamp", "fw", "1")
	w.members("old", "a", "c")
	w.members("lamps", "b", "c")
	w.must(w.Fleet.UpdateThing(ctx, "a", registry.ThingUpdate{Attributes: map[string]string{"fw": "3"}, Type: new("lamp")}))
	w.members("old", "c")
	w.members("lamps", "a", "b", "c")
	w.must(w.Fleet.UpdateThing(ctx, "a", registry.ThingUpdate{Type: new("")}))
	w.members("lamps", "b", "c")
	w.must(w.Fleet.AddMember(ctx, "site", "c"))
	w.members("on-site", "b", "c")
	w.must(w.Fleet.RemoveMember(ctx, "hall", "b"))
	w.members("on-site", "c")
	w.must(w.Fleet.AddMember(ctx, "hall", "b"))
	w.must(w.Fleet.DeleteGroup(ctx, "hall", nil))
	w.members("on-site", "c")
	w.must(w.Fleet.DeleteThing(ctx, "c", nil))
	w.members("on-site")
	w.members("lamps", "b")

	version, err := w.Fleet.UpdateDynamicGroup(ctx, "old", registry.GroupUpdate{ExpectedVersion: new(int64(1))}, new("attributes.fw:*"))
	if err != nil || version != 2 {
		t.Errorf("version %d, %v", version, err)
	}
	w.members("old", "a", "b")
	w.must(w.Fleet.DeleteDynamicGroup(ctx, "old", new(int64(2))))
	_, err = w.Fleet.DescribeGroup(ctx, "old")
	w.refused(err, fault.NotFound)
	if groups, err := w.Fleet.GroupsOfThing(ctx, "a"); err != nil || len(groups) > 0 {
		t.Errorf("a is in %v, %v", groups, err)
	}
	w.must(w.Fleet.DeleteDynamicGroup(ctx, "old", nil)) // R-ID-12: missing is deleted
}

// What dynamic groups refuse, in the order of R-ERR-9; nothing changes.
func TestDynamicGroupRefuses(t *testing.T) { // R-ID-12, R-ID-22, R-ID-38, R-ID-57
	t.Parallel()
	w := newRegistryWorld(t)
	ctx := t.Context()
	w.thing("a", "")
	w.static("s", "")
	first := w.dynamic("d", "thingName:a")
	if again := w.dynamic("d", "thingName:a"); again.UUID != first.UUID {
		t.Error("an equal group is made twice")
	}
	create := func(in fleet.NewDynamicGroup) error { _, err := w.Fleet.CreateDynamicGroup(ctx, in); return err }
	w.refused(create(fleet.NewDynamicGroup{Name: "d", Query: "thingName:b"}), fault.Exists)
	w.refused(create(fleet.NewDynamicGroup{Name: "d", Query: "thingName:a", Description: "x"}), fault.Exists)
	w.refused(create(fleet.NewDynamicGroup{Name: "s", Query: "thingName:a"}), fault.Exists)
	w.refused(create(fleet.NewDynamicGroup{Name: "d", Query: "thingName:"}), fault.InvalidQuery)
	_, err := w.Fleet.CreateGroup(ctx, fleet.NewGroup{Name: "d"})
	w.refused(err, fault.Exists)
	_, err = w.Fleet.CreateGroup(ctx, fleet.NewGroup{Name: "child", Parent: "d"})
	w.refused(err, fault.Invalid)
	w.refused(w.Fleet.AddMember(ctx, "d", "a"), fault.Invalid)
	w.refused(w.Fleet.RemoveMember(ctx, "d", "a"), fault.Invalid)
	_, err = w.Fleet.UpdateGroup(ctx, "d", registry.GroupUpdate{})
	w.refused(err, fault.Invalid)
	_, err = w.Fleet.UpdateDynamicGroup(ctx, "s", registry.GroupUpdate{}, nil)
	w.refused(err, fault.Invalid)
	_, err = w.Fleet.UpdateDynamicGroup(ctx, "none", registry.GroupUpdate{}, nil)
	w.refused(err, fault.NotFound)
	_, err = w.Fleet.UpdateDynamicGroup(ctx, "none", registry.GroupUpdate{}, new("("))
	w.refused(err, fault.InvalidQuery)
	_, err = w.Fleet.UpdateDynamicGroup(ctx, "d", registry.GroupUpdate{ExpectedVersion: new(int64(2))}, new("*"))
	w.refused(err, fault.VersionDiffers)
	w.refused(w.Fleet.DeleteGroup(ctx, "d", nil), fault.Invalid)
	w.refused(w.Fleet.DeleteDynamicGroup(ctx, "s", new(int64(9))), fault.Invalid)
	w.refused(w.Fleet.DeleteDynamicGroup(ctx, "d", new(int64(9))), fault.VersionDiffers)
	_, err = w.Identity.CreatePolicy(ctx, "p", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`, nil)
	w.must(err)
	w.refused(w.Identity.AttachPolicy(ctx, "p", identity.Target{Kind: registry.GroupTarget, Key: "d"}), fault.Invalid)
	w.must(w.Identity.AttachPolicy(ctx, "p", identity.Target{Kind: registry.GroupTarget, Key: "s"}))
	w.members("d", "a")
	for i := range registry.MaxDynamicGroups - 1 {
		w.dynamic(fmt.Sprintf("d%d", i), "thingName:none")
	}
	w.refused(create(fleet.NewDynamicGroup{Name: "one-more", Query: "*"}), fault.Limit)
	w.dynamic("d", "thingName:a") // it is there: no limit is in its way
}

// Ten groups at most: older dynamic ones win over newer ones, and static ones over both when asked
// to (R-ID-13, R-ID-42).
func TestGroupLimit(t *testing.T) {
	t.Parallel()
	w := newRegistryWorld(t)
	ctx := t.Context()
	var log bytes.Buffer // written by the committer before it answers
	w.Fleet.Log = slog.New(slog.NewTextHandler(&log, nil))
	for i := range 11 {
		w.static(fmt.Sprintf("s%02d", i), "")
	}
	w.thing("a", "")
	for i := range 8 {
		w.must(w.Fleet.AddMember(ctx, fmt.Sprintf("s%02d", i), "a"))
	}
	w.dynamic("old", "attributes.x:*")
	w.dynamic("new", "*")
	w.dynamic("newest", "thingName:a")
	w.members("new", "a")
	w.members("newest", "a")
	w.must(w.Fleet.UpdateThing(ctx, "a", registry.ThingUpdate{Attributes: map[string]string{"x": "1"}}))
	w.members("old", "a")
	w.members("newest")
	if !strings.Contains(log.String(), "too many groups") || !strings.Contains(log.String(), "newest") {
		t.Errorf("the log does not tell:\n%s", &log)
	}
	w.refused(w.Fleet.AddMember(ctx, "s08", "a"), fault.Invalid)
	w.must(w.Fleet.ChangeMemberships(ctx, "a", fleet.MembershipChange{Add: []string{"s08"}, Override: true}))
	w.members("old", "a")
	w.members("new")
	w.must(w.Fleet.ChangeMemberships(ctx, "a", fleet.MembershipChange{Add: []string{"s09"}, Override: true}))
	w.members("old")
	w.refused(w.Fleet.ChangeMemberships(ctx, "a", fleet.MembershipChange{Add: []string{"s10"}, Override: true}), fault.Invalid)
	w.must(w.Fleet.ChangeMemberships(ctx, "a", fleet.MembershipChange{Add: []string{"s10"}, Remove: []string{"s00", "s01"}}))
	w.members("old", "a")
	w.members("new")
}

// Who leaves a dynamic group is released from what is QUEUED by it (R-EXE-20, R-EXE-22); its jobs
// reach who is in it.
func TestDynamicGroupAsTarget(t *testing.T) {
	t.Parallel()
	w := newRegistryWorld(t)
	ctx := t.Context()
	w.thing("a", "", "fw", "1")
	w.thing("b", "", "fw", "1")
	w.thing("c", "", "fw", "1")
	w.thing("d", "", "fw", "2")
	w.dynamic("old", "attributes.fw:1")
	_, err := w.Jobs.CreateJob(ctx, jobs.NewJob{ID: "j", Document: "{}", Definition: job.Definition{
		TargetSelection: job.Snapshot, Targets: []job.Target{job.GroupTarget(registry.DefaultScope, "old")},
	}})
	w.must(err)
	_, err = w.Jobs.StartNext(ctx, "a", nil, nil)
	w.must(err)
	for _, name := range []string{"a", "b"} {
		w.must(w.Fleet.UpdateThing(ctx, name, registry.ThingUpdate{Attributes: map[string]string{"fw": "2"}}))
	}
	counts := func() job.Counts {
		j, err := w.Jobs.DescribeJob(ctx, "j")
		w.must(err)
		return j.Counts
	}
	if c := counts(); c[job.ExecutionInProgress] != 1 || c[job.ExecutionRemoved] != 1 || c[job.ExecutionQueued] != 1 {
		t.Errorf("counts %v", c)
	}
	w.must(w.Fleet.DeleteDynamicGroup(ctx, "old", nil))
	if c := counts(); c[job.ExecutionInProgress] != 1 || c[job.ExecutionRemoved] != 2 || c[job.ExecutionQueued] != 0 {
		t.Errorf("after the group is gone: counts %v", c)
	}
}

// Continuous jobs follow a dynamic group: a thing that is created into it, or changes into it, gets
// an execution (R-JOB-55), and one that changes out of it is released (R-EXE-20).
func TestContinuousJobOnDynamicGroup(t *testing.T) {
	t.Parallel()
	w := newRegistryWorld(t)
	ctx := t.Context()
	w.must(w.Jobs.UpdateEventConfigurations(ctx, map[string]bool{"JOB_EXECUTION": true}))
	w.thing("a", "", "fw", "1")
	w.thing("b", "", "fw", "2")
	w.dynamic("old", "attributes.fw:1")
	_, err := w.Jobs.CreateJob(ctx, jobs.NewJob{ID: "j", Document: "{}", Definition: job.Definition{
		TargetSelection: job.Continuous, Targets: []job.Target{job.GroupTarget(registry.DefaultScope, "old")},
	}})
	w.must(err)
	counts := func(queued, removed int64) {
		t.Helper()
		j, err := w.Jobs.DescribeJob(ctx, "j")
		w.must(err)
		if j.Counts[job.ExecutionQueued] != queued || j.Counts[job.ExecutionRemoved] != removed {
			t.Errorf("counts %v, want %d QUEUED, %d REMOVED", j.Counts, queued, removed)
		}
	}
	counts(1, 0)
	w.thing("c", "", "fw", "1")
	counts(2, 0)
	w.must(w.Fleet.UpdateThing(ctx, "b", registry.ThingUpdate{Attributes: map[string]string{"fw": "1"}}))
	counts(3, 0)
	w.must(w.Fleet.UpdateThing(ctx, "b", registry.ThingUpdate{Attributes: map[string]string{"fw": "2"}}))
	counts(2, 1)
	_, err = w.Fleet.UpdateDynamicGroup(ctx, "old", registry.GroupUpdate{}, new("attributes.fw:2"))
	w.must(err)
	counts(1, 3)
	w.must(w.Fleet.DeleteDynamicGroup(ctx, "old", nil))
	counts(0, 4)
}

// In a large fleet a group is built, rebuilt and emptied in bounded steps, which a restart goes on
// with (R-CON-26, R-ID-38).
func TestDynamicGroupInLargeFleet(t *testing.T) {
	t.Parallel()
	const n = 5_500
	s := memory.Open()
	var things []registry.Thing
	var even, odd []string
	for i := range n {
		thing := registry.Thing{ID: registry.ThingID(i + 1), Name: fmt.Sprintf("t%04d", i), Version: 1, Attributes: map[string]string{"n": fmt.Sprint(i % 2)}}
		things = append(things, thing)
		if i%2 == 0 {
			even = append(even, thing.Name)
		} else {
			odd = append(odd, thing.Name)
		}
	}
	if err := s.Write(t.Context(), func(tx store.Tx) error {
		for range n {
			tx.NextKeys().Thing()
		}
		return tx.Apply(store.Changes{Registry: store.RegistryChanges{CreatedThings: things}})
	}); err != nil {
		t.Fatal(err)
	}
	g := &gate{Store: s}
	large := 0
	g.fail = func(c store.Changes) error { // called by one writer at a time
		switch moved := len(c.Registry.AddedMemberships) + len(c.Registry.RemovedMemberships); {
		case moved > smallFleet+1:
			t.Errorf("one step changes %d memberships", moved)
		case moved > jobs.BackgroundStep:
			large++
		}
		return nil
	}
	run := func() (w registryWorld) {
		e := New(Config{Store: g, Clock: clock.NewVirtual(time.Unix(1e9, 0)), IDs: &ids.Counting{}, Events: events.Renderer{Scope: registry.DefaultScope, IDs: &ids.Counting{}}, Log: slog.New(slog.DiscardHandler)})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- e.Run(ctx) }()
		return registryWorld{t, e, func() { cancel(); <-done }}
	}
	w := run()
	g.hold.Lock() // keeps the due loop out until the engine stops
	created := make(chan error)
	go func() {
		_, err := w.Fleet.CreateDynamicGroup(t.Context(), fleet.NewDynamicGroup{Name: "d", Query: "attributes.n:0"})
		created <- err
		w.stop()
		created <- nil
	}()
	g.hold.Unlock()
	w.must(<-created)
	<-created
	if w.work("d") == registry.NoGroupWork {
		t.Log("the group was built before the engine stopped")
	}
	w = run()
	w.must(w.WaitIdle(t.Context()))
	w.members("d", even...)
	if work := w.work("d"); work != registry.NoGroupWork {
		t.Errorf("settled, but %s", work)
	}
	_, err := w.Fleet.UpdateDynamicGroup(t.Context(), "d", registry.GroupUpdate{}, new("attributes.n:1"))
	w.must(err)
	w.must(w.Fleet.UpdateThing(t.Context(), "t5499", registry.ThingUpdate{Attributes: map[string]string{"n": "0"}}))
	w.thing("t5500", "", "n", "1") // wherever the scan is
	w.must(w.WaitIdle(t.Context()))
	w.members("d", append(slices.Clone(odd[:len(odd)-1]), "t5500")...)
	w.must(w.Fleet.DeleteDynamicGroup(t.Context(), "d", nil))
	w.must(w.Fleet.UpdateThing(t.Context(), "t5499", registry.ThingUpdate{Attributes: map[string]string{"n": "1"}}))
	w.must(w.WaitIdle(t.Context()))
	_, err = w.Fleet.DescribeGroup(t.Context(), "d")
	w.refused(err, fault.NotFound)
	if groups, err := w.Fleet.GroupsOfThing(t.Context(), "t0001"); err != nil || len(groups) > 0 {
		t.Errorf("t0001 is in %v, %v", groups, err)
	}
	w.stop()
	if large > 3 {
		t.Errorf("%d steps change more than %d memberships, for 3 requests", large, jobs.BackgroundStep)
	}
}

// Up to 1,000 things are looked at, and as many members leave, before the answer; one more waits
// for the due loop, which does not run here (R-ID-38).
func TestDynamicGroupAtOnce(t *testing.T) {
	t.Parallel()
	for n, atOnce := range map[int]bool{smallFleet: true, smallFleet + 1: false} {
		e := New(Config{Store: memory.Open(), Clock: clock.NewVirtual(time.Unix(1e9, 0)), IDs: &ids.Counting{}, Events: events.Renderer{Scope: registry.DefaultScope, IDs: &ids.Counting{}}, Log: slog.New(slog.DiscardHandler)})
		go e.commits.Run(t.Context())
		w := registryWorld{t, e, nil}
		for i := range n {
			w.thing(fmt.Sprintf("t%04d", i), "")
		}
		w.dynamic("d", "*")
		if work := w.work("d"); (work == registry.NoGroupWork) != atOnce {
			t.Errorf("of %d things: %q", n, work)
		}
		if atOnce {
			w.must(w.Fleet.DeleteDynamicGroup(t.Context(), "d", nil))
			_, err := w.Fleet.DescribeGroup(t.Context(), "d")
			w.refused(err, fault.NotFound)
			continue
		}
		for range 6 {
			w.must(e.commits.Do(t.Context(), e.dueStep))
		}
		w.must(w.Fleet.DeleteDynamicGroup(t.Context(), "d", nil))
		if work := w.work("d"); work != registry.Emptying { // one member is left
			t.Errorf("while it is deleted: %q", work)
		}
		_, err := w.Fleet.CreateDynamicGroup(t.Context(), fleet.NewDynamicGroup{Name: "d", Query: "*"})
		w.refused(err, fault.Exists)
		_, err = w.Fleet.UpdateDynamicGroup(t.Context(), "d", registry.GroupUpdate{}, nil)
		w.refused(err, fault.Invalid)
		w.must(w.Fleet.DeleteDynamicGroup(t.Context(), "d", nil))
	}
}

// A static group that is deleted is gone with the answer up to so many members; a larger one is
// emptied in bounded steps, and nothing new begins with it meanwhile (R-ID-12, R-JOB-61, R-CON-26).
func TestStaticGroupDeletion(t *testing.T) {
	t.Parallel()
	e := New(Config{Store: memory.Open(), Clock: clock.NewVirtual(time.Unix(1e9, 0)), IDs: &ids.Counting{}, Events: events.Renderer{Scope: registry.DefaultScope, IDs: &ids.Counting{}}, Log: slog.New(slog.DiscardHandler)})
	go e.commits.Run(t.Context())
	w := registryWorld{t, e, nil}
	ctx := t.Context()
	w.static("small", "")
	w.static("large", "")
	for i := range 9 * smallFleet {
		name := fmt.Sprintf("t%04d", i)
		w.thing(name, "")
		w.must(w.Fleet.AddMember(ctx, "large", name))
	}
	w.must(w.Fleet.AddMember(ctx, "small", "t0000"))
	w.must(w.Fleet.DeleteGroup(ctx, "small", nil))
	_, err := w.Fleet.DescribeGroup(ctx, "small")
	w.refused(err, fault.NotFound)

	w.must(w.Fleet.DeleteGroup(ctx, "large", nil))
	if work := w.work("large"); work != registry.Emptying {
		t.Fatalf("while it is deleted: %q", work)
	}
	w.refused(w.Fleet.AddMember(ctx, "large", "t0000"), fault.Invalid)
	_, err = w.Fleet.CreateGroup(ctx, fleet.NewGroup{Name: "child", Parent: "large"})
	w.refused(err, fault.Invalid)
	_, err = w.Fleet.CreateGroup(ctx, fleet.NewGroup{Name: "large"})
	w.refused(err, fault.Exists)
	_, err = w.Fleet.UpdateGroup(ctx, "large", registry.GroupUpdate{})
	w.refused(err, fault.Invalid)
	_, err = w.Jobs.CreateJob(ctx, jobs.NewJob{ID: "j", Document: "{}", Definition: job.Definition{Targets: []job.Target{job.GroupTarget(registry.DefaultScope, "large")}}})
	w.refused(err, fault.NotFound)
	w.must(w.Fleet.DeleteGroup(ctx, "large", nil)) // is under way
	steps := 0
	for ; steps < 100; steps++ {
		if _, err := w.Fleet.DescribeGroup(ctx, "large"); err != nil {
			break
		}
		w.must(e.commits.Do(ctx, e.dueStep))
	}
	if steps < 2 || steps > 10 {
		t.Errorf("it took %d steps", steps)
	}
	if groups, err := w.Fleet.GroupsOfThing(ctx, "t2000"); err != nil || len(groups) > 0 {
		t.Errorf("a member is left in %v, %v", groups, err)
	}
}

// After any history, members are what queries and the registry say now: nothing depends on the way
// there.
func TestDynamicGroupsAfterAnyHistory(t *testing.T) { // R-ID-38, R-ID-42
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	r := rand.New(rand.NewPCG(seed, 0))
	pick := func(from ...string) string { return from[r.IntN(len(from))] }
	w := newRegistryWorld(t)
	ctx := t.Context()
	things, statics, dynamics := []string{"a", "b", "c", "d"}, []string{"root", "child", "other"}, []string{"d1", "d2", "d3"}
	queries := []string{"*", "attributes.x:1", "NOT attributes.x:1", "thingGroupNames:root", "thingTypeName:k attributes.x:*", "thingName:(a OR b) -thingGroupNames:other"}
	_, err := w.Fleet.CreateThingType(ctx, fleet.NewThingType{Name: "k"})
	w.must(err)
	for step := range 400 {
		thing := pick(things...)
		switch r.IntN(9) {
		case 0:
			_, _ = w.Fleet.CreateThing(ctx, fleet.NewThing{Name: thing, Type: pick("", "k"), Attributes: map[string]string{"x": pick("", "1", "2")}})
		case 1:
			_ = w.Fleet.UpdateThing(ctx, thing, registry.ThingUpdate{Type: new(pick("", "k")), Attributes: map[string]string{"x": pick("", "1", "2")}})
		case 2:
			_ = w.Fleet.DeleteThing(ctx, thing, nil)
		case 3:
			_, _ = w.Fleet.CreateGroup(ctx, fleet.NewGroup{Name: pick("root", "other")})
			_, _ = w.Fleet.CreateGroup(ctx, fleet.NewGroup{Name: "child", Parent: "root"})
		case 4:
			_ = w.Fleet.DeleteGroup(ctx, pick(statics...), nil)
		case 5:
			_ = w.Fleet.AddMember(ctx, pick(statics...), thing)
		case 6:
			_ = w.Fleet.RemoveMember(ctx, pick(statics...), thing)
		case 7:
			_, _ = w.Fleet.CreateDynamicGroup(ctx, fleet.NewDynamicGroup{Name: pick(dynamics...), Query: pick(queries...)})
			_, _ = w.Fleet.UpdateDynamicGroup(ctx, pick(dynamics...), registry.GroupUpdate{}, new(pick(queries...)))
		case 8:
			_ = w.Fleet.DeleteDynamicGroup(ctx, pick(dynamics...), nil)
		}
		if got, want := w.found(), w.expected(); !cmp.Equal(got, want) {
			t.Fatalf("seed %d step %d: (-want +got)\n%s", seed, step, cmp.Diff(want, got))
		}
	}
}

// found lists the dynamic memberships as they are, and expected as the queries say, thing by thing.
func (w registryWorld) found() (all []string) {
	w.view(func(r store.Reader, dynamic []registry.Group, t registry.Thing) error {
		memberships, err := r.Memberships(t.ID)
		for _, m := range memberships {
			for _, d := range dynamic {
				if d.ID == m.Group {
					all = append(all, t.Name+" in "+d.Name)
				}
			}
		}
		return err
	})
	return all
}

func (w registryWorld) expected() (all []string) {
	w.view(func(r store.Reader, dynamic []registry.Group, t registry.Thing) error {
		s := fleetquery.Subject{Thing: t}
		memberships, err := r.Memberships(t.ID)
		for _, m := range memberships {
			for at := m.Group; at != 0; {
				g, err := r.Group(at)
				if err != nil {
					return err
				}
				if !g.Dynamic() {
					s.Groups = append(s.Groups, g.Name)
				}
				at = g.Parent
			}
		}
		for _, d := range dynamic {
			if q, err := fleetquery.Parse(d.Query); err != nil || q.Matches(&s) {
				all = append(all, t.Name+" in "+d.Name)
			}
		}
		return err
	})
	return all
}

func (w registryWorld) view(each func(store.Reader, []registry.Group, registry.Thing) error) {
	w.Helper()
	w.must(w.config.Store.Read(w.Context(), func(r store.Reader) error {
		dynamic, err := r.DynamicGroups()
		if err != nil {
			return err
		}
		things, err := r.Things(store.ThingQuery{Limit: 100})
		for _, t := range things {
			if err := each(r, dynamic, t); err != nil {
				return err
			}
		}
		return err
	}))
}

// A group whose query is refused by now, because it can only have been meant otherwise, takes its
// members as before, and no change of a thing fails because of it (R-ID-60).
func TestStoredQuery(t *testing.T) {
	t.Parallel()
	s := memory.Open()
	var c store.Changes
	c.Registry.CreatedGroups = []registry.Group{
		{ID: 1, Name: "old", UUID: "u", Version: 1, Query: `thingName\:y`},
	}
	if err := s.Write(t.Context(), func(tx store.Tx) error { return tx.Apply(c) }); err != nil {
		t.Fatal(err)
	}
	w := registryWorld{T: t, Engine: New(Config{
		Store:   s,
		Clock:   clock.NewVirtual(time.Unix(1e9, 0).UTC()),
		IDs:     &ids.Counting{},
		Events:  events.Renderer{Scope: registry.DefaultScope, IDs: &ids.Counting{}},
		Log:     slog.New(slog.DiscardHandler),
		Stepped: true,
	})}
	w.thing("y", "")
	w.thing("z", "", "note", "thingName:y")
	w.members("old", "z")
	_, err := w.Fleet.CreateDynamicGroup(t.Context(),
		fleet.NewDynamicGroup{Name: "new", Query: `thingName\:y`})
	w.refused(err, fault.InvalidQuery)
}
