package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// TestMain lets this binary be its own load generator and peer, as the program is.
func TestMain(m *testing.M) {
	if part := ownPart(); part != nil {
		exit(part())
	}
	os.Exit(m.Run())
}

// TestTable holds that every figure of the table can still be measured; it judges none of them.
func TestTable(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the binary")
	}
	t.Parallel()
	binary := filepath.Join(t.TempDir(), "drover")
	if out, err := exec.Command("go", "build", "-o", binary, "../cmd/drover").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	small := sizes{fleet: 2000, spell: 100 * time.Millisecond, devices: 32, active: 2000, idle: 20, crowd: 50}
	if err := run(context.Background(), small, binary); err != nil {
		t.Fatal(err)
	}
}

// What must not grow does not: in a small form of the table of growth, by what does not depend on
// the machine, the instructions of SQLite and the bytes that are allocated (R-JOB-63). It is not
// parallel, because it counts what the whole process allocates.
func TestGrowth(t *testing.T) {
	const largest = 110
	for _, w := range growths {
		err := w.run(t.Context(), t.TempDir(), largest, func(o operation, sizes []int, all [][]figures) error {
			if o.ratio == 0 {
				return nil
			}
			small, large := all[0], all[len(all)-1]
			for _, row := range []struct {
				what string
				read func(figures) int64
			}{
				{"instructions of SQLite", func(f figures) int64 { return f.instructions }},
				{"bytes allocated", func(f figures) int64 { return f.bytes }},
			} {
				a, b := median(small, row.read), median(large, row.read)
				if float64(b) > o.ratio*float64(a) {
					t.Errorf("%s: %s: %d at %d, %d at %d, at most %.1f times as many are allowed", o.name,
						row.what, a, sizes[0], b, sizes[len(sizes)-1], o.ratio)
				}
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
}
