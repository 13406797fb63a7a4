package job

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/internal/fault"
)

// The bounds of a schedule, inclusive, against a now that is cut to the minute, and the forms of
// its times.
func TestScheduleCheck(t *testing.T) {
	t.Parallel()
	now := start.Add(59 * time.Second) // 2026-03-01 12:00:59
	for _, tt := range []struct {
		rule, start, end string
		startAt, endAt   string // empty: refused
	}{
		{"R-SCH-1 soonest, R-SCH-3 cut to the minute", "2026-03-01 12:30", "", "2026-03-01 12:30",
			""},
		{"R-SCH-1 too soon", "2026-03-01 12:29", "", "", ""},
		{"R-SCH-1 latest, R-SCH-3 a calendar year", "2027-03-01 12:00", "", "2027-03-01 12:00", ""},
		{"R-SCH-1 too late", "2027-03-01 12:01", "", "", ""},
		{"R-SCH-2 soonest", "", "2026-03-01 12:30", "", "2026-03-01 12:30"},
		{"R-SCH-2 too soon", "", "2026-03-01 12:29", "", ""},
		{"R-SCH-2 latest", "", "2028-03-01 12:00", "", "2028-03-01 12:00"},
		{"R-SCH-2 too late", "", "2028-03-01 12:01", "", ""},
		{"R-SCH-2 30 minutes after the start", "2026-03-01 13:00", "2026-03-01 13:30",
			"2026-03-01 13:00", "2026-03-01 13:30"},
		{"R-SCH-2 29 minutes after the start", "2026-03-01 13:00", "2026-03-01 13:29", "", ""},
		{"R-SCH-2 before the start", "2026-03-01 14:00", "2026-03-01 13:00", "", ""},
		{"R-SCH-4 T", "2026-03-01T13:00", "", "2026-03-01 13:00", ""},
		{"R-SCH-4 Z", "2026-03-01T13:00Z", "", "2026-03-01 13:00", ""},
		{"R-SCH-4 seconds are dropped", "2026-03-01T13:00:59", "", "2026-03-01 13:00", ""},
		{"R-SCH-4 fraction", "2026-03-01T13:00:59.999Z", "", "2026-03-01 13:00", ""},
		{"R-SCH-4 zone", "2026-03-01T15:30+02:30", "", "2026-03-01 13:00", ""},
		{"R-SCH-4 zone and seconds", "2026-03-01T08:00:01-05:00", "", "2026-03-01 13:00", ""},
		{"R-SCH-4 date only", "2026-03-02", "", "2026-03-02 00:00", ""},
		{"R-SCH-4 blank and seconds", "2026-03-01 13:00:59", "", "2026-03-01 13:00", ""},
		{"R-SCH-4 blank and fraction", "2026-03-01 13:00:59.123456", "", "2026-03-01 13:00", ""},
		{"R-SCH-4 blank and zone", "2026-03-01 13:00Z", "", "2026-03-01 13:00", ""},
		{"R-SCH-4 date +%FT%T%z", "2026-03-01T22:00:59+0900", "", "2026-03-01 13:00", ""},
		{"R-SCH-4 date '+%F %T %z'", "2026-03-01 08:30:00 -0430", "", "2026-03-01 13:00", ""},
		{"R-SCH-4 date -Iseconds", "2026-03-01T13:00:00+00:00", "", "2026-03-01 13:00", ""},
		{"R-SCH-4 str(datetime)", "2026-03-01 15:00:00.123456+02:00", "", "2026-03-01 13:00", ""},
		{"R-SCH-4 zone of hours", "2026-03-01T15:00+02", "", "2026-03-01 13:00", ""},
		{"R-SCH-4 zone to another day", "2026-03-02T03:00+14:00", "", "2026-03-01 13:00", ""},
		{"R-SCH-4 zone of minutes", "2026-03-01T13:29:59+0029", "", "2026-03-01 13:00", ""},
		{"R-SCH-4 zone with a colon and no minutes", "2026-03-01T13:00+09:", "", "", ""},
		{"R-SCH-4 Unix seconds", "1772370059", "", "2026-03-01 13:00", ""},
		{"R-SCH-4 Unix seconds with a fraction", "1772370059.5", "", "2026-03-01 13:00", ""},
		{"R-SCH-4 Unix milliseconds", "1772370059000", "", "", ""},
		{"R-SCH-4 Unix seconds below zero", "-1772370059", "", "", ""},
		{"R-SCH-4 date without hyphens", "20260302", "", "", ""},
		{"R-SCH-4 date with zone", "2026-03-02Z", "", "", ""},
		{"R-SCH-4 date with slashes", "2026/03/02 13:00", "", "", ""},
		{"R-SCH-4 day first", "02-03-2026 13:00", "", "", ""},
		{"R-SCH-4 hour only", "2026-03-02T13", "", "", ""},
		{"R-SCH-4 time only", "13:00", "", "", ""},
		{"R-SCH-4 name of a zone", "2026-03-01 13:00:00 CET", "", "", ""},
		{"R-SCH-4 zone of a day", "2026-03-01T13:00+2400", "", "", ""},
		{"R-SCH-4 zone of 60 minutes", "2026-03-01T13:00+0060", "", "", ""},
		{"R-SCH-4 zone of one digit", "2026-03-01T13:00+9", "", "", ""},
		{"R-SCH-4 two blanks", "2026-03-01  13:00", "", "", ""},
		{"R-SCH-4 blank behind", "2026-03-01 13:00 ", "", "", ""},
		{"R-SCH-4 line end behind", "2026-03-01 13:00\n", "", "", ""},
		{"R-SCH-4 no such second", "2026-03-01 13:00:60", "", "", ""},
		{"R-SCH-4 fraction without seconds", "2026-03-01 13:00.5", "", "", ""},
		{"R-SCH-4 one digit", "2026-03-02 3:00", "", "", ""},
		{"R-SCH-4 one digit with T", "2026-03-02T3:00:00Z", "", "", ""},
		{"R-SCH-4 no such day", "2026-04-31 13:00", "", "", ""},
		{"R-SCH-4 no such hour", "2026-03-01 24:00", "", "", ""},
		{"R-SCH-4 words", "tomorrow", "", "", ""},
	} {
		c := ScheduleConfig{StartTime: tt.start, EndTime: tt.end}
		err := c.Check(DefaultRequestLimits, now)
		if tt.startAt+tt.endAt == "" {
			if !fault.Is(err, fault.Invalid) {
				t.Errorf("%s: %q to %q is accepted: %v", tt.rule, tt.start, tt.end, err)
			}
			continue
		}
		shown := func(at time.Time) string {
			if at.IsZero() {
				return ""
			}
			return at.Format("2006-01-02 15:04")
		}
		if err != nil || shown(c.StartAt) != tt.startAt || shown(c.EndAt) != tt.endAt ||
			c.StartTime != tt.start || c.EndTime != tt.end {
			t.Errorf("%s: %q to %q: %+v, %v, want %s to %s and the texts as sent", tt.rule,
				tt.start, tt.end, c, err, tt.startAt, tt.endAt)
		}
	}
}

