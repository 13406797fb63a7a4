package job

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/registry"
)

// invalid compares the answer of a check with the text of its Invalid fault; empty means accepted.
func invalid(t *testing.T, name string, err error, says string) {
	t.Helper()
	f := fault.Of(err)
	if (says == "") != (err == nil) || f != nil && (f.Code != fault.Invalid || f.Message != says) {
		t.Errorf("%s: %v, want %q", name, err, says)
	}
}

// Targets are ARNs of things and groups, at most 100 (R-VAL-5). One of another account is well
// formed and names nothing (R-VAL-6, R-CON-8, R-ID-2).
func TestParseTargets(t *testing.T) {
	t.Parallel()
	arn := func(rest string) string { return "arn:aws:iot:us-east-1:000000000000:" + rest }
	many := func(n int) (arns []string) {
		for i := range n {
			arns = append(arns, arn(fmt.Sprintf("thing/t%d", i)))
		}
		return arns
	}
	got, err := ParseTargets(registry.DefaultScope, []string{
		arn("thing/pump:7"), arn("thinggroup/site"),
		"arn:aws:iot:eu-west-1:111111111111:thing/pump",
	})
	want := []Target{
		{Kind: "thing", Name: "pump:7", ARN: arn("thing/pump:7")},
		{Kind: "thinggroup", Name: "site", ARN: arn("thinggroup/site")},
		{Name: "pump", ARN: "arn:aws:iot:eu-west-1:111111111111:thing/pump"},
	}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	for _, other := range []string{
		"arn:aws:iot:eu-west-1:000000000000:", "arn:aws:iot:us-east-1:111111111111:",
		"arn:aws-cn:iot:us-east-1:000000000000:",
	} {
		got, err := ParseTargets(registry.DefaultScope, []string{other + "thing/pump"})
		if err != nil || got[0].Kind != "" {
			t.Errorf("a thing of %s is %+v, %v; want one that is not here", other, got, err)
		}
	}
	for _, tt := range []struct {
		name string
		arns []string
		says string
	}{
		{"R-VAL-5 no ARN", []string{arn("thing/a"), "pump"},
			`targets[1]: "pump" is not an ARN of a thing or a thing group`},
		{"R-VAL-5 a job", []string{arn("job/j")},
			`targets[0]: "arn:aws:iot:us-east-1:000000000000:job/j" is not an ARN of a thing or a thing group`},
	} {
		_, err := ParseTargets(registry.DefaultScope, tt.arns)
		invalid(t, tt.name, err, tt.says)
	}
	for n, says := range map[int]string{100: "", 101: "targets: 101 items, at most 100 are allowed"} {
		targets, err := ParseTargets(registry.DefaultScope, many(n))
		if err != nil {
			t.Fatal(err)
		}
		invalid(t, "R-VAL-5 "+fmt.Sprint(n), Definition{Targets: targets}.Check(DefaultRequestLimits, start), says)
		invalid(t, "R-VAL-5 "+fmt.Sprint(n), CheckAssociable(targetsNamed(ARNs(targets)...), DefaultRequestLimits), says)
	}
}

// Two targets name the same resource when kind and name agree, whatever the account (R-API-12).
func TestResource(t *testing.T) {
	t.Parallel()
	scope := registry.Scope{Partition: "aws", Region: "eu-west-1", Account: "111111111111"}
	a, b := GroupTarget(scope, "site:1"), GroupTarget(registry.DefaultScope, "site:1")
	if a.ARN == b.ARN || a.Resource() != "thinggroup/site:1" || a.Resource() != b.Resource() {
		t.Errorf("%s and %s", a.Resource(), b.Resource())
	}
	if c := ThingTarget(scope, "site:1"); c.Resource() != "thing/site:1" ||
		c.ARN != "arn:aws:iot:eu-west-1:111111111111:thing/site:1" {
		t.Errorf("a thing is %s, %s", c.Resource(), c.ARN)
	}
}

// targetsNamed are targets whose texts are these, of whatever kind.
func targetsNamed(names ...string) (targets []Target) {
	for _, name := range names {
		targets = append(targets, Target{Name: name, ARN: name})
	}
	return targets
}

// Repeats are dropped, the order of first occurrence stays (R-VAL-7).
func TestUniqueTargets(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ given, want []string }{
		{nil, []string{}},
		{[]string{"a"}, []string{"a"}},
		{[]string{"b", "a", "b", "a", "c"}, []string{"b", "a", "c"}},
	} {
		if diff := cmp.Diff(tt.want, ARNs(UniqueTargets(targetsNamed(tt.given...)))); diff != "" {
			t.Errorf("%v (-want +got):\n%s", tt.given, diff)
		}
	}
}

