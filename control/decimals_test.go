package control

import (
	"fmt"
	"testing"
)

// A decimal is read exactly, in every form that JSON has for it, and shown again with the same
// value (R-WIRE-15, R-API-40).
func TestDecimals(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		text   string
		places int
		scaled int64
		shown  string
	}{
		{"1.1", 1, 11, "1.1"},
		{"5", 1, 50, "5"},
		{"2.0", 1, 20, "2"},
		{"1.50", 1, 15, "1.5"},
		{"1e0", 1, 10, "1"},
		{"12E-1", 1, 12, "1.2"},
		{"0.5e1", 1, 50, "5"},
		{"0", 2, 0, "0"},
		{"0.00", 2, 0, "0"},
		{"100", 2, 10000, "100"},
		{"1e2", 2, 10000, "100"},
		{"10.9", 2, 1090, "10.9"},
		{"10.99", 2, 1099, "10.99"},
		{"20.00", 2, 2000, "20"},
		{"0.01", 2, 1, "0.01"},
		{"0.1", 2, 10, "0.1"},
		{"33.33", 2, 3333, "33.33"},
		{"99.99", 2, 9999, "99.99"},
		{"90071992547409.93", 2, 9007199254740993, "90071992547409.93"},
		{"-1.5", 1, -15, "-1.5"},
		{"7", 0, 7, "7"},
		{"70", 0, 70, "70"},
		{"none", 2, 0, "0"},
	} {
		if got := scaled(tt.text, tt.places); got != tt.scaled {
			t.Errorf("%s with %d places is %d, want %d", tt.text, tt.places, got, tt.scaled)
		}
		if got := unscaled(tt.scaled, tt.places); got != tt.shown {
			t.Errorf("%d with %d places is %s, want %s", tt.scaled, tt.places, got, tt.shown)
		}
	}
}

// Every threshold and every factor that the API accepts comes back as it was.
func TestEveryDecimal(t *testing.T) {
	t.Parallel()
	for n := range int64(100_00 + 1) {
		if text := fmt.Sprintf("%d.%02d", n/100, n%100); scaled(text, 2) != n {
			t.Errorf("%s is %d hundredths, want %d", text, scaled(text, 2), n)
		}
		if got := scaled(unscaled(n, 2), 2); got != n {
			t.Errorf("%d hundredths come back as %d", n, got)
		}
	}
	for n := range int64(5_0 + 1) {
		if got := scaled(unscaled(n, 1), 1); got != n {
			t.Errorf("%d tenths come back as %d", n, got)
		}
	}
}
