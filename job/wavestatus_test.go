package job

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// How far each wave is, from before the first begins until the rollout has finished.
func TestShownWaves(t *testing.T) { // R-STR-50, R-STR-52
	t.Parallel()
	const settings = "group=canary approve / 5pct / 100pct"
	for _, tt := range []struct {
		name   string
		waves  []WaveState
		paused string
		ended  bool // the rollout has
		want   []WaveStatus
	}{
		{"before", nil, "", false, []WaveStatus{WaveToCome, WaveToCome, WaveToCome}},
		{"begun", []WaveState{{}}, "", false, []WaveStatus{WaveReleasing, WaveToCome, WaveToCome}},
		{
			"all is released", []WaveState{{Released: true}}, "", false,
			[]WaveStatus{WaveAtGate, WaveToCome, WaveToCome},
		},
		{
			"judged", []WaveState{{Released: true, Judged: true}}, "wave: 1 waits for approval", false,
			[]WaveStatus{WaveStopped, WaveToCome, WaveToCome},
		},
		{
			"paused by an operator", []WaveState{{Released: true, Judged: true}}, "a ticket", false,
			[]WaveStatus{WaveDone, WaveToCome, WaveToCome},
		},
		{
			"resumed", []WaveState{{Released: true, Judged: true}}, "", false,
			[]WaveStatus{WaveDone, WaveToCome, WaveToCome},
		},
		{
			"the second", []WaveState{{Released: true, Judged: true}, {}}, "", false,
			[]WaveStatus{WaveDone, WaveReleasing, WaveToCome},
		},
		{
			"the last has released all", []WaveState{{Judged: true}, {Judged: true}, {}}, "", true,
			[]WaveStatus{WaveDone, WaveDone, WaveDone},
		},
	} {
		j := steered(map[string]string{"drover:waves": settings})
		j.Status, j.Paused, j.Progress.Finished = InProgress, tt.paused, tt.ended
		j.Steered = &Steered{Waves: tt.waves}
		var got []WaveStatus
		var takes []string
		for i, w := range j.ShownWaves() {
			got, takes = append(got, w.Status), append(takes, w.Takes)
			if w.Number != i+1 {
				t.Errorf("%s: wave %d has the number %d", tt.name, i+1, w.Number)
			}
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
		if diff := cmp.Diff([]string{"group=canary", "5pct", "100pct"}, takes); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}