// The target groups of a job are those that its targets name (R-JOB-55); a target that does not
// exist any more has no source.
func TestTargetGroups(t *testing.T) {
	t.Parallel()
	got := TargetGroups([]Source{
		{Target: 0, Group: 5}, {Target: 1, Thing: 7}, {Target: 2, Group: 8}, {Target: 4, Group: 9},
	})
	if diff := cmp.Diff([]registry.GroupID{5, 8, 9}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// What can be associated: groups that the job does not have yet (R-API-19, R-API-20).
func TestAssociable(t *testing.T) {
	t.Parallel()
	group, thing := Target{Kind: registry.KindGroup, Name: "g", ARN: "g"},
		Target{Kind: registry.KindThing, Name: "t", ARN: "t"}
	invalid(t, "R-API-19 groups", CheckAssociable([]Target{group, group}, DefaultRequestLimits), "")
	invalid(t, "R-API-19 elsewhere", CheckAssociable(targetsNamed("x"), DefaultRequestLimits), "") // not found later
	invalid(t, "R-API-19 a thing", CheckAssociable([]Target{group, thing}, DefaultRequestLimits),
		"targets[1]: t is a thing; only thing groups can be associated")
	j := Job{Definition: Definition{Targets: targetsNamed("a", "b")}}
	for _, tt := range []struct {
		given, want []string
	}{
		{nil, []string{}},
		{[]string{"a", "b"}, []string{}},
		{[]string{"c", "a", "d", "c"}, []string{"c", "d"}},
	} {
		if diff := cmp.Diff(tt.want, ARNs(j.NewTargets(targetsNamed(tt.given...)))); diff != "" {
			t.Errorf("R-API-20 %v (-want +got):\n%s", tt.given, diff)
		}
	}
}

// AssociateTargetsWithJob by the state of the job, and at the limit (R-API-19 to R-API-22,
// R-JOB-42).
func TestAssociate(t *testing.T) {
	t.Parallel()
	many := func(n int) Association {
		var a Association
		for i := range n {
			target := Target{ARN: fmt.Sprintf("g%d", i)}
			a.Add(target, Source{Target: 2 + i, Group: registry.GroupID(10 + i)}, 60)
		}
		return a
	}
	for _, tt := range []struct {
		name  string
		kind  TargetSelection
		state State
		add   int
		code  fault.Code
	}{
		{"R-API-19", Continuous, State{Status: InProgress}, 1, ""},
		{"R-API-19 SNAPSHOT", Snapshot, State{Status: InProgress}, 1, fault.Invalid},
		{"R-API-21 SCHEDULED", Continuous, State{Status: Scheduled}, 1, fault.Invalid},
		{"R-API-19 COMPLETED", Continuous, State{Status: Completed}, 1, fault.Invalid},
		{"R-API-19 CANCELED", Continuous, State{Status: Canceled}, 1, fault.Invalid},
		{"R-API-19 being deleted", Continuous, State{Status: DeletionInProgress}, 1, fault.Invalid},
		{"R-SCH-22 its rollout has ended", Continuous,
			State{Status: InProgress, RolloutEnded: true}, 1, fault.Invalid},
		{"R-API-20 100 in all", Continuous, State{Status: InProgress}, 98, ""},
		{"R-API-20 101 in all", Continuous, State{Status: InProgress}, 99, fault.Limit},
		{"R-API-20 nothing new", Continuous, State{Status: InProgress}, 0, ""},
	} {
		j := Job{ID: "j", Definition: Definition{
			Targets: targetsNamed("a", "b"), TargetSelection: tt.kind,
			Sources:      []Source{{Group: 1}, {Target: 1, Group: 2}},
			TargetGroups: []registry.GroupID{1, 2}, Schedule: &ScheduleConfig{},
		}, State: tt.state}
		j.Counts[ExecutionInProgress] = 1
		j.Progress.Finished = true
		err := j.Associate(many(tt.add), text("why"), 100, start)
		if tt.code != "" {
			if !fault.Is(err, tt.code) || len(j.Targets) != 2 || j.Comment != "" {
				t.Errorf("%s: %v, %d targets, want %s and no change", tt.name, err, len(j.Targets),
					tt.code)
			}
			continue
		}
		if err != nil || len(j.Targets) != 2+tt.add || len(j.TargetGroups) != 2+tt.add ||
			j.Comment != "why" || !j.UpdatedAt.Equal(start) {
			t.Errorf("%s: %v, %d targets, comment %q (R-API-22)", tt.name, err, len(j.Targets),
				j.Comment)
		}
		if added := j.Backfill != nil; added != (tt.add > 0) || added && j.Backfill.Source != 2 {
			t.Errorf("%s: back-fill at %+v (R-JOB-42)", tt.name, j.Backfill)
		}
	}
}

// A back-fill takes the members that had joined when the group was added, and never counts as part
// of the rollout: its sources always have a newest membership (R-API-22, R-JOB-42).
func TestAssociationSources(t *testing.T) {
	t.Parallel()
	var a Association
	a.Add(Target{ARN: "first"}, Source{Target: 1, Group: 5}, 60)
	a.Add(Target{ARN: "second"}, Source{Target: 2, Group: 7}, 61)
	want := []Source{
		{Target: 1, Group: 5, NewestMembership: 60}, {Target: 2, Group: 7, NewestMembership: 61},
	}
	if diff := cmp.Diff(want, a.Sources); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	j := Job{Definition: Definition{Sources: append([]Source{{Thing: 3}}, a.Sources...)}}
	if at := j.FirstAssociatedSource(); at != 1 {
		t.Errorf("the first that was associated is %d", at)
	}
	if at := (Job{Definition: Definition{Sources: []Source{{Thing: 3}}}}).FirstAssociatedSource(); at != 1 {
		t.Errorf("without one: %d", at)
	}
}

// The rollout ends where the first source stands that was associated later (R-JOB-42): any newest
// membership but zero marks one, also that of a fleet in which the first thing has just joined.
func TestFirstAssociatedSource(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		sources []Source
		want    int
	}{
		{"none", nil, 0},
		{"of the rollout only", []Source{{Thing: 3}, {Group: 4}}, 2},
		{"the second", []Source{{Thing: 3}, {Group: 4, NewestMembership: 1}}, 1},
		{"the first, because no target was left", []Source{{Group: 4, NewestMembership: 1}}, 0},
		{"the first of two", []Source{{Thing: 3}, {Group: 4, NewestMembership: 9},
			{Group: 5, NewestMembership: 1}}, 1},
	} {
		if got := (Definition{Sources: tt.sources}).FirstAssociatedSource(); got != tt.want {
			t.Errorf("R-JOB-42 %s: %d, want %d", tt.name, got, tt.want)
		}
	}
}

// A second association goes on after the first, whose back-fill may still run.
func TestAssociateTwice(t *testing.T) {
	t.Parallel()
	j := Job{Definition: Definition{Targets: targetsNamed("a"), TargetSelection: Continuous,
		Sources: []Source{{Group: 1}}},
		State: State{Status: InProgress, Progress: Progress{Finished: true}}}
	for i, arn := range []string{"b", "c"} {
		var a Association
		a.Add(Target{ARN: arn}, Source{Target: 1 + i, Group: registry.GroupID(2 + i)}, 9)
		if err := j.Associate(a, nil, 100, start); err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			j.AdvanceBackfill(RolloutCursor{Source: 1, After: "m"}, false, start)
		}
	}
	if diff := cmp.Diff(&RolloutCursor{Source: 1, After: "m"}, j.Backfill); diff != "" {
		t.Errorf("the back-fill goes on elsewhere (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"b", "c"}, ARNs(j.ProcessingTargets())); diff != "" {
		t.Errorf("R-JOB-43 (-want +got):\n%s", diff)
	}
}

// Associating with a job whose end time or window close has come, before anybody looked at the job:
// what counts is the time of the request (R-API-19, R-API-21, R-SCH-16, R-SCH-22).
func TestAssociateAtTheEnd(t *testing.T) {
	t.Parallel()
	ends := &ScheduleConfig{EndAt: start.Add(time.Hour)}
	for _, tt := range []struct {
		name     string
		schedule *ScheduleConfig
		edge     time.Time
		after    time.Duration
		code     fault.Code
	}{
		{"R-SCH-22 just before the end time", ends, time.Time{}, time.Hour - time.Millisecond, ""},
		{"R-SCH-22 at the end time", ends, time.Time{}, time.Hour, fault.Invalid},
		{"R-SCH-16 in the last moment of the window", at2(60), start, -time.Millisecond, ""},
		{"R-SCH-16 when the window closes", at2(60), start, 0, fault.Invalid},
	} {
		j := Job{ID: "j", Definition: Definition{
			Targets: targetsNamed("a"), TargetSelection: Continuous, Sources: []Source{{Group: 1}},
			Schedule: tt.schedule,
		}, State: State{Status: InProgress, WindowEdge: tt.edge}}
		j.Counts[ExecutionInProgress] = 1
		var a Association
		a.Add(Target{ARN: "b"}, Source{Target: 1, Group: 2}, 9)
		err := j.Associate(a, nil, 100, start.Add(tt.after))
		if (tt.code == "") != (err == nil) || err != nil && !fault.Is(err, tt.code) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.code)
		}
	}
}

