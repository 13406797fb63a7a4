package place

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFile(t *testing.T) { // R-AGT-10
	t.Parallel()
	f := File{filepath.Join(t.TempDir(), "place.json")}
	if p, err := f.Load(); p != nil || err != nil {
		t.Errorf("at first: %v, %v", p, err)
	}
	want := Place{
		JobID: "fw-2", Number: 3, Step: 1, Boot: "b1",
		Outcome: &Outcome{Status: "FAILED", Details: map[string]string{"reason": "a"}},
	}
	if err := f.Save(want); err != nil {
		t.Fatal(err)
	}
	got, err := f.Load()
	if d := cmp.Diff(&want, got); d != "" || err != nil {
		t.Error(d, err)
	}
	for range 2 {
		if err := f.Clear(); err != nil {
			t.Error(err)
		}
	}
	if p, err := f.Load(); p != nil || err != nil {
		t.Errorf("cleared: %v, %v", p, err)
	}
	if err := os.WriteFile(f.Path, []byte(`{"jobId"`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Load(); err == nil || !strings.Contains(err.Error(), "cannot be read") {
		t.Errorf("damaged: got %v", err)
	}
}
