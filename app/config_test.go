package app

import (
	"math"
	"strings"
	"testing"
	"time"
)

// Limits and rates are numbers of 0 or more; what is refused is named.
func TestCheckBounds(t *testing.T) {
	t.Parallel()
	for flag, spoil := range map[string]func(*Config){
		"":                      func(c *Config) { c.Limits.Concurrent, c.Rates.Control = 0, 0.5 },
		"--max-snapshot-jobs":   func(c *Config) { c.Limits.ActiveSnapshot = -1 },
		"--max-continuous-jobs": func(c *Config) { c.Limits.ActiveContinuous = -1 },
		"--max-concurrent-jobs": func(c *Config) { c.Limits.Concurrent = -1 },
		"--max-job-templates":   func(c *Config) { c.Limits.Templates = -2 },
		"--retention":           func(c *Config) { c.Limits.Retention = -time.Hour },
		"--control-rate":        func(c *Config) { c.Rates.Control = math.Inf(1) },
		"--device-read-rate":    func(c *Config) { c.Rates.DeviceReads = math.NaN() },
		"--device-write-rate":   func(c *Config) { c.Rates.DeviceWrites = -0.1 },
	} {
		c := Default()
		spoil(&c)
		err := c.check()
		if (err == nil) != (flag == "") || err != nil && !strings.HasPrefix(err.Error(), flag+":") {
			t.Errorf("%q: %v", flag, err)
		}
	}
}
