package job

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Kinds of due work take turns (R-CON-29).
func TestTurns(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		turns Turns
		want  [3]DueKind
	}{
		{"before the first step", Turns{}, [3]DueKind{DueTimers, DueTimed, DueAtOnce}},
		{"after a job's tick", Turns{Timed: true}, [3]DueKind{DueTimers, DueAtOnce, DueTimed}},
		{"more timers", Turns{TimersLeft: true}, [3]DueKind{DueTimed, DueAtOnce, DueTimers}},
		{
			"more timers, after a tick", Turns{TimersLeft: true, Timed: true},
			[3]DueKind{DueAtOnce, DueTimed, DueTimers},
		},
	} {
		if diff := cmp.Diff(tt.want, tt.turns.Order()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}
