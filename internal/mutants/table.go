package main

import (
	"embed"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// The table. An entry has a line with the name of the mutant and the rule that it breaks, a line
// with the file and the packages whose tests must see it, and then the change as a difference:
//
//	abort-threshold-above R-ABT-2
//	job/abort.go: ./job
//	-reached := failures*10000 >= c.ThresholdHundredths*executed
//	+reached := failures*10000 > c.ThresholdHundredths*executed
//
// Lines with '-' are replaced by those with '+'; lines with a blank stand in both. The text that is
// replaced may begin and end within a line of the file, and must occur there once. The packages are
// tried in their order, so the quickest comes first. Empty lines separate entries; lines with
// '#' are comments.

//go:embed table/*.txt
var files embed.FS

// mutant is one mistake.
type mutant struct {
	name     string
	rule     string   // the rule of docs/spec that it breaks
	file     string   // the path inside the module, with slashes
	packages []string // whose tests must fail
	old, new string
}

// table returns all mutants, in the order of their files.
func table() (all []mutant, err error) {
	names, err := fs.Glob(files, "table/*.txt")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		text, err := files.ReadFile(name)
		if err != nil {
			return nil, err
		}
		some, err := parse(string(text))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		all = append(all, some...)
	}
	return all, nil
}

// parse reads one file of the table.
func parse(text string) (all []mutant, err error) {
	for entry := range strings.SplitSeq(text, "\n\n") {
		m, err := parseEntry(entry)
		if err != nil {
			return nil, err
		}
		if m.name != "" {
			all = append(all, m)
		}
	}
	return all, nil
}

// parseEntry reads one entry. The name is empty when there is nothing but comments.
func parseEntry(entry string) (m mutant, err error) {
	var from, to []string
	for line := range strings.SplitSeq(strings.Trim(entry, "\n"), "\n") {
		switch {
		case line == "" || line[0] == '#':
		case m.name == "":
			m.name, m.rule, _ = strings.Cut(line, " ")
		case m.file == "":
			file, packages, _ := strings.Cut(line, ":")
			m.file, m.packages = file, strings.Fields(packages)
		case line[0] == ' ':
			from, to = append(from, line[1:]), append(to, line[1:])
		case line[0] == '-':
			from = append(from, line[1:])
		case line[0] == '+':
			to = append(to, line[1:])
		default:
			return m, fmt.Errorf(
				"%s: the line %q begins with none of '-', '+' and a blank", m.name, line)
		}
	}
	m.old, m.new = strings.Join(from, "\n"), strings.Join(to, "\n")
	if m.name != "" && (m.rule == "" || len(m.packages) == 0 || m.old == m.new) {
		return m, fmt.Errorf("%s: a rule, packages and a change are required", m.name)
	}
	return m, nil
}

// apply returns the file with the mistake in it.
func (m mutant) apply(root string) (string, error) {
	code, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(m.file)))
	if err != nil {
		return "", fmt.Errorf("%s: %w", m.name, err)
	}
	if n := strings.Count(string(code), m.old); n != 1 {
		return "", fmt.Errorf("%s: the text to replace occurs %d times in %s, not once:\n%s",
			m.name, n, m.file, m.old)
	}
	return strings.Replace(string(code), m.old, m.new, 1), nil
}
