package schema

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"strings"
)

// Docs are the doc comments of an API package, by Go name: "CancelJob" for an operation, type or
// value, "CancelJobRequest.Force" for a field. They are the help texts of the command line, and are
// read only when help is asked for.
type Docs map[string]string

// ReadDocs parses the Go files of a package, as embedded in it.
func ReadDocs(source fs.FS) (Docs, error) {
	docs := Docs{}
	names, err := fs.Glob(source, "*.go")
	if err != nil {
		return nil, err
	}
	files := token.NewFileSet()
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := fs.ReadFile(source, name)
		if err != nil {
			return nil, err
		}
		const mode = parser.ParseComments | parser.SkipObjectResolution
		file, err := parser.ParseFile(files, name, text, mode)
		if err != nil {
			return nil, err
		}
		docs.addFile(file)
	}
	return docs, nil
}

// addFile adds the comments on the types and values of a file.
func (docs Docs) addFile(file *ast.File) {
	for _, decl := range file.Decls {
		group, ok := decl.(*ast.GenDecl)
		if !ok {
			continue
		}
		for _, spec := range group.Specs {
			switch spec := spec.(type) {
			case *ast.TypeSpec:
				docs.add(spec.Name.Name, spec.Doc, group.Doc)
				docs.addFields(spec)
			case *ast.ValueSpec:
				for _, name := range spec.Names {
					docs.add(name.Name, spec.Doc, spec.Comment, group.Doc)
				}
			}
		}
	}
}

// addFields adds the comments on the fields of a structure: above the field, or behind it.
func (docs Docs) addFields(spec *ast.TypeSpec) {
	structure, ok := spec.Type.(*ast.StructType)
	if !ok {
		return
	}
	for _, field := range structure.Fields.List {
		for _, name := range field.Names {
			docs.add(spec.Name.Name+"."+name.Name, field.Doc, field.Comment)
		}
	}
}

// add adds the first of some comments that is not empty.
func (docs Docs) add(name string, comments ...*ast.CommentGroup) {
	for _, c := range comments {
		if text := strings.TrimSpace(c.Text()); text != "" {
			docs[name] = text
			return
		}
	}
}

// Operation returns the text on an operation, "" when it has none.
func (docs Docs) Operation(name string) string { return docs[name] }

// Member returns the text on a member of a structure: the field's own, else its type's.
func (docs Docs) Member(s *Shape, m *Member) string {
	if text := docs[s.Name+"."+m.GoName]; text != "" {
		return text
	}
	return docs[m.Shape.Name]
}
