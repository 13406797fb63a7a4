package job

import (
	"regexp"
	"strconv"
	"time"

	"github.com/drover-iot/drover/internal/fault"
)

// The texts of startTime and endTime. The API names no form beyond a date and a time; its page
// refers to the timestamps of the command line, which has ISO 8601, a date alone and Unix seconds.
// Accepted is what can be read in one way only and what people's tools write: `date +%FT%T%z` and
// Python's strftime have a zone without a colon, str(datetime) a blank and seconds (R-SCH-4).

var (
	// scheduleTime has the date, the time to the minute, the seconds, and the sign, hours and
	// minutes of the zone, each empty when it is absent; a Z is an absent zone.
	scheduleTime = regexp.MustCompile(`^(\d{4}-\d\d-\d\d)` +
		`(?:[T ](\d\d:\d\d)(?:(:\d\d)(?:\.\d+)?)?(?: ?(?:Z|([+-])(\d\d)(?::?(\d\d))?))?)?$`)
	// unixSeconds is a Unix time in seconds. More digits would be milliseconds, or no time within
	// the bounds of a schedule.
	unixSeconds = regexp.MustCompile(`^(\d{9,10})(?:\.\d+)?$`)
)

// parseTime reads a start or end time; without a zone it is UTC, and a date alone is its first
// minute. Seconds are dropped: 2026-03-01T13:00:59+0900 is 04:00 in UTC.
func parseTime(member, text string) (time.Time, error) {
	if m := unixSeconds.FindStringSubmatch(text); m != nil {
		seconds, _ := strconv.ParseInt(m[1], 10, 64) // ten digits always fit
		return time.Unix(seconds, 0).UTC().Truncate(time.Minute), nil
	}
	if m := scheduleTime.FindStringSubmatch(text); m != nil {
		minute, second := m[2], m[3]
		if minute == "" {
			minute = "00:00"
		}
		if second == "" {
			second = ":00"
		}
		at, err := time.Parse(time.DateTime, m[1]+" "+minute+second)
		offset, ok := zone(m[4], m[5], m[6])
		if err == nil && ok {
			return at.Add(-offset).Truncate(time.Minute), nil
		}
	}
	return time.Time{}, fault.New(fault.Invalid,
		"schedulingConfig.%s: %q is not a time like 2026-12-31 23:59, "+
			"2026-12-31T23:59:00+09:00 or 1798761540 (Unix seconds)", member, text)
}

// zone is how far a zone is ahead of UTC, from its sign and digits; without a sign it is UTC. ok is
// false for one of a day or more.
func zone(sign, hours, minutes string) (ahead time.Duration, ok bool) {
	h, _ := strconv.Atoi(hours) // digits, or empty
	m, _ := strconv.Atoi(minutes)
	ahead = time.Duration(h)*time.Hour + time.Duration(m)*time.Minute
	if sign == "-" {
		ahead = -ahead
	}
	return ahead, h < 24 && m < 60
}