// Maintenance windows that a new job may have: readable, at most ten, and one of them must open at
// or after the time from which the job may start (R-SCH-8, R-SCH-14).
func TestScheduleWindows(t *testing.T) {
	t.Parallel()
	const member = "schedulingConfig.maintenanceWindows"
	once := []Window{{StartTime: "30 13 1 3 ? 2026", Minutes: 10}} // 13:30 to 13:40 today
	for _, tt := range []struct {
		name    string
		start   string
		windows []Window
		says    string // empty: accepted
	}{
		{"R-SCH-8 none", "", []Window{}, ""},
		{"R-SCH-8 ten", "", make10(10), ""},
		{"R-SCH-8 eleven", "", make10(11), member + ": 11 items, at most 10 are allowed"},
		{"R-SCH-8 opens later today", "", once, ""},
		{"R-SCH-8 opens at the start time", "2026-03-01 13:30", once, ""},
		{"R-SCH-8 is open at the start time", "2026-03-01 13:39", once, ""},
		{"R-SCH-8 has closed at the start time", "2026-03-01 13:40", once,
			member + ": none of them ever opens after 2026-03-01 13:40"},
		{"R-SCH-8 opened last year", "", []Window{{StartTime: "0 2 * * ? 2025", Minutes: 10}},
			member + ": none of them ever opens after 2026-03-01 12:00"},
		{"R-SCH-8 one of two opens", "2026-03-01 13:40", append(once, daily(2, 0, 1)), ""},
	} {
		c := &ScheduleConfig{StartTime: tt.start, Windows: tt.windows}
		invalid(t, tt.name, c.Check(DefaultRequestLimits, start), tt.says)
	}
	c := &ScheduleConfig{Windows: []Window{daily(2, 0, 1), {StartTime: "0 2 * * * *", Minutes: 1}}}
	if err := c.Check(DefaultRequestLimits, start); !fault.Is(err, fault.Invalid) ||
		!strings.HasPrefix(fault.Of(err).Message, member+`[1].startTime: "0 2 * * * *": `) {
		t.Errorf("R-SCH-14: %v", err)
	}
}