// An association changes nothing of the job that it was decided from: two that are decided from the
// same facts, of which one may be dropped, do not see each other's groups (R-API-20).
func TestAssociateLeavesTheFacts(t *testing.T) {
	t.Parallel()
	facts := Job{Definition: Definition{
		Targets:         make([]Target, 1, 8),
		Sources:         make([]Source, 1, 8),
		TargetGroups:    make([]registry.GroupID, 1, 8),
		TargetSelection: Continuous,
	}, State: State{Status: InProgress}}
	add := func(arn string, group registry.GroupID) Job {
		j := facts
		var a Association
		a.Add(Target{ARN: arn}, Source{Target: 1, Group: group}, 9)
		if err := j.Associate(a, nil, 100, start); err != nil {
			t.Fatal(err)
		}
		return j
	}
	first, second := add("b", 2), add("c", 3)
	for _, tt := range []struct {
		job   Job
		arn   string
		group registry.GroupID
	}{{first, "b", 2}, {second, "c", 3}} {
		if j := tt.job; j.Targets[1].ARN != tt.arn || j.Sources[1].Group != tt.group ||
			j.TargetGroups[1] != tt.group {
			t.Errorf("%s: %+v, %+v, %v", tt.arn, j.Targets, j.Sources, j.TargetGroups)
		}
	}
}
