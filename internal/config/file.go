package config

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"go.yaml.in/yaml/v4"
)

// maxFile is how many bytes a file may have.
const maxFile = 1 << 20

// An entry is a line of a file.
type entry struct {
	key, value string
	place      string // "drover.yaml:12", as messages name it
}

// readFile reads the entries of a file, in its order; none for an empty path.
func readFile(path string) ([]entry, error) {
	if path == "" {
		return nil, nil
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // nothing was written
	content, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(content) > maxFile {
		return nil, fmt.Errorf("%s: is longer than %d bytes", path, maxFile)
	}
	return parse(path, string(content))
}

// parse reads a YAML document: one mapping of names to single values.
func parse(path, content string) ([]entry, error) {
	loader, err := yaml.NewLoader(strings.NewReader(strings.TrimPrefix(content, "\ufeff")))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	var document, second yaml.Node
	if err := loader.Load(&document); err != nil {
		if errors.Is(err, io.EOF) { // nothing but comments
			return nil, nil
		}
		return nil, unreadable(path, err)
	}
	if err := loader.Load(&second); err == nil {
		return nil, fmt.Errorf("%s:%d: a second document begins", path, second.Line)
	} else if !errors.Is(err, io.EOF) {
		return nil, unreadable(path, err)
	}
	return entries(path, &document)
}

// entries reads the mapping of a document.
func entries(path string, document *yaml.Node) (read []entry, err error) {
	top := document
	if top.Kind == yaml.DocumentNode && len(top.Content) == 1 {
		top = top.Content[0]
	}
	if isNull(top) {
		return nil, nil
	}
	if top.Kind != yaml.MappingNode {
		return nil, fmt.Errorf("%s:%d: must be lines like region: eu-west-1", path, top.Line)
	}
	places := map[string]string{}
	for i := 0; i+1 < len(top.Content); i += 2 {
		key, value := top.Content[i], top.Content[i+1]
		e := entry{key: key.Value, value: value.Value, place: fmt.Sprintf("%s:%d", path, key.Line)}
		if err := checkEntry(e, key, value); err != nil {
			return nil, err
		}
		if first, twice := places[e.key]; twice {
			return nil, fmt.Errorf("%s: %s stands in %s, too", e.place, e.key, first)
		}
		places[e.key] = e.place
		read = append(read, e)
	}
	return read, nil
}

// checkEntry refuses what is no name with a single value.
func checkEntry(e entry, key, value *yaml.Node) error {
	switch {
	case key.Kind != yaml.ScalarNode:
		return fmt.Errorf("%s: must be a line like region: eu-west-1", e.place)
	case value.Kind != yaml.ScalarNode:
		return fmt.Errorf("%s: %s: must be a single value", e.place, e.key)
	case isNull(value):
		return fmt.Errorf(`%s: %s: has no value; the empty text is ""`, e.place, e.key)
	}
	return nil
}

// isNull reports whether a node is nothing: an empty value, ~ or null.
func isNull(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null"
}

// unreadable is an error of the library with the file and the line in front.
func unreadable(path string, err error) error {
	failed, ok := errors.AsType[*yaml.LoadError](err)
	if !ok {
		return fmt.Errorf("%s: %w", path, err)
	}
	return fmt.Errorf("%s:%d: %s", path, failed.Mark.Line, failed.Message)
}
