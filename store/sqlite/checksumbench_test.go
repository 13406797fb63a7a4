//go:build unix

package sqlite_test

import (
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/drover-iot/drover/store/sqlite"
)

// BenchmarkReportsChecksums takes turns between a store with page checksums and one without, and
// reports the processor time of a report with each and how much more the first takes.
func BenchmarkReportsChecksums(b *testing.B) {
	plain := filepath.Join(b.TempDir(), "drover.db")
	if err := sqlite.MakePlain(plain); err != nil {
		b.Fatal(err)
	}
	with, without := newReporter(b), newReporterOn(b, plain, fillAt(b, plain))
	var took [2]time.Duration
	for b.Loop() {
		for i, r := range []*reporter{with, without} {
			began := processorTime(b)
			r.group(b, group)
			took[i] += processorTime(b) - began
		}
	}
	reports := float64(b.N * group)
	b.ReportMetric(took[0].Seconds()*1e6/reports, "µs-with/report")
	b.ReportMetric(took[1].Seconds()*1e6/reports, "µs-without/report")
	b.ReportMetric(100*(took[0].Seconds()/took[1].Seconds()-1), "%more")
}

// processorTime is what this process has used so far.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
