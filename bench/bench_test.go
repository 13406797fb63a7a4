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
	small := sizes{fleet: 2000, spell: 100 * time.Millisecond, devices: 32, active: 2000, idle: 20}
	if err := run(context.Background(), small, binary); err != nil {
		t.Fatal(err)
	}
}
