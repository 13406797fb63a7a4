package main

import (
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const root = "../.."

// The table fits the code as it is: each text to replace is in its file once, and the file with the
// mistake in it can be read. Code that moves takes its mutants with it.
func TestTable(t *testing.T) {
	t.Parallel()
	all, err := table()
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 60 {
		t.Errorf("%d mutants, want 60 or more", len(all))
	}
	rules, seen := spec(t), map[string]bool{}
	for _, m := range all {
		if seen[m.name] {
			t.Errorf("two mutants have the name %s", m.name)
		}
		seen[m.name] = true
		if !rules[m.rule] {
			t.Errorf("%s: there is no rule %s", m.name, m.rule)
		}
		code, err := m.apply(root)
		if err != nil {
			t.Error(err)
			continue
		}
		if _, err := parser.ParseFile(token.NewFileSet(), m.file, code, 0); err != nil {
			t.Errorf("%s: %v", m.name, err)
		}
		for _, name := range m.packages {
			tests, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(name), "*_test.go"))
			if err != nil || len(tests) == 0 {
				t.Errorf("%s: package %s has no tests", m.name, name)
			}
		}
	}
}

// spec returns all rules of docs/spec.
func spec(t *testing.T) map[string]bool {
	t.Helper()
	chapters, err := filepath.Glob(filepath.Join(root, "docs", "spec", "*.md"))
	if err != nil || len(chapters) == 0 {
		t.Fatalf("no chapters: %v", err)
	}
	rules := map[string]bool{}
	for _, chapter := range chapters {
		text, err := os.ReadFile(chapter)
		if err != nil {
			t.Fatal(err)
		}
		for _, rule := range regexp.MustCompile(`R-[A-Z]+-\d+`).FindAllString(string(text), -1) {
			rules[rule] = true
		}
	}
	return rules
}

// The form of the table, and what is wrong with it.
func TestParse(t *testing.T) {
	t.Parallel()
	const text = `# A comment.

one R-ABT-1
job/abort.go: ./job ./engine
-	if a {
+	if !a {
 		b()
 	}

two R-ABT-2
job/abort.go: ./job
-	c()
`
	want := []mutant{
		{
			name:     "one",
			rule:     "R-ABT-1",
			file:     "job/abort.go",
			packages: []string{"./job", "./engine"},
			old:      "\tif a {\n\t\tb()\n\t}",
			new:      "\tif !a {\n\t\tb()\n\t}",
		},
		{
			name:     "two",
			rule:     "R-ABT-2",
			file:     "job/abort.go",
			packages: []string{"./job"},
			old:      "\tc()",
		},
	}
	got, err := parse(text)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(mutant{})); diff != "" {
		t.Error(diff)
	}
	wrong := []string{
		"one\njob/abort.go: ./job\n-a\n+b",
		"one R-ABT-1\njob/abort.go:\n-a\n+b",
		"one R-ABT-1\njob/abort.go: ./job\n-a\n+a",
		"one R-ABT-1\njob/abort.go: ./job\n-a\nb",
	}
	for _, text := range wrong {
		if _, err := parse(text); err == nil {
			t.Errorf("%q is accepted", text)
		}
	}
}

// A mutant must change one place: text that is not there, or more than once, is refused.
func TestApply(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	code := []byte("a := b + c + c\n")
	if err := os.WriteFile(filepath.Join(folder, "a.go"), code, 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := mutant{file: "a.go", old: "a := b", new: "a := d"}.apply(folder)
	if want := "a := d + c + c\n"; err != nil || got != want {
		t.Errorf("applied: %q and %v, want %q", got, err, want)
	}
	for _, old := range []string{"e", "c"} {
		if _, err := (mutant{file: "a.go", old: old}).apply(folder); err == nil {
			t.Errorf("%q is replaced", old)
		}
	}
}

// A table that is wrong is not taken for a test that fails.
func TestFailedTest(t *testing.T) {
	t.Parallel()
	for out, want := range map[string]string{
		"ok\n--- FAIL: TestOne (0.00s)\n    --- FAIL: TestOne/row (0.00s)\n": "--- FAIL: TestOne",
		"panic: no\n\ngoroutine 83 [running]:\nFAIL\tjob\t0.038s\n":          "panic: no",
		"fatal error: stack overflow\n":                                      "fatal error: stack overflow",
		"FAIL\tjob [build failed]\n":                                         "",
	} {
		if got := failedTest.FindString(out); got != want {
			t.Errorf("%q: %q, want %q", out, got, want)
		}
	}
}
