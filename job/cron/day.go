package cron

import (
	"fmt"
	"strings"
	"time"
)

// Which days a cron expression means depends on the month: how many days it has, and on which day
// of the week it begins. So the day fields are not one set of numbers. They are a set for what is
// written plainly, and a function of the month for each of the special words L, W and #.

// dayField is the one of the two day fields that is not "?".
type dayField struct {
	month bool      // whether the field is day-of-month; otherwise it is day-of-week
	plain uint64    // a set: bit n stands for day n of the month, or of the week, where 1 is Sunday
	rules []dayRule // one for each item with L, W or #
}

// dayRule picks one day of a month; 0 when that month does not have it.
type dayRule func(m month) int

// month is what the day rules need to know of a month.
type month struct {
	days  int          // 28 to 31
	first time.Weekday // the day of the week on which it begins
}

// monthOf describes a month of a year.
func monthOf(year int, m time.Month) month {
	first := time.Date(year, m, 1, 0, 0, 0, 0, time.UTC)
	return month{days: first.AddDate(0, 1, -1).Day(), first: first.Weekday()}
}

// weekday is the day of the week of a day of the month, from 1 for Sunday to 7 for Saturday.
func (m month) weekday(day int) int { return (int(m.first)+day-1)%7 + 1 }

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

// monthRule reads the special items of day-of-month; nil for any other item. They are L (the last
// day), L-3 (the third day before it), 15W (the working day nearest to the 15th) and LW (the
// working day nearest to the last day).
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

// nearestWeekday is the day from Monday to Friday that is nearest to a day, without leaving the
// month. When the 1st is a Saturday, the nearest to it is Monday the 3rd.
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

// weekRule reads the special items of day-of-week; nil for any other item. They are 6L or FRIL (the
// last Friday of the month) and TUE#2 (its second Tuesday).
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

// days is the set of the days of a month on which the schedule fires: bit n stands for day n.
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
