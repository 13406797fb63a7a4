package cron

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// The cron dialect of maintenance windows (R-SCH-14): texts, a time, the next time at which each
// fires.
func TestNext(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ text, from, want string }{
		{"cron(0 2 * * ? *)", "2026-03-01 12:00", "2026-03-02 02:00"},
		{"0 2 * * ? *", "2026-03-02 02:00", "2026-03-02 02:00"},
		{"0/15 9-17 ? * MON-FRI *", "2026-03-06 17:50", "2026-03-09 09:00"},
		{"*/20,7 * * * ? *", "2026-03-06 17:01", "2026-03-06 17:07"},
		{"0 0 L * ? *", "2026-02-10 00:00", "2026-02-28 00:00"},
		{"0 0 L-3 * ? *", "2026-02-10 00:00", "2026-02-25 00:00"},
		{"0 0 15W 8 ? *", "2026-01-01 00:00", "2026-08-14 00:00"}, // the 15th is a Saturday
		{"0 0 1W 8 ? *", "2026-01-01 00:00", "2026-08-03 00:00"},  // not back into July
		{"0 0 31W * ? *", "2026-05-01 00:00", "2026-05-29 00:00"}, // a Sunday, not on into June
		{"0 0 LW * ? *", "2026-05-01 00:00", "2026-05-29 00:00"},
		{"0 0 LW * ? *", "2025-11-01 00:00", "2025-11-28 00:00"},  // the 30th is a Sunday
		{"0 0 28W 2 ? *", "2027-01-01 00:00", "2027-02-26 00:00"}, // a Sunday, not on into March
		{"0 0 ? * 6L *", "2026-05-01 00:00", "2026-05-29 00:00"},
		{"0 0 ? * TUE#2 *", "2026-05-01 00:00", "2026-05-12 00:00"},
		{"0 0 ? * 1#5 *", "2026-06-01 00:00",
			"2026-08-30 00:00"}, // June and July have four Sundays
		{"0 22-2/2 ? * SAT-MON *", "2026-05-01 00:00", "2026-05-02 00:00"},
		{"0 22-2/2 ? * SAT-MON *", "2026-05-02 00:01", "2026-05-02 02:00"},
		{"0 0 ? NOV-FEB MON-SUN *", "2026-03-01 00:00", "2026-11-01 00:00"},
		{"0 0 ? * L *", "2026-05-01 00:00", "2026-05-02 00:00"},
		{"0 0 29 2 ? *", "2026-03-01 00:00", "2028-02-29 00:00"},
		{"0 0 1 1 ? 2030/7", "2031-01-02 00:00", "2037-01-01 00:00"},
		{"30 4 1 jan ? 2027", "2026-01-01 00:00", "2027-01-01 04:30"},
		{"0 0 1 1 ? 2031/4", "2032-01-01 00:00", "2035-01-01 00:00"},
		{"0 0 1 1 ? 1970", "1970-01-01 00:00", "1970-01-01 00:00"}, // the first year
		{"0 0 1 1 ? 2199", "2198-01-02 00:00", "2199-01-01 00:00"}, // the last one
		{"0 0 1 1 ? *", "2199-01-02 00:00", ""},
		{"0 0 1 12 ? *", "2026-03-01 00:00", "2026-12-01 00:00"},
		{"0 0 31 * ? *", "2026-03-02 00:00", "2026-03-31 00:00"},
		{"0 0 1 NOV-FEB ? *", "2026-12-02 00:00", "2027-01-01 00:00"}, // around the end of the year
		{"0 0 1 NOV-FEB ? *", "2027-01-02 00:00", "2027-02-01 00:00"},
		{"0 0 1 NOV-FEB ? *", "2027-02-02 00:00", "2027-11-01 00:00"},
		{"0 0 1 NOV-FEB/2 ? *", "2026-11-02 00:00", "2027-01-01 00:00"}, // with a step over it
		{"0 0 1 NOV-FEB/2 ? *", "2027-01-02 00:00", "2027-11-01 00:00"},
		{"*/59 * * * ? *", "2026-03-01 12:01", "2026-03-01 12:59"}, // the longest step
		{"45 * * * ? *", "2026-03-01 13:30", "2026-03-01 13:45"},
		{"45 23 * * ? *", "2026-03-01 23:44", "2026-03-01 23:45"},
		{"45 23 * * ? *", "2026-03-01 23:46", "2026-03-02 23:45"},
		{"0 0 L-1 * ? *", "2026-02-10 00:00", "2026-02-27 00:00"},
		{"0 0 L-30 * ? *", "2026-01-01 00:00", "2026-01-01 00:00"},
		{"0 0 L-30 * ? *", "2026-02-01 00:00", "2026-03-01 00:00"},  // not in a month of 28 days
		{"0 0 15W 3 ? *", "2026-03-01 00:00", "2026-03-16 00:00"},   // the 15th is a Sunday
		{"0 0 16W 3 ? *", "2026-03-01 00:00", "2026-03-16 00:00"},   // the 16th is a Monday
		{"0 0 31W 4 ? *", "2027-04-01 00:00", ""},                   // April has no 31st
		{"0 0 ? * SUN#1 *", "2026-03-01 00:00", "2026-03-01 00:00"}, // the month begins with it
		{"0 0 ? * SAT#1 *", "2026-03-01 00:00", "2026-03-07 00:00"},
		{"0 0 ? * MON#5 *", "2026-08-01 00:00", "2026-08-31 00:00"}, // the last day of the month
		{"0 0 ? * TUEL *", "2026-03-01 00:00", "2026-03-31 00:00"},  // the last day of the month
		{"0 0 ? * WEDL *", "2026-03-01 00:00", "2026-03-25 00:00"},
		{"0 0 ? * TUE *", "2026-03-31 00:00", "2026-03-31 00:00"},
		{"0 0 1 1 ? 2020-2025", "2026-01-01 00:00", ""},
		{"0 0 31 2 ? *", "2026-01-01 00:00", ""},
	} {
		schedule, err := Parse(tt.text)
		if err != nil {
			t.Errorf("%s: %v", tt.text, err)
			continue
		}
		if got := shown(schedule.Next(minuteOf(t, tt.from))); got != tt.want {
			t.Errorf("%s from %s: got %q, want %q", tt.text, tt.from, got, tt.want)
		}
	}
}

