package fleetquery

import (
	"strconv"
	"strings"

	"github.com/drover-iot/drover/internal/wildcard"
)

// A term of a query compares the values of its field with one check: a text, which may have
// wildcards, or a range. Letters compare without regard to case, and a range of numbers compares as
// numbers, so attributes.n:[5 TO 10] includes 7 although "7" comes after "10" as text.

// check is what a term asks of a value.
type check interface{ passes(value string) bool }

// matching asks for text, with wildcards or without.
type matching struct{ lower wildcard.Pattern }

func (m matching) passes(value string) bool { return m.lower.Match(strings.ToLower(value)) }

// within asks for a value between two bounds. When every bound that is given is a number, only
// numbers are within; otherwise values compare as text, and "5" is within [2 TO b].
type within struct {
	low, high *bound // nil: unbounded
	numeric   bool
}

// bound is one end of a range.
type bound struct {
	lower  string  // as text, in lower case
	number float64 // as a number, when it is one
	open   bool    // the bound itself is outside the range
}

// passes reports whether the value lies between the bounds. An open bound excludes itself: 7 is in
// [7 TO 9] and in {6 TO 7], and not in {7 TO 9].
func (w within) passes(value string) bool {
	number, isNumber := parseNumber(value)
	if w.numeric && !isNumber {
		return false
	}
	compare := func(b *bound) int { return strings.Compare(strings.ToLower(value), b.lower) }
	if w.numeric {
		compare = func(b *bound) int {
			switch {
			case number < b.number:
				return -1
			case number > b.number:
				return 1
			}
			return 0
		}
	}
	aboveLow := w.low == nil || compare(w.low) > 0 || compare(w.low) == 0 && !w.low.open
	belowHigh := w.high == nil || compare(w.high) < 0 || compare(w.high) == 0 && !w.high.open
	return aboveLow && belowHigh
}

// newWithin makes a range from its bounds, nil for none, and decides how it compares. Without any,
// every value is within it.
func newWithin(low, high *bound) within {
	w := within{low: low, high: high, numeric: low != nil || high != nil}
	for _, b := range []*bound{low, high} {
		if b == nil {
			continue
		}
		number, ok := parseNumber(b.lower)
		b.lower, b.number = strings.ToLower(b.lower), number
		w.numeric = w.numeric && ok
	}
	return w
}

// parseNumber reads a decimal number such as -2.5 or 1e3. What Go would take for a number as well
// (inf, 0x1p-2, 1_000) is text.
func parseNumber(text string) (float64, bool) {
	if text == "" || strings.Trim(text, "+-.0123456789eE") != "" {
		return 0, false
	}
	number, err := strconv.ParseFloat(text, 64)
	return number, err == nil
}
