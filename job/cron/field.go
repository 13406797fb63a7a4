package cron

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A field of a cron expression is a list of items between commas. An item is one value, a range, or
// all values, and may have a step: 5, MON-FRI, *, 0/15, 9-17/2. The numbers and words that a field
// knows stand in one table here, so that reading them is the same code for all six.

// field says what one field of a cron expression may hold.
type field struct {
	name     string   // as error texts call it
	from, to int      // the smallest and the largest value
	words    []string // names of the values, beginning with that of from; nil when there are none
}

var (
	minuteField     = field{name: "minute", from: 0, to: 59}
	hourField       = field{name: "hour", from: 0, to: 23}
	dayOfMonthField = field{name: "day-of-month", from: 1, to: 31}
	monthField      = field{name: "month", from: 1, to: 12, words: monthWords}
	dayOfWeekField  = field{name: "day-of-week", from: 1, to: 7, words: dayWords}
	yearField       = field{name: "year", from: 1970, to: 2199}

	monthWords = strings.Fields("JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC")
	dayWords   = strings.Fields("SUN MON TUE WED THU FRI SAT")
)

// span is a range of values with a step: every step-th value from from up to to. When to lies
// beyond the end of the field, the range goes on at the field's beginning.
type span struct{ from, to, step int }

// set reads a field whose values fit into a bit set.
func (f field) set(text string) (set uint64, err error) {
	spans, err := f.spans(text)
	for _, s := range spans {
		set |= f.bits(s)
	}
	return set, err
}

// bits is the set of the values of a span. One that was written backwards goes on at the beginning
// of the field: hours 22-2 are 22, 23, 0, 1 and 2.
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

// size is how many values the field has.
func (f field) size() int { return f.to - f.from + 1 }

// spans reads the items of a field.
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

// span reads one item: *, n or n-m, each of them with or without /step. With a step, a single value
// means "from there to the end": minutes 10/20 are 10, 30 and 50.
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

// value reads one number or word of the field.
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

// number reads a number that is written with digits only, without a sign.
func number(text string) (int, error) {
	n, err := strconv.ParseUint(text, 10, 16)
	return int(n), err
}