const minuteForm = "2006-01-02 15:04"

func minuteOf(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse(minuteForm, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// What cannot be read is refused with an error that names the field (R-SCH-14).
func TestRefused(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ text, says string }{
		{"", "0 fields"},
		{"0 2 * * ?", "5 fields"},
		{"0 2 * * ? * *", "7 fields"},
		{"0 2 * * * *", "exactly one of"},
		{"0 2 ? * ? *", "exactly one of"},
		{"cron(0 2 * * ? *", "closing parenthesis"},
		{"60 2 * * ? *", `minute: "60"`},
		{"-1 2 * * ? *", "minute"},
		{"+1 2 * * ? *", "minute"},
		{"0,,1 2 * * ? *", `minute: ""`},
		{"0/0 2 * * ? *", `minute: "0" is not a step`},
		{"*/60 2 * * ? *", `minute: "60" is not a step of 1 to 59`},
		{"*/61 2 * * ? *", "is not a step"},
		{"1- 2 * * ? *", "minute"},
		{"- 2 * * ? *", "minute"},
		{"0 24 * * ? *", `hour: "24" is not a value of 0 to 23`},
		{"0 2 0 * ? *", "day-of-month"},
		{"0 2 32 * ? *", "day-of-month"},
		{"0 2 L-0 * ? *", "1 to 30 follows L-"},
		{"0 2 L-31 * ? *", "1 to 30 follows L-"},
		{"0 2 WL * ? *", "day-of-month"},
		{"0 2 32W * ? *", "day-of-month"},
		{"0 2 * 13 ? *", "month"},
		{"0 2 * FOO ? *", `month: "FOO"`},
		{"0 2 ? L MON *", "month"},
		{"0 2 ? * 0 *", "day-of-week"},
		{"0 2 ? * 8 *", "day-of-week"},
		{"0 2 ? * 8L *", "day-of-week"},
		{"0 2 ? * X#1 *", "day-of-week"},
		{"0 2 ? * MON#6 *", "1 to 5 follows #"},
		{"0 2 ? * MON#0 *", "1 to 5 follows #"},
		{"0 2 ? * MONW *", "day-of-week"},
		{"0 2 * * ? 1969", "year"},
		{"0 2 * * ? 2200", "year"},
		{"0 2 * * ? 2030-2026", "year: 2030-2026 runs backwards"},
		{"0 2 * * ? 2026-", "year"},
	} {
		if _, err := Parse(tt.text); err == nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%q: %v, want an error that says %s", tt.text, err, tt.says)
		}
	}
}

