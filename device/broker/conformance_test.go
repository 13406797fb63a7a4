package broker

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The rows of docs/mqtt-conformance.md are all numbered statements of both standards, each once;
// the tests that they name exist, and so do the rules.
func TestConformanceFile(t *testing.T) {
	t.Parallel()
	const root = "../.."
	rows := conformanceRows(t, filepath.Join(root, "docs/mqtt-conformance.md"))
	for _, statement := range statements(t) {
		row, exists := rows[statement]
		if !exists {
			t.Errorf("MQTT %s is missing", statement)
			continue
		}
		delete(rows, statement)
		if row.words == "" {
			t.Errorf("MQTT %s has no words", statement)
		}
		if err := row.check(root); err != nil {
			t.Errorf("MQTT %s: %v", statement, err)
		}
	}
	for statement := range rows {
		t.Errorf("MQTT %s is no statement of the standard", statement)
	}
}

// statements are the numbers of all statements, such as "5.0 3.1.2-24". A line of the list is a
// version, a section, and the first and the last number in it.
func statements(t *testing.T) (all []string) {
	list, err := os.ReadFile("testdata/mqtt-statements.txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(list)) {
		var version, section string
		var first, last int
		if _, err := fmt.Sscan(line, &version, &section, &first, &last); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		for n := first; n <= last; n++ {
			all = append(all, fmt.Sprintf("%s %s-%d", version, section, n))
		}
	}
	return all
}

// A conformanceRow says of one statement what it is about and what shows it.
type conformanceRow struct{ words, shown string }

func conformanceRows(t *testing.T, file string) map[string]conformanceRow {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	rows, version := map[string]conformanceRow{}, ""
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if after, is := strings.CutPrefix(line, "## MQTT "); is {
			version = after
		}
		cells := strings.Split(line, " | ")
		if len(cells) != 3 || !strings.HasPrefix(line, "| ") || cells[0] == "| Statement" {
			continue
		}
		statement := version + " " + cells[0][2:]
		if _, twice := rows[statement]; twice {
			t.Errorf("MQTT %s is there twice", statement)
		}
		rows[statement] = conformanceRow{cells[1], strings.TrimSuffix(cells[2], " |")}
	}
	return rows
}

var (
	namedTests = regexp.MustCompile("`([a-z/_]+_test\\.go)` ((?:Test\\w+(?:, )?)+)")
	namedRules = regexp.MustCompile(`R-[A-Z]+-\d+`)
)

// check reports a test or a rule that does not exist, and a row that names neither.
func (r conformanceRow) check(root string) error {
	rules := namedRules.FindAllString(r.shown, -1)
	for _, rule := range rules {
		if !isRule(root, rule) {
			return fmt.Errorf("there is no rule %s", rule)
		}
	}
	switch {
	case r.shown == "client", strings.HasPrefix(r.shown, "not shown: "):
		return nil
	case strings.HasPrefix(r.shown, "left out: ") && len(rules) > 0:
		return nil
	}
	found := namedTests.FindAllStringSubmatch(r.shown, -1)
	if len(found) == 0 {
		return fmt.Errorf("%q names no test", r.shown)
	}
	for _, f := range found {
		source, err := os.ReadFile(filepath.Join(root, f[1]))
		if err != nil {
			return err
		}
		for _, name := range strings.Split(f[2], ", ") {
			if !strings.Contains(string(source), "\nfunc "+name+"(t *testing.T) {") {
				return fmt.Errorf("there is no test %s in %s", name, f[1])
			}
		}
	}
	return nil
}

// isRule reports whether a rule is in the specification.
func isRule(root, rule string) bool {
	chapters, _ := filepath.Glob(filepath.Join(root, "docs/spec/*.md"))
	for _, chapter := range chapters {
		text, err := os.ReadFile(chapter)
		if err == nil && regexp.MustCompile(rule+`\b`).Match(text) {
			return true
		}
	}
	return false
}
