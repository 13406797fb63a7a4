package job

import (
	"strings"
	"testing"
	"time"
)

// Durations of steering settings (R-STR-2): every unit, bounds on both sides, what is no duration.
func TestParseDuration(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		text string
		want time.Duration // 0: refused
		says string
	}{
		{"30s", 30 * time.Second, ""},
		{"10m", 10 * time.Minute, ""},
		{"1h", time.Hour, ""},
		{"1h30m", 90 * time.Minute, ""},
		{"90m", 90 * time.Minute, ""},
		{"1d2h3m4s", 26*time.Hour + 3*time.Minute + 4*time.Second, ""},
		{"1d4s", 24*time.Hour + 4*time.Second, ""},
		{"7d", 7 * 24 * time.Hour, ""},
		{"168h", 7 * 24 * time.Hour, ""},
		{"7d1s", 0, `"7d1s" is not between 1s and 7d`},
		{"8d", 0, `"8d" is not between 1s and 7d`},
		{"0s", 0, `"0s" is not between 1s and 7d`},
		{"9999999999999999999999s", 0, "is not between 1s and 7d"},
		{"9223372036854775807s", 0, "is not between 1s and 7d"},
		{"604801s", 0, "is not between 1s and 7d"},
		{"", 0, `"" is not a duration, such as 30s, 10m, 1h30m or 7d`},
		{"10", 0, "is not a duration"},
		{"m", 0, "is not a duration"},
		{"1.5h", 0, "is not a duration"},
		{"30m1h", 0, "is not a duration"},
		{"1h1h", 0, "is not a duration"},
		{"-1h", 0, "is not a duration"},
		{" 1h", 0, "is not a duration"},
		{"1h ", 0, "is not a duration"},
		{"1H", 0, "is not a duration"},
		{"100ms", 0, "is not a duration"},
	} {
		got, err := parseDuration(tt.text, time.Second, 7*24*time.Hour)
		if got != tt.want || (err == nil) != (tt.want > 0) {
			t.Errorf("%q: %v, %v, want %v", tt.text, got, err, tt.want)
		}
		if err != nil && (tt.says == "" || !strings.Contains(err.Error(), tt.says)) {
			t.Errorf("%q: %v, want an error that says %q", tt.text, err, tt.says)
		}
	}
}

// What durationText writes is the shortest text with the longest units first.
func TestDurationText(t *testing.T) {
	t.Parallel()
	for want, d := range map[string]time.Duration{
		"0s":    0,
		"1s":    time.Second,
		"1m":    time.Minute,
		"1h30m": 90 * time.Minute,
		"7d":    7 * 24 * time.Hour,
		"1d1s":  24*time.Hour + time.Second,
	} {
		if got := durationText(d); got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
}

// Percentages of steering settings, in hundredths (R-STR-2).
func TestParsePercent(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		text string
		want int64 // -1: refused
		says string
	}{
		{"5pct", 500, ""},
		{"0.5pct", 50, ""},
		{"0.05pct", 5, ""},
		{"12.25pct", 1225, ""},
		{"0pct", 0, ""},
		{"100pct", 10000, ""},
		{"100.00pct", 10000, ""},
		{"100.01pct", -1, `"100.01pct" is more than 100pct`},
		{"99999999999999999999pct", -1, "is more than 100pct"},
		{"0.125pct", -1, `"0.125pct" is not a percentage with at most two decimals`},
		{"5%", -1, "such as 5pct or 0.25pct"},
		{"5", -1, "is not a percentage"},
		{".5pct", -1, "is not a percentage"},
		{"5.pct", -1, "is not a percentage"},
		{"-5pct", -1, "is not a percentage"},
		{"5 pct", -1, "is not a percentage"},
		{"1.2.3pct", -1, "is not a percentage"},
		{"pct", -1, "is not a percentage"},
		{"", -1, "is not a percentage"},
	} {
		got, err := parsePercent(tt.text)
		if err == nil && got != tt.want || (err == nil) != (tt.want >= 0) {
			t.Errorf("%q: %d, %v, want %d", tt.text, got, err, tt.want)
		}
		if err != nil && (tt.says == "" || !strings.Contains(err.Error(), tt.says)) {
			t.Errorf("%q: %v, want an error that says %q", tt.text, err, tt.says)
		}
	}
}

// What is read is written as a text that reads the same.
func FuzzSteeringText(f *testing.F) {
	for _, text := range []string{"30s", "1h30m", "7d", "1d1s", "5pct", "0.25pct", "100pct", "x"} {
		f.Add(text)
	}
	const most = 7 * 24 * time.Hour
	f.Fuzz(func(t *testing.T, text string) {
		if d, err := parseDuration(text, time.Second, most); err == nil {
			again, err := parseDuration(durationText(d), time.Second, most)
			if err != nil || again != d || d < time.Second || d > most {
				t.Errorf("%q is %v, written as %q, which is %v, %v", text, d, durationText(d),
					again, err)
			}
		}
		if n, err := parsePercent(text); err == nil {
			again, err := parsePercent(percentText(n))
			if err != nil || again != n || n < 0 || n > 10000 {
				t.Errorf("%q is %d, written as %q, which is %d, %v", text, n, percentText(n),
					again, err)
			}
		}
	})
}
