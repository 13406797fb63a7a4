package progress

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Lines are one for each tenth; the last is there only when all has arrived.
func TestLines(t *testing.T) { // R-ART-12
	t.Parallel()
	for name, tt := range map[string]struct {
		size, done int64
		added      []int64
		want       string
	}{
		"in one piece": {2048, 0, []int64{2048}, "fw: all 2.0 KiB\n"},
		"empty":        {0, 0, nil, "fw: all 0 bytes\n"},
		"goes on": {10 << 20, 5 << 20, []int64{1 << 19, 1 << 19, 4 << 20},
			"fw: goes on at 5.0 MiB of 10.0 MiB\nfw: 60% of 10.0 MiB\nfw: all 10.0 MiB\n"},
		"is there already": {100, 100, nil, "fw: all 100 bytes\n"},
		"broken off":       {100, 0, []int64{19, 11}, "fw: 10% of 100 bytes\nfw: 30% of 100 bytes\n"},
		"sent again":       {100, 0, []int64{50, -50, 50, 50}, "fw: 50% of 100 bytes\nfw: all 100 bytes\n"},
	} {
		var out strings.Builder
		l := &lines{out: &out}
		l.Begin("fw", tt.size, tt.done)
		for _, n := range tt.added {
			l.Add(n)
		}
		l.End()
		if diff := cmp.Diff(tt.want, out.String()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// A file gets lines and no bar, which would be a mess of control characters there.
func TestOnFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "log")
	out, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	p := On(out)
	p.Begin("fw", 1, 0)
	p.Add(1)
	p.End()
	if got, err := os.ReadFile(path); string(got) != "fw: all 1 bytes\n" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
}

// A bar shows the name and how much is done, also of nothing at all.
func TestBar(t *testing.T) {
	t.Parallel()
	for size, want := range map[int64]string{0: "0%", 4 << 20: "100%"} {
		var out strings.Builder
		b := &bar{out: &out}
		b.Begin("fw", size, 0)
		b.Add(size)
		b.End()
		if got := out.String(); !strings.Contains(got, "fw") || !strings.Contains(got, want) || !strings.HasSuffix(got, "\n") {
			t.Errorf("%d bytes: %q", size, got)
		}
	}
}
