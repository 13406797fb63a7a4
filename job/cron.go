package job

import (
	"fmt"
	"math/bits"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Cron is the text of a maintenance window's start (R-SCH-14): six fields, minute hour day-of-month month day-of-week
// year, with or without cron(…) around them, in UTC.
type Cron struct {
	minutes, hours, months uint64 // bit n: value n
	years                  []span
	day                    dayField
}

// span is a range of years with a step.
type span struct{ from, to, step int }

// dayField is the one of the two day fields that is not "?".
type dayField struct {
	month bool      // of the month, else of the week
	plain uint64    // bit n: day n; of the week, 1 is Sunday
	rules []dayRule // L, W and #
}

// dayRule picks one day of a month, 0 when the month has none.
type dayRule func(m month) int

// month is a month as the day rules need it.
type month struct {
	days  int          // 28..31
	first time.Weekday // of day 1
}

func monthOf(year int, m time.Month) month {
	first := time.Date(year, m, 1, 0, 0, 0, 0, time.UTC)
	return month{days: first.AddDate(0, 1, -1).Day(), first: first.Weekday()}
}

// weekday is 1 for Sunday to 7 for Saturday.
func (m month) weekday(day int) int { return (int(m.first)+day-1)%7 + 1 }

// field says what one field of a cron text may hold.
type field struct {
	name     string
	from, to int
	words    []string // of the values from on
}

var (
	minuteField     = field{"minute", 0, 59, nil}
	hourField       = field{"hour", 0, 23, nil}
	dayOfMonthField = field{"day-of-month", 1, 31, nil}
	monthField      = field{"month", 1, 12, []string{"JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"}}
	dayOfWeekField  = field{"day-of-week", 1, 7, []string{"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"}}
	yearField       = field{"year", 1970, 2199, nil}
)

// ParseCron reads a cron text. The error names the field and what is wrong with it.
func ParseCron(text string) (c Cron, err error) {
	if inner, found := strings.CutPrefix(text, "cron("); found {
		if text, found = strings.CutSuffix(inner, ")"); !found {
			return c, fmt.Errorf("cron( without a closing parenthesis")
		}
	}
	fields := strings.Fields(strings.ToUpper(text))
	if len(fields) != 6 {
		return c, fmt.Errorf("%d fields, must be six: minute hour day-of-month month day-of-week year", len(fields))
	}
	if (fields[2] == "?") == (fields[4] == "?") {
		return c, fmt.Errorf("exactly one of day-of-month and day-of-week must be ?")
	}
	if c.minutes, err = minuteField.set(fields[0]); err != nil {
		return c, err
	}
	if c.hours, err = hourField.set(fields[1]); err != nil {
		return c, err
	}
	if c.months, err = monthField.set(fields[3]); err != nil {
		return c, err
	}
	if c.years, err = yearField.spans(fields[5]); err != nil {
		return c, err
	}
	c.day, err = parseDays(fields[2], fields[4])
	return c, err
}

// set reads a field whose values fit into a bit set.
func (f field) set(text string) (set uint64, err error) {
	spans, err := f.spans(text)
	for _, s := range spans {
		set |= f.bits(s)
	}
	return set, err
}

// bits is the set of the values of a span; past the end of the field it goes on at its beginning.
func (f field) bits(s span) (set uint64) {
	for value := s.from; value <= s.to; value += s.step {
		if value > f.to {
			set |= 1 << (value - f.size())
		} else {
			set |= 1 << value
		}
	}
	return set
}

func (f field) size() int { return f.to - f.from + 1 }

// spans reads a list of values, ranges and steps.
func (f field) spans(text string) (spans []span, err error) {
	for item := range strings.SplitSeq(text, ",") {
		s, err := f.span(item)
		if err != nil {
			return nil, err
		}
		spans = append(spans, s)
	}
	return spans, nil
}

// span reads one of: * , n , n-m , and any of them with /step; n/step runs to the end of the field.
func (f field) span(item string) (s span, err error) {
	values, step, stepped := strings.Cut(item, "/")
	s = span{f.from, f.to, 1}
	if values != "*" {
		low, high, ranged := strings.Cut(values, "-")
		if s.from, err = f.value(low); err != nil {
			return s, err
		}
		switch {
		case ranged:
			s.to, err = f.value(high)
		case !stepped:
			s.to = s.from
		}
		if err != nil {
			return s, err
		}
		if s.from > s.to {
			if f.name == yearField.name {
				return s, fmt.Errorf("%s: %s runs backwards", f.name, values)
			}
			s.to += f.size() // MON-SUN, 22-2
		}
	}
	if stepped {
		if s.step, err = number(step); err != nil || s.step < 1 || s.step > f.to {
			return s, fmt.Errorf("%s: %q is not a step of 1 to %d", f.name, step, f.to)
		}
	}
	return s, nil
}

// value reads one number or word.
func (f field) value(text string) (int, error) {
	if at := slices.Index(f.words, text); at >= 0 {
		return f.from + at, nil
	}
	n, err := number(text)
	if err != nil || n < f.from || n > f.to {
		return 0, fmt.Errorf("%s: %q is not a value of %d to %d", f.name, text, f.from, f.to)
	}
	return n, nil
}

// number reads digits only: no sign.
func number(text string) (int, error) {
	n, err := strconv.ParseUint(text, 10, 16)
	return int(n), err
}

// parseDays reads the day field that is not "?".
func parseDays(ofMonth, ofWeek string) (d dayField, err error) {
	text, f, rule := ofWeek, dayOfWeekField, weekRule
	if ofWeek == "?" {
		text, f, rule = ofMonth, dayOfMonthField, monthRule
		d.month = true
	}
	for item := range strings.SplitSeq(text, ",") {
		if item == "L" && !d.month { // the last day of the week
			item = "SAT"
		}
		special, err := rule(item)
		if err != nil {
			return d, err
		}
		if special != nil {
			d.rules = append(d.rules, special)
			continue
		}
		s, err := f.span(item)
		if err != nil {
			return d, err
		}
		d.plain |= f.bits(s)
	}
	return d, nil
}

// monthRule reads L (the last day), L-n (n days before it), nW (the weekday nearest to day n, in the same month) and LW
// (the last weekday); nil for any other item.
func monthRule(item string) (dayRule, error) {
	switch {
	case item == "L":
		return func(m month) int { return m.days }, nil
	case item == "LW":
		return func(m month) int { return m.nearestWeekday(m.days) }, nil
	case strings.HasPrefix(item, "L-"):
		before, err := number(item[2:])
		if err != nil || before < 1 || before > 30 {
			return nil, fmt.Errorf("day-of-month: %q: a number of 1 to 30 follows L-", item)
		}
		return func(m month) int { return max(0, m.days-before) }, nil
	case strings.HasSuffix(item, "W"):
		day, err := dayOfMonthField.value(strings.TrimSuffix(item, "W"))
		if err != nil {
			return nil, err
		}
		return func(m month) int {
			if day > m.days {
				return 0
			}
			return m.nearestWeekday(day)
		}, nil
	}
	return nil, nil
}

// nearestWeekday is the day from Monday to Friday that is nearest to a day, without leaving the month.
func (m month) nearestWeekday(day int) int {
	switch m.weekday(day) {
	case 7: // Saturday
		if day == 1 {
			return 3
		}
		return day - 1
	case 1: // Sunday
		if day == m.days {
			return day - 2
		}
		return day + 1
	}
	return day
}

// weekRule reads nL (the last such day of the month) and n#k (the k-th one); nil for any other item.
func weekRule(item string) (dayRule, error) {
	if text, nth, found := strings.Cut(item, "#"); found {
		weekday, err := dayOfWeekField.value(text)
		if err != nil {
			return nil, err
		}
		k, err := number(nth)
		if err != nil || k < 1 || k > 5 {
			return nil, fmt.Errorf("day-of-week: %q: a number of 1 to 5 follows #", item)
		}
		return func(m month) int {
			day := 1 + (weekday-m.weekday(1)+7)%7 + 7*(k-1)
			if day > m.days {
				return 0
			}
			return day
		}, nil
	}
	text, last := strings.CutSuffix(item, "L")
	if !last {
		return nil, nil
	}
	weekday, err := dayOfWeekField.value(text)
	if err != nil {
		return nil, err
	}
	return func(m month) int { return m.days - (m.weekday(m.days)-weekday+7)%7 }, nil
}

// days is the set of the days of a month on which the cron text fires.
func (d dayField) days(m month) (set uint64) {
	all := uint64(1)<<(m.days+1) - 2
	if d.month {
		set = d.plain & all
	} else {
		for day := 1; day <= m.days; day++ {
			set |= d.plain >> m.weekday(day) & 1 << day
		}
	}
	for _, rule := range d.rules {
		set |= 1 << rule(m)
	}
	return set & all
}

func (c Cron) inYear(year int) bool {
	return slices.ContainsFunc(c.years, func(s span) bool {
		return year >= s.from && year <= s.to && (year-s.from)%s.step == 0
	})
}

// Next is the first time at or after from at which the text fires; zero when it never does again.
func (c Cron) Next(from time.Time) time.Time {
	at := from.UTC().Truncate(time.Minute)
	if at.Before(from) {
		at = at.Add(time.Minute)
	}
	year, m, day := at.Date()
	clock := at.Hour()*60 + at.Minute()
	for ; year <= yearField.to; year, m, day, clock = year+1, time.January, 1, 0 {
		if !c.inYear(year) {
			continue
		}
		for ; m <= time.December; m, day, clock = m+1, 1, 0 {
			if c.months>>m&1 == 0 {
				continue
			}
			days := c.day.days(monthOf(year, m))
			for ; day <= 31; day, clock = day+1, 0 {
				if days>>day&1 == 0 {
					continue
				}
				if minute, ok := c.from(clock); ok {
					return time.Date(year, m, day, 0, minute, 0, 0, time.UTC)
				}
			}
		}
	}
	return time.Time{}
}

// from is the first minute of a day at or after the given one at which the text fires.
func (c Cron) from(clock int) (int, bool) {
	hour, minute := clock/60, clock%60
	if c.hours>>hour&1 == 1 {
		if later := c.minutes >> minute; later != 0 {
			return clock + bits.TrailingZeros64(later), true
		}
	}
	later := c.hours >> (hour + 1)
	if later == 0 {
		return 0, false
	}
	return 60*(hour+1+bits.TrailingZeros64(later)) + bits.TrailingZeros64(c.minutes), true
}

// Last is the last time on the day of at or the day before, and not after at, at which the text fires; zero when there is
// none. A window is shorter than a day (R-SCH-7), so one that is open at that time began then.
func (c Cron) Last(at time.Time) time.Time {
	at = at.UTC().Truncate(time.Minute)
	for _, day := range []time.Time{at, time.Date(at.Year(), at.Month(), at.Day(), 0, -1, 0, 0, time.UTC)} {
		year, m, d := day.Date()
		if !c.inYear(year) || c.months>>m&1 == 0 || c.day.days(monthOf(year, m))>>d&1 == 0 {
			continue
		}
		if minute, ok := c.upTo(day.Hour()*60 + day.Minute()); ok {
			return time.Date(year, m, d, 0, minute, 0, 0, time.UTC)
		}
	}
	return time.Time{}
}

// upTo is the last minute of a day, not after the given one, at which the text fires.
func (c Cron) upTo(clock int) (int, bool) {
	hour, minute := clock/60, clock%60
	if c.hours>>hour&1 == 1 {
		if earlier := c.minutes & (1<<(minute+1) - 1); earlier != 0 {
			return 60*hour + bits.Len64(earlier) - 1, true
		}
	}
	earlier := c.hours & (1<<hour - 1)
	if earlier == 0 {
		return 0, false
	}
	return 60*(bits.Len64(earlier)-1) + bits.Len64(c.minutes) - 1, true
}
