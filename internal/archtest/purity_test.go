package archtest

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// decides lists the packages that decide: facts and a time in, changes out. They and the packages
// below them do no I/O, start no goroutine and read no clock.
var decides = []string{"job", "registry", "internal/fault", "internal/jsoncheck", "internal/wildcard"}

// pureStandard lists the standard packages that those may import. All are computation only. Before
// one is added, look for what it does besides: files, sockets, logs, locks, random numbers, timers.
// Of package time only the functions that read the clock are refused, by TestClock.
var pureStandard = []string{
	"bytes", "cmp", "container/heap", "errors", "fmt", "io", "maps", "regexp", "regexp/syntax", "slices", "strconv", "strings", "time",
	"unicode",
	"crypto", "crypto/ecdsa", "crypto/elliptic", "crypto/rsa", "crypto/x509", "crypto/x509/pkix",
	"crypto/sha256", "encoding/base64", "encoding/binary", "encoding/hex",
	"encoding/json", "encoding/pem", "math", "math/big", "math/bits", "net/netip", "net/url", "reflect", "unicode/utf8",
}

// pureFor lists what single packages may import besides. A forecast is made of many simulations,
// which draw from seeds that they are given, and makes them on all cores: what it answers depends on
// neither.
var pureFor = map[string][]string{
	"job/forecast": {"math/rand/v2", "runtime", "sync", "sync/atomic"},
}

// What decides imports standard packages that only compute, and no library of anybody else.
func TestPure(t *testing.T) {
	t.Parallel()
	for _, found := range impure(allImports(t)) {
		t.Error(found)
	}
}

// impure returns the imports of the packages that decide that are not allowed.
func impure(imports map[string][]string) (found []string) {
	for name, list := range imports {
		if !slices.ContainsFunc(decides, func(dir string) bool { return inside(name, dir) }) {
			continue
		}
		for _, imported := range list {
			allowed := slices.Contains(pureStandard, imported) || slices.Contains(pureFor[name], imported)
			if !strings.HasPrefix(imported, module) && !allowed {
				found = append(found, name+" decides, and must not import "+imported)
			}
		}
	}
	slices.Sort(found)
	return found
}

// inside reports whether a path is a folder or below it.
func inside(path, dir string) bool { return path == dir || strings.HasPrefix(path, dir+"/") }

// The check finds what it is for.
func TestImpureIsFound(t *testing.T) {
	t.Parallel()
	got := impure(map[string][]string{
		"job":             {"time", "os", module + "registry"},
		"job/cron":        {"strings", "sync"},
		"registry/policy": {"net/netip", "net/url", "net/http", "github.com/dlclark/regexp2/v2"},
		"jobless":         {"os"},
		"store":           {"os", "log/slog"},
	})
	want := []string{
		"job decides, and must not import os",
		"job/cron decides, and must not import sync",
		"registry/policy decides, and must not import github.com/dlclark/regexp2/v2",
		"registry/policy decides, and must not import net/http",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// timeGiven lists the packages that are given the time and read no clock (R-CON-21).
var timeGiven = []string{
	"schema", "api", "job", "registry", "store", "engine", "control", "device", "internal/fault",
	"internal/wildcard",
}

// readsClock lists the files and folders among them that may read the real clock nevertheless.
var readsClock = []string{
	"device/broker",             // sockets and their deadlines
	"engine/announce.go",        // a loop that waits in real time
	"engine/due.go",             // a loop that waits in real time
	"engine/nodeloop.go",        // a loop that waits in real time
	"engine/sinks/run.go",       // a loop that waits in real time
	"engine/sinks/runner.go",    // a loop that waits in real time
	"store/postgres/listen.go",  // a loop that waits in real time
	"store/postgres/silence.go", // for how long calls are refused
	"engine/commit/made.go",     // how long commits take
	"engine/fleet/presences.go", // how long clients have to come back after a start, and news are gathered
	"store/storetest",           // tests
}

// Whoever decides, stores, or translates is given the time. Every exception names a file that needs
// it.
func TestClock(t *testing.T) {
	t.Parallel()
	root := filepath.Join("..", "..")
	for _, file := range clockReaders(t, root) {
		if !slices.ContainsFunc(readsClock, func(path string) bool { return inside(file, path) }) {
			t.Errorf("%s reads the clock", file)
		}
	}
	for _, path := range readsClock {
		if _, err := os.Stat(filepath.Join(root, path)); err != nil {
			t.Errorf("exempt is %s, which is not there: %v", path, err)
		}
	}
}

// clockReaders returns the files below root, of the packages that are given the time, that read the
// clock; tests left out. Paths are relative to root, with slashes.
func clockReaders(t *testing.T, root string) (found []string) {
	t.Helper()
	reads := regexp.MustCompile(`\btime\.(Now|Since|Until|After|AfterFunc|NewTimer|NewTicker|Sleep|Tick)\(`)
	for _, dir := range timeGiven {
		top := filepath.Join(root, dir)
		err := filepath.WalkDir(top, func(path string, entry os.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") ||
				strings.HasSuffix(path, "_test.go") {
				return err
			}
			text, err := os.ReadFile(path)
			if err != nil || !reads.Match(text) {
				return err
			}
			relative, err := filepath.Rel(root, path)
			found = append(found, filepath.ToSlash(relative))
			return err
		})
		if err != nil && !os.IsNotExist(err) {
			t.Error(err)
		}
	}
	return found
}

// The check finds what it is for: a file of any name, but not a test and not what only computes.
func TestClockReadersAreFound(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	for path, text := range map[string]string{
		"job/due.go":                  "var a = time.Now()",
		"job/cron/next.go":            "var a = time.Unix(0, 0)",
		"job/job_test.go":             "var a = time.Now()",
		"api/iot/certificates.go":     "var a = time.Since(t)",
		"app/app.go":                  "var a = time.Now()",
		"device/broker/conn.go":       "var a = time.NewTimer(1)",
		"internal/wildcard/w.go":      "var a = time.AfterFunc(1, f)",
		"registry/policy/document.go": "// time.Now is not called here",
	} {
		file := filepath.Join(root, path)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got := clockReaders(t, root)
	slices.Sort(got)
	want := []string{"api/iot/certificates.go", "device/broker/conn.go", "internal/wildcard/w.go",
		"job/due.go"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
