package simdisk

import (
	"bytes"
	"errors"
	"flag"
	"testing"

	"github.com/drover-iot/drover/sim"
)

var seeds = flag.Uint64("sim.disk.seeds", 6, "how many seeds TestSeeds runs")

// config is a run whose state is in SQLite, on a disk that fails.
func config() sim.Config {
	c := sim.Default()
	c.Disk = New
	return c
}

// TestSeeds is the short form of make sim-disk: all rules hold on a disk that fails, and what was
// acknowledged is there after every power cut (R-DSK-1, R-CON-25).
func TestSeeds(t *testing.T) {
	t.Parallel()
	var sum sim.Report
	err := sim.Many(t.Context(), config(), 1, *seeds, func(_ uint64, r sim.Report) { sum.Add(r) })
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%+v", sum)
	if sum.DiskFaults < 10 || sum.PowerCuts < 5 {
		t.Errorf("the disk failed %d times and power %d times: too few to show anything",
			sum.DiskFaults, sum.PowerCuts)
	}
}

// The same seed does the same, byte for byte, also what the disk does.
func TestTrace(t *testing.T) {
	t.Parallel()
	var traces [2]bytes.Buffer
	for i := range traces {
		c := config()
		c.Seed, c.Trace, c.Days = 2, &traces[i], 1
		report, err := sim.Run(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		if report.PowerCuts == 0 || report.DiskFaults == 0 {
			t.Errorf("the disk has not failed: %+v", report)
		}
	}
	if traces[0].Len() < 1000 || !bytes.Equal(traces[0].Bytes(), traces[1].Bytes()) {
		t.Errorf("the traces of one seed have %d and %d bytes and differ",
			traces[0].Len(), traces[1].Len())
	}
}

// A store that acknowledges before its commit is durable breaks a rule: after a power cut it is an
// earlier one (R-CON-25), or cannot be opened (R-DSK-1).
func TestSeesWhatIsAcknowledgedTooEarly(t *testing.T) {
	t.Parallel()
	c := config()
	c.Disk = func() (sim.Disk, error) { return newDisk(true) }
	err := sim.Many(t.Context(), c, 1, 5, nil)
	var violation *sim.Violation
	if !errors.As(err, &violation) || violation.Rule != "R-CON-25" && violation.Rule != "R-DSK-1" {
		t.Errorf("got %v, want a violation of R-CON-25 or R-DSK-1", err)
	}
}
