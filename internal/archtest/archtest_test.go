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

// Every import between packages of this module must stand in the table, and every row must name
// packages that exist and that are imported.
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
				t.Errorf("package %s imports %s, which its row in ARCHITECTURE.md does not allow",
					name, imported)
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

// Every function that ARCHITECTURE.md names by its file is there: a walk that nobody can follow is
// worse than none. They are written as in `job/abort.go:Job.applyAbortCriteria`.
func TestNamedFunctions(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join("..", "..", "ARCHITECTURE.md"))
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile("`([a-z/]+\\.go):(?:([A-Za-z]+)\\.)?([A-Za-z]+)`").FindAllStringSubmatch(string(text), -1)
	if len(named) < 20 {
		t.Errorf("only %d functions are named", len(named))
	}
	for _, n := range named {
		code, err := os.ReadFile(filepath.Join("..", "..", filepath.FromSlash(n[1])))
		if err != nil {
			t.Error(err)
			continue
		}
		receiver := ""
		if n[2] != "" {
			receiver = `\(\w+ \*?` + n[2] + `\) `
		}
		if !regexp.MustCompile(`(?m)^func ` + receiver + n[3] + `[\[(]`).Match(code) {
			t.Errorf("ARCHITECTURE.md names %s, which %s does not have", n[0], n[1])
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

// imports returns which packages of this module import which others of it, tests left out.
func imports(t *testing.T) map[string][]string {
	t.Helper()
	inside := map[string][]string{}
	for name, list := range allImports(t) {
		inside[name] = nil
		for _, imported := range list {
			if rest, ok := strings.CutPrefix(imported, module); ok {
				inside[name] = append(inside[name], rest)
			}
		}
	}
	return inside
}

// allImports asks the go command what each package of this module imports, tests left out. The keys
// are paths inside the module, the values whole import paths.
func allImports(t *testing.T) map[string][]string {
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
		actual[strings.TrimPrefix(fields[0], module)] = fields[1:]
	}
	return actual
}
