package cron

import (
	"fmt"
	"math/bits"
	"slices"
	"strings"
	"time"
)

// Schedule is a cron expression, ready to be asked. Its times are whole minutes in UTC.
//
// The text has six fields: minute, hour, day of month, month, day of week, year. For example "30 2
// ? * MON-FRI *" fires at 02:30 on every working day, and "0 0 L * ? 2026" at midnight when the
// last day of each month of 2026 begins. Exactly one of the two day fields is "?", which means that
// the other one decides.
type Schedule struct {
	minutes, hours, months uint64 // sets: bit n stands for the value n
	years                  []span
	day                    dayField
}

// Parse reads a cron expression, with or without cron(…) around it; letters may be of either case.
// The error names the field and says what is wrong with it.
func Parse(text string) (s Schedule, err error) {
	if inner, found := strings.CutPrefix(text, "cron("); found {
		if text, found = strings.CutSuffix(inner, ")"); !found {
			return s, fmt.Errorf("cron( without a closing parenthesis")
		}
	}
	fields := strings.Fields(strings.ToUpper(text))
	if len(fields) != 6 {
		return s, fmt.Errorf(
			"%d fields, must be six: minute hour day-of-month month day-of-week year",
			len(fields))
	}
	if (fields[2] == "?") == (fields[4] == "?") {
		return s, fmt.Errorf("exactly one of day-of-month and day-of-week must be ?")
	}
	if s.minutes, err = minuteField.set(fields[0]); err != nil {
		return s, err
	}
	if s.hours, err = hourField.set(fields[1]); err != nil {
		return s, err
	}
	if s.months, err = monthField.set(fields[3]); err != nil {
		return s, err
	}
	if s.years, err = yearField.spans(fields[5]); err != nil {
		return s, err
	}
	s.day, err = parseDays(fields[2], fields[4])
	return s, err
}

// inYear reports whether the year field includes a year.
func (s Schedule) inYear(year int) bool {
	return slices.ContainsFunc(s.years, func(y span) bool {
		return year >= y.from && year <= y.to && (year-y.from)%y.step == 0
	})
}

// Next is the first time at or after from at which the schedule fires; zero when it never does
// again. A time at which it fires is its own next time: "0 2 * * ? *" asked at 02:00 answers 02:00
// of the same day, asked at 02:00:01 it answers 02:00 of the next.
//
// It looks at years, then months, then days, and skips whole ones that do not fit, so the cost is
// small however far away the answer is.
func (s Schedule) Next(from time.Time) time.Time {
	at := from.UTC().Truncate(time.Minute)
	if at.Before(from) {
		at = at.Add(time.Minute)
	}
	year, m, day := at.Date()
	minuteOfDay := at.Hour()*60 + at.Minute()
	for ; year <= yearField.to; year, m, day, minuteOfDay = year+1, time.January, 1, 0 {
		if !s.inYear(year) {
			continue
		}
		for ; m <= time.December; m, day, minuteOfDay = m+1, 1, 0 {
			if s.months>>m&1 == 0 {
				continue
			}
			days := s.day.days(monthOf(year, m))
			for ; day <= 31; day, minuteOfDay = day+1, 0 {
				if days>>day&1 == 0 {
					continue
				}
				if minute, ok := s.firstFrom(minuteOfDay); ok {
					return time.Date(year, m, day, 0, minute, 0, 0, time.UTC)
				}
			}
		}
	}
	return time.Time{}
}

// firstFrom is the first minute of a day, at or after the given one, at which the schedule fires;
// ok is false when there is none left in the day. Minutes of a day are counted from 0 to 1439.
func (s Schedule) firstFrom(minuteOfDay int) (first int, ok bool) {
	hour, minute := minuteOfDay/60, minuteOfDay%60
	if s.hours>>hour&1 == 1 {
		if later := s.minutes >> minute; later != 0 {
			return minuteOfDay + bits.TrailingZeros64(later), true
		}
	}
	later := s.hours >> (hour + 1)
	if later == 0 {
		return 0, false
	}
	return 60*(hour+1+bits.TrailingZeros64(later)) + bits.TrailingZeros64(s.minutes), true
}

// Last is the last time at which the schedule fired, not after at: on the same day or on the day
// before, zero when it fired on neither. That is enough to say whether something shorter than a day
// that begins at such a time is still going on.
func (s Schedule) Last(at time.Time) time.Time {
	at = at.UTC().Truncate(time.Minute)
	endOfYesterday := time.Date(at.Year(), at.Month(), at.Day(), 0, -1, 0, 0, time.UTC)
	for _, day := range []time.Time{at, endOfYesterday} {
		year, m, d := day.Date()
		if !s.inYear(year) || s.months>>m&1 == 0 || s.day.days(monthOf(year, m))>>d&1 == 0 {
			continue
		}
		if minute, ok := s.lastUpTo(day.Hour()*60 + day.Minute()); ok {
			return time.Date(year, m, d, 0, minute, 0, 0, time.UTC)
		}
	}
	return time.Time{}
}

// lastUpTo is the last minute of a day, not after the given one, at which the schedule fires; ok is
// false when there is none.
func (s Schedule) lastUpTo(minuteOfDay int) (last int, ok bool) {
	hour, minute := minuteOfDay/60, minuteOfDay%60
	if s.hours>>hour&1 == 1 {
		if earlier := s.minutes & (1<<(minute+1) - 1); earlier != 0 {
			return 60*hour + bits.Len64(earlier) - 1, true
		}
	}
	earlier := s.hours & (1<<hour - 1)
	if earlier == 0 {
		return 0, false
	}
	return 60*(bits.Len64(earlier)-1) + bits.Len64(s.minutes) - 1, true
}
