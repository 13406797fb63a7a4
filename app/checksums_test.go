package app

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/drover-iot/drover/store/sqlite"
)

// started runs a server once and returns its log and whether its store has checksums then.
func started(t *testing.T, c Config) (log string, checksums bool) {
	t.Helper()
	var to bytes.Buffer
	c.Log = slog.New(slog.NewTextHandler(&to, nil))
	run(t, c, func(*Server) {})
	has, err := sqlite.HasChecksums(filepath.Join(c.Data, storeFile))
	if err != nil {
		t.Fatal(err)
	}
	return to.String(), has
}

// A store gets checksums unless the setting is off or Litestream replicates it; one that has them
// keeps them, and then both are warned of. R-BAK-3, R-BAK-8
func TestPageChecksums(t *testing.T) {
	t.Parallel()
	on := onFreePorts(t)
	off := on
	off.PlainPages = true
	litestream := filepath.Join(on.Data, litestreamDir)
	for _, row := range []struct {
		name      string
		config    Config
		before    func() error
		checksums bool
		log       string // what is in it, beside the lines of every start
	}{
		{"off, new", off, nil, false, ""},
		{"off, again", off, nil, false, ""},
		{"replicated", on, func() error { return os.Mkdir(litestream, 0o700) }, false, ""},
		{"on", on, func() error { return os.Remove(litestream) }, true, "the store has page checksums now"},
		{"on, again", on, nil, true, ""},
		{"off later", off, nil, true, "the store keeps its page checksums"},
		{"replicated later", on, func() error { return os.Mkdir(litestream, 0o700) }, true, "Litestream replicates"},
	} {
		if row.before != nil {
			if err := row.before(); err != nil {
				t.Fatal(err)
			}
		}
		log, checksums := started(t, row.config)
		if checksums != row.checksums {
			t.Errorf("%s: checksums %v, want %v", row.name, checksums, row.checksums)
		}
		if row.log == "" && strings.Contains(log, "checksums") || !strings.Contains(log, row.log) {
			t.Errorf("%s: want %q in the log:\n%s", row.name, row.log, log)
		}
	}
	if _, err := RenewChecksums(t.Context(), on.Data); err != nil { // R-BAK-9
		t.Error(err)
	}
	run(t, on, func(*Server) {
		if _, err := RenewChecksums(t.Context(), on.Data); err == nil {
			t.Error("checksums were written anew while a server runs")
		}
	})
}
