package job

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Steering settings are values of tags, so durations and percentages in them are written with the
// characters that a tag may have: 1h30m and 5pct (R-STR-2). This file reads and writes both.

// durationUnits are the units of a duration, the longest first.
var durationUnits = []struct {
	letter string
	length time.Duration
}{
	{"d", 24 * time.Hour}, {"h", time.Hour}, {"m", time.Minute}, {"s", time.Second},
}

// parseDuration reads a duration from least to most: whole numbers with the units d, h, m and s,
// the longest first and none twice, such as 30s, 10m, 1h30m or 7d. The error says what is wrong
// with the text, without the name of the setting.
func parseDuration(text string, least, most time.Duration) (time.Duration, error) {
	var sum time.Duration
	rest := text
	for _, unit := range durationUnits {
		digits := len(rest) - len(strings.TrimLeft(rest, "0123456789"))
		after, ok := strings.CutPrefix(rest[digits:], unit.letter)
		if digits == 0 || !ok {
			continue
		}
		n, err := strconv.ParseInt(rest[:digits], 10, 64)
		if err != nil || n > int64(most/unit.length)+1 {
			return 0, durationBounds(text, least, most)
		}
		sum += time.Duration(n) * unit.length
		rest = after
	}
	if rest != "" || text == "" {
		return 0, fmt.Errorf("%q is not a duration, such as 30s, 10m, 1h30m or 7d", text)
	}
	if sum < least || sum > most {
		return 0, durationBounds(text, least, most)
	}
	return sum, nil
}

// durationBounds is the error of a duration that is too short or too long.
func durationBounds(text string, least, most time.Duration) error {
	return fmt.Errorf("%q is not between %s and %s", text, durationText(least),
		durationText(most))
}

// durationText writes whole seconds as parseDuration reads them: 90 minutes are "1h30m", nothing is
// "0s".
func durationText(d time.Duration) string {
	if d < time.Second {
		return "0s"
	}
	var text strings.Builder
	for _, unit := range durationUnits {
		if n := d / unit.length; n > 0 {
			fmt.Fprintf(&text, "%d%s", n, unit.letter)
			d -= n * unit.length
		}
	}
	return text.String()
}

// parsePercent reads a percentage with at most two decimals, such as 5pct or 0.25pct, and returns
// it in hundredths of a percent: 0 to 10000. The error says what is wrong with the text, without
// the name of the setting.
func parsePercent(text string) (int64, error) {
	notOne := fmt.Errorf("%q is not a percentage with at most two decimals, such as 5pct or 0.25pct",
		text)
	number, ok := strings.CutSuffix(text, "pct")
	whole, decimals, dotted := strings.Cut(number, ".")
	if !ok || !allDigits(whole) || dotted && !allDigits(decimals) || len(decimals) > 2 {
		return 0, notOne
	}
	n, err := strconv.ParseInt(whole+(decimals + "00")[:2], 10, 64)
	if err != nil || n > 10000 {
		return 0, fmt.Errorf("%q is more than 100pct", text)
	}
	return n, nil
}

// percentText writes hundredths of a percent as parsePercent reads them: 50 is "0.5pct".
func percentText(n int64) string { return hundredths(n) + "pct" }

// allDigits reports whether a text has digits only, and at least one.
func allDigits(text string) bool { return text != "" && strings.Trim(text, "0123456789") == "" }