// What a schedule that is refused says: the member, the value and the rule (R-SCH-1, R-SCH-2,
// R-SCH-4).
func TestScheduleSays(t *testing.T) {
	t.Parallel()
	const form = `" is not a time like 2026-12-31 23:59, 2026-12-31T23:59:00+09:00 or 1798761540 ` +
		"(Unix seconds)"
	for _, tt := range []struct{ rule, start, end, says string }{
		{"R-SCH-4", "noon", "", `startTime: "noon` + form},
		{"R-SCH-4", "", "noon", `endTime: "noon` + form},
		{"R-SCH-1", "2026-03-01 12:29", "", "startTime: 2026-03-01 12:29 must be at least " +
			"30 minutes and at most 1 year from now, which is 2026-03-01 12:00"},
		{"R-SCH-2", "", "2028-03-01 12:01", "endTime: 2028-03-01 12:01 must be at least " +
			"30 minutes and at most 2 years from now, which is 2026-03-01 12:00"},
		{"R-SCH-2", "2026-03-01 13:00", "2026-03-01 13:29", "endTime: 2026-03-01 13:29 must be " +
			"30 minutes to 2 years after startTime 2026-03-01 13:00"},
	} {
		c := &ScheduleConfig{StartTime: tt.start, EndTime: tt.end}
		invalid(t, tt.rule, c.Check(DefaultRequestLimits, start), "schedulingConfig."+tt.says)
	}
}