// The last time at which a text fired: on the day that is asked about or the day before, and not
// earlier. The minute itself counts.
func TestLast(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ text, at, want string }{
		{"0 2 * * ? *", "2026-03-02 02:00", "2026-03-02 02:00"},
		{"0 2 * * ? *", "2026-03-02 01:59", "2026-03-01 02:00"},
		{"0 2 * * ? *", "2026-03-02 23:59", "2026-03-02 02:00"},
		{"0/15 9-17 ? * * *", "2026-03-02 17:50", "2026-03-02 17:45"},
		{"0/15 9-17 ? * * *", "2026-03-02 08:59", "2026-03-01 17:45"},
		{"0/15 9-17 ? * * *", "2026-03-02 13:14", "2026-03-02 13:00"},
		{"30 2,3 * * ? *", "2026-03-02 03:30", "2026-03-02 03:30"},
		{"30 2,3 * * ? *", "2026-03-02 03:29", "2026-03-02 02:30"},
		{"30 2 * * ? *", "2026-03-02 02:29", "2026-03-01 02:30"},
		{"59 23 * * ? *", "2026-03-02 00:00", "2026-03-01 23:59"},
		{"0 2 1 * ? *", "2026-03-02 01:00", "2026-03-01 02:00"},
		{"0 2 1 * ? *", "2026-03-03 01:00", ""}, // two days ago: too long for what asks
		{"0 2 L * ? *", "2026-03-01 01:00", "2026-02-28 02:00"},
		{"0 2 * 2 ? *", "2026-03-01 01:00", "2026-02-28 02:00"},
		{"0 2 31 12 ? 2025", "2026-01-01 01:00", "2025-12-31 02:00"},
		{"0 2 31 12 ? 2026", "2026-01-01 01:00", ""},
	} {
		schedule, err := Parse(tt.text)
		if err != nil {
			t.Errorf("%s: %v", tt.text, err)
			continue
		}
		if got := shown(schedule.Last(minuteOf(t, tt.at))); got != tt.want {
			t.Errorf("%s up to %s: got %q, want %q", tt.text, tt.at, got, tt.want)
		}
	}
}

// Times are whole minutes in UTC: seconds count as "after the minute", another zone is converted.
func TestMinutesInUTC(t *testing.T) {
	t.Parallel()
	schedule, err := Parse("0 2 * * ? *")
	if err != nil {
		t.Fatal(err)
	}
	second := time.Date(2026, 3, 2, 2, 0, 1, 0, time.UTC)
	if got := shown(schedule.Next(second)); got != "2026-03-03 02:00" {
		t.Errorf("a second after: next is %s", got)
	}
	if got := shown(schedule.Last(second)); got != "2026-03-02 02:00" {
		t.Errorf("a second after: last is %s", got)
	}
	east := time.FixedZone("east", 3*3600)
	if got := shown(schedule.Next(time.Date(2026, 3, 2, 5, 0, 0, 0,
		east))); got != "2026-03-02 02:00" {
		t.Errorf("05:00 three hours east of UTC: next is %s", got)
	}
	if got := shown(schedule.Last(time.Date(2026, 3, 2, 4, 59, 0, 0, east))); got != "2026-03-01 02:00" {
		t.Errorf("04:59 three hours east of UTC: last is %s", got)
	}
}

// shown is a time as the tables write it, empty for none.
func shown(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.Format(minuteForm)
}

// Random texts against a second version that looks at every minute (R-SCH-14). Looking at every
// minute is slow, so a plain run takes a sample; DROVER_EXHAUSTIVE asks for all.
func TestAgainstEveryMinute(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(26, 3))
	rounds := 10
	if os.Getenv("DROVER_EXHAUSTIVE") != "" {
		rounds = 250
	}
	for range rounds {
		text := randomText(r)
		schedule, err := Parse(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		from := time.Date(2024+r.IntN(5), time.Month(1+r.IntN(12)), 1+r.IntN(31), r.IntN(24),
			r.IntN(60), 0, 0, time.UTC)
		const horizon = 45 * 24 * time.Hour
		var want, last time.Time
		for at := from; at.Before(from.Add(horizon)); at = at.Add(time.Minute) {
			if fires(text, at) {
				want = at
				break
			}
		}
		got := schedule.Next(from)
		if got.Before(from.Add(horizon)) && !got.Equal(want) ||
			want.IsZero() != (got.IsZero() || !got.Before(from.Add(horizon))) {
			t.Errorf("%s after %s: got %s, every minute says %s", text, from, got, want)
		}
		yesterday := from.Truncate(24 * time.Hour).Add(-24 * time.Hour)
		for at := from; !at.Before(yesterday); at = at.Add(-time.Minute) {
			if fires(text, at) {
				last = at
				break
			}
		}
		if got := schedule.Last(from); !got.Equal(last) {
			t.Errorf("%s up to %s: got %s, every minute says %s", text, from, got, last)
		}
	}
}

