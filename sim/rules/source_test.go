package rules

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

// The rules are a second reading of the spec only as long as they ask package job for nothing but
// its types: they call none of its functions, and of the methods of its types only those that every
// time has too, like String.
func TestCallsNoDecisionOfJob(t *testing.T) {
	t.Parallel()
	functions, methods := map[string]bool{}, map[string]bool{}
	for _, file := range parse(t, filepath.Join("..", "..", "job"), false) {
		for _, decl := range file.Decls {
			f, ok := decl.(*ast.FuncDecl)
			switch {
			case !ok || !f.Name.IsExported():
			case f.Recv == nil:
				functions[f.Name.Name] = true
			default:
				methods[f.Name.Name] = true
			}
		}
	}
	clock := reflect.TypeFor[time.Time]() // calls are told apart by name only
	for i := range clock.NumMethod() {
		delete(methods, clock.Method(i).Name)
	}
	if len(functions) == 0 || len(methods) == 0 {
		t.Fatal("package job has no functions or no methods: is it still in this place?")
	}
	for _, file := range parse(t, ".", false) {
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			called, ok := call.Fun.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			name := called.Sel.Name
			of, isName := called.X.(*ast.Ident)
			if isName && of.Name == "job" && functions[name] || methods[name] {
				t.Errorf("the rules call %s of package job", name)
			}
			return true
		})
	}
}

// Every rule has a history in the tests of this package that breaks it: one that nothing breaks may
// never have worked.
func TestEveryRuleBites(t *testing.T) {
	t.Parallel()
	tried := map[string]bool{}
	for _, file := range parse(t, ".", true) {
		ast.Inspect(file, func(n ast.Node) bool {
			if text, ok := n.(*ast.BasicLit); ok && text.Kind == token.STRING {
				tried[text.Value] = true
			}
			return true
		})
	}
	for _, file := range parse(t, ".", false) {
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) == 0 {
				return true
			}
			called, ok := call.Fun.(*ast.SelectorExpr)
			rule, isText := call.Args[0].(*ast.BasicLit)
			if ok && isText && called.Sel.Name == "fail" && !tried[rule.Value] {
				t.Errorf("no test breaks %s", rule.Value)
			}
			return true
		})
	}
}

// parse parses the files of a package: its tests, or all others.
func parse(t *testing.T, dir string, tests bool) (files []*ast.File) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") != tests {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	return files
}