func minuteOf(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse("2006-01-02 15:04", text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func daily(hour, minute, minutes int) Window {
	return Window{StartTime: fmt.Sprintf("%d %d * * ? *", minute, hour), Minutes: minutes}
}

// What starts at once and what waits, until when (R-SCH-9 to R-SCH-12, R-JOB-1, R-JOB-2). An
// endBehavior alone says nothing (R-SCH-6).
func TestWait(t *testing.T) {
	t.Parallel()
	open, closed := []Window{daily(11, 30, 60)}, []Window{daily(2, 0, 60)}
	for _, tt := range []struct {
		rule   string
		config *ScheduleConfig
		until  time.Duration // 0: at once
	}{
		{"R-SCH-9 none", nil, 0},
		{"R-SCH-9 empty", &ScheduleConfig{}, 0},
		{"R-SCH-9 end only", &ScheduleConfig{EndAt: start.Add(time.Hour), EndTime: "x"}, 0},
		{"R-SCH-6 behaviour only", &ScheduleConfig{EndBehavior: ForceCancel}, 0},
		{"R-SCH-8 an empty list", &ScheduleConfig{Windows: []Window{}}, 0},
		{"R-SCH-10", &ScheduleConfig{StartAt: start.Add(time.Hour)}, time.Hour},
		{"R-SCH-11 closed", &ScheduleConfig{Windows: closed}, 14 * time.Hour},
		{"R-SCH-11 open", &ScheduleConfig{Windows: open}, 0},
		{"R-SCH-11 the first to open", &ScheduleConfig{Windows: append(closed, daily(1, 0, 1))},
			13 * time.Hour},
		{"R-SCH-12 start inside", &ScheduleConfig{Windows: open,
			StartAt: start.Add(24 * time.Hour)}, 24 * time.Hour},
		{"R-SCH-12 start outside", &ScheduleConfig{Windows: open, StartAt: start.Add(time.Hour)},
			23*time.Hour + 30*time.Minute},
	} {
		j := Job{Definition: Definition{Schedule: tt.config, TargetSelection: Snapshot}}
		waits := j.WaitForSchedule(start)
		if waits != (tt.until > 0) || waits &&
			(j.Status != Scheduled || !j.WindowEdge.Equal(start.Add(tt.until)) ||
				!j.Due.Equal(j.WindowEdge)) {
			t.Errorf("%s: waits %v until %v, want %v", tt.rule, waits, j.WindowEdge, tt.until)
		}
	}
	j := Job{Definition: Definition{TargetSelection: Snapshot,
		Schedule: &ScheduleConfig{EndBehavior: ForceCancel}}}
	j.Counts[ExecutionQueued] = 1
	j.StartRollout([]Source{{Thing: 1}}, 0, start)
	if j.Recompute(start.AddDate(9, 0, 0)); j.Status != InProgress || j.RolloutEnded {
		t.Errorf("an end behaviour without an end time ended the job: %+v (R-SCH-6)", j.State)
	}
}

// A window is half open, and windows that overlap or touch are one (R-SCH-15).
func TestWindowsMerge(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		rule     string
		windows  []Window
		at, want string // until when it is open; empty: closed
	}{
		{"R-SCH-15 at the start", []Window{daily(2, 0, 60)}, "02:00", "03:00"},
		{"R-SCH-15 before it", []Window{daily(2, 0, 60)}, "01:59", ""},
		{"R-SCH-15 last minute", []Window{daily(2, 0, 60)}, "02:59", "03:00"},
		{"R-SCH-15 at the end", []Window{daily(2, 0, 60)}, "03:00", ""},
		{"R-SCH-15 overlapping", []Window{daily(2, 0, 60), daily(2, 30, 60)}, "02:10", "03:30"},
		{"R-SCH-15 touching", []Window{daily(2, 0, 60), daily(3, 0, 60)}, "02:10", "04:00"},
		{"R-SCH-15 one inside another", []Window{daily(2, 0, 120), daily(2, 30, 10)}, "02:35",
			"04:00"},
		{"R-SCH-15 a minute between", []Window{daily(2, 0, 59), daily(3, 0, 60)}, "02:10", "02:59"},
		{"R-SCH-15 overlapping itself", []Window{{StartTime: "0/20 2-3 * * ? *", Minutes: 30}},
			"02:00", "04:10"},
	} {
		windows := (&ScheduleConfig{Windows: tt.windows}).windows()
		at := minuteOf(t, "2026-03-02 "+tt.at)
		got := ""
		if end := windows.until(at); !end.IsZero() {
			got = windows.closing(at).Format("15:04")
		}
		if got != tt.want {
			t.Errorf("%s: at %s open until %q, want %q", tt.rule, tt.at, got, tt.want)
		}
	}
}

// When windows are open, from one time to another (R-FCT-9).
func TestOpenWindows(t *testing.T) {
	t.Parallel()
	at := func(text string) time.Time { return minuteOf(t, "2026-03-"+text) }
	night := []Window{daily(2, 0, 60)}
	for _, tt := range []struct {
		name        string
		schedule    ScheduleConfig
		from, until string
		least, most int
		want        string
	}{
		{"no windows", ScheduleConfig{}, "02 00:00", "09 00:00", 5, 9, ""},
		{"two days", ScheduleConfig{Windows: night}, "02 00:00", "04 00:00", 0, 9,
			"02 02:00-03:00, 03 02:00-03:00"},
		{"it is open", ScheduleConfig{Windows: night}, "02 02:30", "03 00:00", 0, 9,
			"02 02:30-03:00"},
		{"it begins at the end", ScheduleConfig{Windows: night}, "02 00:00", "02 02:00", 0, 9, ""},
		{"fewer than least", ScheduleConfig{Windows: night}, "02 00:00", "02 03:00", 2, 9,
			"02 02:00-03:00, 03 02:00-03:00"},
		{"more than most", ScheduleConfig{Windows: night}, "02 00:00", "09 00:00", 0, 1,
			"02 02:00-03:00"},
		{"touching", ScheduleConfig{Windows: []Window{daily(2, 0, 60), daily(3, 0, 30)}},
			"02 00:00", "02 12:00", 0, 9, "02 02:00-03:30"},
		{"the end time", ScheduleConfig{Windows: night, EndAt: at("03 02:00")},
			"02 00:00", "09 00:00", 5, 9, "02 02:00-03:00"},
	} {
		var got []string
		for _, s := range tt.schedule.OpenWindows(at(tt.from), at(tt.until), tt.least, tt.most) {
			got = append(got, s.From.Format("02 15:04")+"-"+s.Until.Format("15:04"))
		}
		if text := strings.Join(got, ", "); text != tt.want {
			t.Errorf("%s: open %q, want %q", tt.name, text, tt.want)
		}
	}
}

// The next seven starts, in order, in the form of the API; none without windows, after the end and
// once it is over (R-SCH-5, R-SCH-19, R-LIM-25).
func TestScheduledRollouts(t *testing.T) {
	t.Parallel()
	two := []Window{daily(14, 0, 60), daily(2, 0, 60)}
	j := func(status Status, c *ScheduleConfig) Job {
		return Job{Definition: Definition{Schedule: c}, State: State{Status: status}}
	}
	both := []string{
		"2026-03-01 14:00", "2026-03-02 02:00", "2026-03-02 14:00", "2026-03-03 02:00",
		"2026-03-03 14:00", "2026-03-04 02:00", "2026-03-04 14:00",
	}
	over := j(InProgress, &ScheduleConfig{Windows: two})
	over.RolloutEnded = true
	for _, tt := range []struct {
		name string
		job  Job
		want []string
	}{
		{"two windows", j(Scheduled, &ScheduleConfig{Windows: two}), both},
		{"while one is open", j(InProgress,
			&ScheduleConfig{Windows: append(two, daily(11, 30, 60))}),
			append([]string{both[0], both[1], "2026-03-02 11:30"},
				both[2], both[3], "2026-03-03 11:30", both[4])},
		{"from the start time on", j(Scheduled,
			&ScheduleConfig{Windows: two[1:], StartAt: minuteOf(t, "2026-12-30 02:01")}),
			strings.Split("2026-12-31 02:00,2027-01-01 02:00,2027-01-02 02:00,2027-01-03 02:00,2027-01-04 02:00,2027-01-05 02:00,2027-01-06 02:00", ",")},
		{"before the end", j(Scheduled,
			&ScheduleConfig{Windows: two, EndAt: minuteOf(t, "2026-03-02 14:00")}), both[:2]},
		{"only once more", j(Scheduled,
			&ScheduleConfig{Windows: []Window{{StartTime: "0 2 2 3 ? 2026", Minutes: 1}}}),
			both[1:2]},
		{"two that open together count once", j(Scheduled, &ScheduleConfig{
			Windows: append(two, daily(14, 0, 10)), EndAt: minuteOf(t, "2026-03-02 14:00")}), both[:2]},
		{"no windows", j(Scheduled, &ScheduleConfig{StartAt: start.Add(time.Hour)}), nil},
		{"no schedule", j(InProgress, nil), nil},
		{"COMPLETED", j(Completed, &ScheduleConfig{Windows: two}), nil},
		{"CANCELED", j(Canceled, &ScheduleConfig{Windows: two}), nil},
		{"DELETION_IN_PROGRESS", j(DeletionInProgress, &ScheduleConfig{Windows: two}), nil},
		{"the end has come", over, nil},
	} {
		if diff := cmp.Diff(tt.want, tt.job.ScheduledRollouts(start)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

// Package versions are checked for the form of their ARN, nothing else (R-CON-6, R-PKG-4).
func TestPackageVersions(t *testing.T) {
	t.Parallel()
	const package1 = "arn:aws:iot:us-east-1:000000000000:package/firmware/version/2.4"
	for text, ok := range map[string]bool{
		package1: true, "arn:aws:iot:eu-west-1:111111111111:package/p/version/$default": true,
		"arn:aws:iot:us-east-1:000000000000:package/p/version/$null":   true,
		"arn:aws:iot:us-east-1:000000000000:package/firmware":          false,
		"arn:aws:iot:us-east-1:000000000000:package/firmware/version/": false,
		"arn:aws:iot:us-east-1:000000000000:package//version/1":        false,
		"arn:aws:iot:us-east-1:000000000000:thing/p":                   false, "firmware": false,
		"arn:aws:iot:us-east-1:000000000000:thing/p/version/1": false, "p/version/1": false,
	} {
		d := Definition{PackageVersions: []string{package1, text}}
		if err := d.Check(DefaultRequestLimits, start); (err == nil) != ok {
			t.Errorf("%s: %v", text, err)
		}
		if err := (Template{Document: "{}",
			PackageVersions: d.PackageVersions}).Check(Stores{}, DefaultRequestLimits); (err == nil) != ok {
			t.Errorf("%s in a template: %v", text, err)
		}
	}
}
