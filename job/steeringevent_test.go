package job

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// What the server did by itself, by what changed (R-STR-70).
func TestSteeringEventsOf(t *testing.T) {
	t.Parallel()
	watched := Observation{At: start, Criterion: 1, Failures: 2, Executed: 4, Action: ActionObserve}
	stopped := Observation{At: start.Add(time.Second), Failures: 3, Executed: 9, Action: ActionPause}
	observed := func(list ...Observation) *Steered { return &Steered{Observed: list} }
	waves := func(list ...WaveState) *Steered { return &Steered{Waves: list} }
	active := func(s *Steered, paused string) State {
		return State{Status: InProgress, Steered: s, Paused: paused}
	}
	ended := func(s *Steered, status Status, end bool) State {
		return State{Status: status, Steered: s, RolloutEnded: end, Progress: Progress{Finished: true}}
	}
	const guard = "guard: FAILED 3 of 9 - rate 5pct alpha 5pct"
	same := observed(watched)
	for _, tt := range []struct {
		name          string
		before, after State
		want          []string
	}{
		{"nothing", active(same, ""), active(same, "x"), nil},
		{"created paused", State{}, active(nil, "abort: by hand"), nil},
		{"a pause of an operator", active(nil, ""), active(nil, "a ticket"), nil},
		{"a reason of an operator like one of the server", active(observed(watched), ""),
			active(observed(watched), "abort: by hand"), nil},
		{"observed", active(nil, ""), active(observed(watched), ""), []string{"observed"}},
		{"another one", active(observed(watched), ""), active(observed(watched, stopped), guard),
			[]string{"observed", "paused"}},
		{"the same in another copy", active(observed(watched), ""), active(observed(watched), ""), nil},
		{"forgotten", active(observed(watched), ""), active(observed(), ""), nil},
		{"forgotten, and another one", active(observed(watched), ""), active(observed(stopped), guard),
			[]string{"observed", "paused"}},
		{"it was paused already", active(nil, "a ticket"), active(observed(stopped), "a ticket"),
			[]string{"observed"}},
		{"paused by an operator in the same change", active(nil, ""), active(observed(stopped), "a ticket"),
			[]string{"observed"}},
		{"observed as the job is canceled", active(nil, ""), State{Status: Canceled, Steered: observed(watched)},
			[]string{"observed"}},
		{"a wave begins", active(nil, ""), active(waves(WaveState{}), ""), nil},
		{"a wave has nothing left", active(waves(WaveState{}), ""), active(waves(WaveState{Released: true}), ""),
			[]string{"wave_released"}},
		{"released and judged", active(waves(WaveState{}), ""),
			active(waves(WaveState{Released: true, Judged: true}), "wave: 1 waits for approval"),
			[]string{"wave_released", "paused"}},
		{"judged", active(waves(WaveState{Released: true}), ""),
			active(waves(WaveState{Released: true, Judged: true}), "wave: 1 waits for approval"), []string{"paused"}},
		{"judged, and the gate is open", active(waves(WaveState{Released: true}), ""),
			active(waves(WaveState{Released: true, Judged: true}), ""), nil},
		{"the last wave", active(waves(WaveState{Judged: true}, WaveState{}), ""),
			ended(waves(WaveState{Judged: true}, WaveState{}), InProgress, false), []string{"wave_released"}},
		{"the last wave, and all has ended", active(waves(WaveState{Judged: true}, WaveState{}), ""),
			ended(waves(WaveState{Judged: true}, WaveState{}), Completed, false), []string{"wave_released"}},
		{"canceled in the last wave", active(waves(WaveState{Judged: true}, WaveState{}), ""),
			ended(waves(WaveState{Judged: true}, WaveState{}), Canceled, false), nil},
		{"the end time", active(waves(WaveState{Judged: true}, WaveState{}), ""),
			ended(waves(WaveState{Judged: true}, WaveState{}), InProgress, true), nil},
		{"canceled in the first", active(waves(WaveState{}), ""), ended(waves(WaveState{}), Canceled, false), nil},
	} {
		d := steered(map[string]string{"drover:waves": "5pct approve"}).Definition
		var got []string
		for _, e := range SteeringEventsOf(Job{Definition: d, State: tt.before}, Job{Definition: d, State: tt.after}) {
			got = append(got, e.Name)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

// An event says what it is about.
func TestSteeringEventFigures(t *testing.T) { // R-STR-70
	t.Parallel()
	o := Observation{At: start, Criterion: 1, Failures: 2, Executed: 4, Action: ActionObserve}
	before := inWaves("group=canary")
	after := before
	after.Steered = &Steered{Observed: []Observation{o}, Waves: []WaveState{{Created: 7, Released: true}}}
	want := []SteeringEvent{
		{Name: ObservedEvent, Observation: o},
		{Name: WaveReleasedEvent, Wave: ShownWave{
			Number: 1,
			Takes:  "group=canary",
			State:  WaveState{Created: 7, Released: true},
			Status: WaveAtGate,
		}},
	}
	if diff := cmp.Diff(want, SteeringEventsOf(before, after)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