func randomText(r *rand.Rand) string {
	simple := func(low, high int) string {
		a, b := low+r.IntN(high-low+1), low+r.IntN(high-low+1)
		switch r.IntN(6) {
		case 0:
			return fmt.Sprintf("%d-%d", a, b)
		case 1:
			return fmt.Sprintf("%d,%d", a, b)
		case 2:
			return fmt.Sprintf("%d/%d", a, 1+r.IntN(high/2))
		case 3:
			return fmt.Sprintf("*/%d", 1+r.IntN(high/2))
		case 4:
			return "*"
		}
		return strconv.Itoa(a)
	}
	ofMonth, ofWeek := "?", "?"
	if r.IntN(2) == 0 {
		ofMonth = simple(1, 31)
		if r.IntN(2) == 0 {
			ofMonth = []string{"L", "LW", fmt.Sprintf("L-%d", 1+r.IntN(30)),
				fmt.Sprintf("%dW", 1+r.IntN(31))}[r.IntN(4)]
		}
	} else {
		ofWeek = simple(1, 7)
		if r.IntN(2) == 0 {
			ofWeek = []string{"L", fmt.Sprintf("%dL", 1+r.IntN(7)),
				fmt.Sprintf("%d#%d", 1+r.IntN(7), 1+r.IntN(5))}[r.IntN(3)]
		}
	}
	year := "*"
	if r.IntN(4) == 0 {
		year = fmt.Sprint(2024 + r.IntN(5))
	}
	return strings.Join([]string{simple(0, 59), simple(0, 23), ofMonth, simple(1, 12), ofWeek,
		year}, " ")
}

// fires says whether a text fires at a minute, field by field.
func fires(text string, at time.Time) bool {
	f := strings.Fields(text)
	return holds(f[0], at.Minute(), 0, 59) && holds(f[1], at.Hour(), 0, 23) &&
		holds(f[3], int(at.Month()), 1, 12) &&
		holds(f[5], at.Year(), 1970, 2199) && (f[2] == "?" || ofMonth(f[2], at)) &&
		(f[4] == "?" || ofWeek(f[4], at))
}

func holds(text string, value, low, high int) bool {
	for _, item := range strings.Split(text, ",") {
		body, step, stepped := strings.Cut(item, "/")
		from, to := low, high
		if body != "*" {
			a, b, ranged := strings.Cut(body, "-")
			from, _ = strconv.Atoi(a)
			switch {
			case ranged:
				to, _ = strconv.Atoi(b)
			case !stepped:
				to = from
			}
		}
		by := 1
		if stepped {
			by, _ = strconv.Atoi(step)
		}
		if from > to { // around the end
			to += high - low + 1
		}
		for v := from; v <= to; v += by {
			if (v-low)%(high-low+1)+low == value {
				return true
			}
		}
	}
	return false
}

func ofMonth(text string, at time.Time) bool {
	last := at.AddDate(0, 0, 1-at.Day()).AddDate(0, 1, -1)
	workday := func(wanted time.Time) bool { // is at the workday nearest to wanted, in its month?
		best, found := time.Time{}, false
		for distance := range 4 {
			for _, sign := range []int{-1, 1} {
				d := wanted.AddDate(0, 0, sign*distance)
				if !found && d.Month() == wanted.Month() && d.Weekday() != time.Saturday &&
					d.Weekday() != time.Sunday {
					best, found = d, true
				}
			}
		}
		return found && best.Day() == at.Day()
	}
	switch {
	case text == "L":
		return at.Day() == last.Day()
	case text == "LW":
		return workday(last)
	case strings.HasPrefix(text, "L-"):
		n, _ := strconv.Atoi(text[2:])
		return at.Day() == last.Day()-n
	case strings.HasSuffix(text, "W"):
		n, _ := strconv.Atoi(strings.TrimSuffix(text, "W"))
		return n <= last.Day() && workday(at.AddDate(0, 0, n-at.Day()))
	}
	return holds(text, at.Day(), 1, 31)
}

func ofWeek(text string, at time.Time) bool {
	weekday := int(at.Weekday()) + 1
	if text == "L" {
		return weekday == 7
	}
	if day, last := strings.CutSuffix(text, "L"); last {
		return strconv.Itoa(weekday) == day && at.AddDate(0, 0, 7).Month() != at.Month()
	}
	if day, nth, found := strings.Cut(text, "#"); found {
		return strconv.Itoa(weekday) == day && strconv.Itoa((at.Day()+6)/7) == nth
	}
	return holds(text, weekday, 1, 7)
}

func FuzzParse(f *testing.F) {
	for _, text := range []string{"0 2 * * ? *", "cron(0/15 9-17 ? * MON-FRI 2026)",
		"0 0 L-3 * ? *", "0 0 ? * 6#3,2L *"} {
		f.Add(text)
	}
	from := time.Date(2026, 2, 28, 23, 59, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, text string) {
		schedule, err := Parse(text)
		if err != nil {
			return
		}
		next := schedule.Next(from)
		if !next.IsZero() && (next.Before(from) || !schedule.Next(next).Equal(next) ||
			!schedule.Last(next).Equal(next)) {
			t.Errorf("%q: next is %s, last up to it %s", text, next, schedule.Last(next))
		}
	})
}
