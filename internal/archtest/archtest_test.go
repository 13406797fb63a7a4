// Package archtest holds the code to the import table in ARCHITECTURE.md, so that the picture cannot go stale.
package archtest

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/drover-iot/drover/"

// Every import between packages of this module must stand in the table, and every row must name packages that exist and
// that are imported.
func TestImportTable(t *testing.T) {
	t.Parallel()
	allowed := table(t)
	actual := imports(t)
	for name, list := range actual {
		row, known := allowed[name]
		if !known {
			t.Errorf("package %s has no row in ARCHITECTURE.md", name)
			continue
		}
		if row[0] == "*" {
			continue
		}
		for _, imported := range list {
			if !slices.Contains(row, imported) {
				t.Errorf("package %s imports %s, which its row in ARCHITECTURE.md does not allow", name, imported)
			}
		}
		for _, promised := range row {
			if promised != "" && !slices.Contains(list, promised) {
				t.Errorf("the row of %s allows %s, which it does not import", name, promised)
			}
		}
	}
	for name := range allowed {
		if _, exists := actual[name]; !exists {
			t.Errorf("ARCHITECTURE.md has a row for %s, which does not exist", name)
		}
	}
}

// The rules, the store, the use cases and the translation of requests read no clock: they are given the time (R-CON-21). Exempt are
// the two loops of the engine that wait in real time, and what secures connections.
func TestClock(t *testing.T) {
	t.Parallel()
	exempt := []string{"due.go", "announce.go", "presences.go", "certificates.go"}
	reads := regexp.MustCompile(`\btime\.(Now|Since|Until|After|AfterFunc|NewTimer|NewTicker|Sleep|Tick)\(`)
	for _, dir := range []string{"schema", "api", "job", "registry", "store", "engine", "control", "device"} {
		err := filepath.WalkDir(filepath.Join("..", "..", dir), func(path string, entry os.DirEntry, err error) error {
			if err == nil && entry.IsDir() && (entry.Name() == "broker" || entry.Name() == "storetest") { // connections; tests
				return filepath.SkipDir
			}
			if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || slices.Contains(exempt, entry.Name()) {
				return err
			}
			text, err := os.ReadFile(path)
			if found := reads.Find(text); found != nil && err == nil {
				t.Errorf("%s reads the clock: %s", path, found)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
}

// table reads the rows of "The import table": package → packages it may import, {"*"} for any.
func table(t *testing.T) map[string][]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "ARCHITECTURE.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(text), "## The import table")
	if !found {
		t.Fatal("ARCHITECTURE.md has no section \"The import table\"")
	}
	section, _, _ = strings.Cut(section, "\n## ")
	row := regexp.MustCompile("(?m)^\\| `([^`]+)` \\|(.*)\\|$")
	quoted := regexp.MustCompile("`([^`]+)`")
	allowed := map[string][]string{}
	for _, line := range row.FindAllStringSubmatch(section, -1) {
		list := []string{}
		for _, name := range quoted.FindAllStringSubmatch(line[2], -1) {
			list = append(list, name[1])
		}
		if strings.Contains(line[2], "everything") {
			list = []string{"*"}
		}
		if len(list) == 0 {
			list = []string{""}
		}
		if allowed[line[1]] != nil {
			t.Errorf("ARCHITECTURE.md has two rows for %s", line[1])
		}
		allowed[line[1]] = list
	}
	return allowed
}

// imports asks the go command which packages of this module import which, tests left out.
func imports(t *testing.T) map[string][]string {
	t.Helper()
	list := exec.Command("go", "list", "-f", "{{.ImportPath}} {{join .Imports \" \"}}", "./...")
	list.Dir = filepath.Join("..", "..")
	out, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	actual := map[string][]string{}
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		name := strings.TrimPrefix(fields[0], module)
		actual[name] = nil
		for _, imported := range fields[1:] {
			if rest, inside := strings.CutPrefix(imported, module); inside {
				actual[name] = append(actual[name], rest)
			}
		}
	}
	return actual
}
