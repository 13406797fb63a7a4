package answers

import (
	"slices"
	"testing"
	"time"

	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/job/forecast"
)

// Which windows a forecast shows: of the last week, of the curve, and the next five (R-FCT-9).
func TestShownWindows(t *testing.T) {
	t.Parallel()
	day := func(d, hour int) time.Time { return time.Date(2026, 3, d, hour, 0, 0, 0, time.UTC) }
	night := []job.Window{{StartTime: "cron(0 2 ? * * *)", Minutes: 120}}
	for _, tt := range []struct {
		name           string
		windows        []job.Window
		start, created time.Time
		now, end       time.Time
		first, last    time.Time // when the first and the last window begin
		count          int
		closes         time.Time // when the first one closes
	}{
		{name: "none", created: day(1, 0), now: day(2, 0), end: day(9, 0)},
		{"a new job", night, time.Time{}, day(2, 0), day(2, 0), day(2, 6), day(2, 2), day(6, 2), 5, day(2, 4)},
		{"a long curve", night, time.Time{}, day(2, 0), day(2, 0), day(12, 0), day(2, 2), day(11, 2), 10, day(2, 4)},
		{"one that is open since before", night, time.Time{}, day(2, 0), day(2, 3), day(2, 6), day(2, 2),
			day(7, 2), 6, day(2, 4)},
		{"a week back at most", night, time.Time{}, day(1, 0), day(20, 12), day(20, 13), day(14, 2),
			day(25, 2), 12, day(14, 4)},
		{"not before the start", night, day(5, 3), day(1, 0), day(2, 0), day(2, 1), day(5, 3), day(9, 2), 5, day(5, 4)},
	} {
		f := Forecast{At: tt.now, Forecast: forecast.Forecast{Curve: []forecast.Point{{At: tt.now}, {At: tt.end}}}}
		f.Job.CreatedAt = tt.created
		f.Job.Schedule = &job.ScheduleConfig{Windows: tt.windows, StartAt: tt.start}
		got := shownWindows(f)
		if len(got) != tt.count {
			t.Errorf("%s: %d windows, want %d: %v", tt.name, len(got), tt.count, got)
			continue
		}
		if len(got) == 0 {
			continue
		}
		if got[0] != (job.Span{From: tt.first, Until: tt.closes}) {
			t.Errorf("%s: the first is %v", tt.name, got[0])
		}
		if last := got[len(got)-1]; !last.From.Equal(tt.last) {
			t.Errorf("%s: the last begins %v, want %v", tt.name, last.From, tt.last)
		}
		if !slices.IsSortedFunc(got, func(a, b job.Span) int { return a.From.Compare(b.Until) }) {
			t.Errorf("%s: two overlap: %v", tt.name, got)
		}
	}
}
