package main

import (
	"testing"

	"github.com/drover-iot/drover/sim"
)

// The seeds to run: a range, or a number of them from the first on.
func TestSeedRange(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		seed, runs  uint64
		text        string
		first, last uint64
		ok          bool
	}{
		{7, 1, "", 7, 7, true},
		{7, 3, "", 7, 9, true},
		{7, 0, "", 0, 0, false},
		{7, 1, "1..1000", 1, 1000, true},
		{7, 1, "5..5", 5, 5, true},
		{7, 1, "5..4", 0, 0, false},
		{7, 1, "5", 0, 0, false},
		{7, 1, "a..b", 0, 0, false},
	} {
		first, last, err := seedRange(row.seed, row.runs, row.text)
		if first != row.first || last != row.last || (err == nil) != row.ok {
			t.Errorf("seedRange(%d, %d, %q): %d, %d, %v", row.seed, row.runs, row.text, first, last, err)
		}
	}
}

// What cannot be simulated is refused.
func TestCheckSim(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		change func(*sim.Config)
		many   bool // a trace of many seeds
		ok     bool
	}{
		"defaults":   {func(*sim.Config) {}, false, true},
		"no things":  {func(c *sim.Config) { c.Things = 0 }, false, false},
		"no days":    {func(c *sim.Config) { c.Days = 0 }, false, false},
		"no jobs":    {func(c *sim.Config) { c.Jobs = 0 }, false, true},
		"trace many": {func(*sim.Config) {}, true, false},
		"certain":    {func(c *sim.Config) { *c.Faults.Options()[0].Value = 1 }, false, true},
		"above 1":    {func(c *sim.Config) { *c.Faults.Options()[0].Value = 1.1 }, false, false},
		"below 0":    {func(c *sim.Config) { *c.Faults.Options()[0].Value = -0.1 }, false, false},
	} {
		c := sim.Default()
		row.change(&c)
		if err := checkSim(c, row.many); (err == nil) != row.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}
