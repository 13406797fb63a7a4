package yaml

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	library "go.yaml.in/yaml/v4"

	"github.com/drover-iot/drover/cli/value"
)

// maxRepeated is how much aliases may add to a document, counted in values and in bytes of texts.
// Nine lines of nine aliases each stand for a billion values.
const maxRepeated = 1_000_000

// Parse reads one document. Keys keep their order, numbers their digits; a key that is there twice
// and a second document are errors. A document without anything is null. The error says in which
// line it is.
func Parse(text string) (value.Value, error) {
	text = strings.TrimPrefix(text, "\ufeff")
	loader, err := library.NewLoader(strings.NewReader(withoutVersion(text)))
	if err != nil {
		return nil, err
	}
	var first, second library.Node
	if err := loader.Load(&first); err != nil {
		return parseRest(text, err)
	}
	if err := loader.Load(&second); err == nil {
		return nil, fmt.Errorf("line %d: a second document begins", second.Line)
	} else if !errors.Is(err, io.EOF) {
		return nil, readable(err)
	}
	r := &reader{}
	return r.value(&first)
}

// withoutVersion makes a comment of the directive %YAML 1.2, because the library refuses that of any
// version but 1.1, and reads all by the rules of 1.2. In front of a directive only comments, empty
// lines and other directives may stand.
func withoutVersion(text string) string {
	at := 0
	for line := range strings.Lines(text) {
		switch trimmed := strings.TrimSpace(line); {
		case strings.HasPrefix(line, "%YAML 1."):
			return text[:at] + "#" + text[at+1:]
		case trimmed != "" && trimmed[0] != '#' && line[0] != '%':
			return text
		}
		at += len(line)
	}
	return text
}

// parseRest reads what the library does not: a document without anything, and JSON whose texts have
// pairs of escapes for one character, such as "\ud83d\ude00".
func parseRest(text string, err error) (value.Value, error) {
	if errors.Is(err, io.EOF) {
		return nil, nil
	}
	if strings.HasPrefix(strings.TrimSpace(text), "{") {
		if v, wrong := value.ParseJSON(text); wrong == nil {
			return v, nil
		}
	}
	return nil, readable(err)
}

// readable is an error of the library as messages of this program are: without its own name.
func readable(err error) error {
	failed, ok := errors.AsType[*library.LoadError](err)
	if !ok {
		return err
	}
	where := ""
	if failed.Mark.Line > 0 {
		where = fmt.Sprintf("line %d column %d: ", failed.Mark.Line, failed.Mark.Column)
	}
	message := failed.Message
	if failed.ContextMsg != "" {
		message = failed.ContextMsg + ", " + message
	}
	return errors.New(where + message)
}

// A reader makes values of the nodes of a document.
type reader struct {
	inside   []*library.Node // anchored nodes whose aliases are being read
	repeated int             // what aliases have added so far
}

// value is the value of a node.
func (r *reader) value(n *library.Node) (value.Value, error) {
	if len(r.inside) > 0 {
		if r.repeated += 1 + len(n.Value); r.repeated > maxRepeated {
			return nil, fmt.Errorf("line %d: the aliases stand for too much", n.Line)
		}
	}
	switch n.Kind {
	case library.DocumentNode:
		return r.value(n.Content[0])
	case library.AliasNode:
		return r.alias(n)
	case library.SequenceNode:
		return r.list(n)
	case library.MappingNode:
		return r.object(n)
	}
	v, err := scalar(n)
	if err != nil {
		return nil, fmt.Errorf("line %d: %w", n.Line, err)
	}
	return v, nil
}

// alias is the value of the node that an alias names, which must not be one that it stands in.
func (r *reader) alias(n *library.Node) (value.Value, error) {
	if slices.Contains(r.inside, n.Alias) {
		return nil, fmt.Errorf("line %d: *%s stands inside of what it names", n.Line, n.Value)
	}
	r.inside = append(r.inside, n.Alias)
	v, err := r.value(n.Alias)
	r.inside = r.inside[:len(r.inside)-1]
	return v, err
}

// list is the value of a sequence.
func (r *reader) list(n *library.Node) (value.Value, error) {
	if err := wantTag(n, "!!seq"); err != nil {
		return nil, err
	}
	items := make(value.List, len(n.Content))
	for i, item := range n.Content {
		var err error
		if items[i], err = r.value(item); err != nil {
			return nil, err
		}
	}
	return items, nil
}

// object is the value of a mapping. What << merges comes behind the mapping's own keys, and gives
// way to them.
func (r *reader) object(n *library.Node) (value.Value, error) {
	if err := wantTag(n, "!!map"); err != nil {
		return nil, err
	}
	o := &value.Object{}
	var merged []*library.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, inner := n.Content[i], n.Content[i+1]
		if key.Kind == library.ScalarNode && key.Style == 0 && key.Value == "<<" {
			merged = append(merged, inner)
			continue
		}
		name, err := r.key(key)
		if err != nil {
			return nil, err
		}
		if _, again := o.Get(name); again {
			return nil, fmt.Errorf("line %d: the key %q is there already", key.Line, name)
		}
		v, err := r.value(inner)
		if err != nil {
			return nil, err
		}
		o.Set(name, v)
	}
	for _, inner := range merged {
		if err := r.merge(o, inner); err != nil {
			return nil, err
		}
	}
	return o, nil
}

// key is the name that a key gives, which must be a text.
func (r *reader) key(n *library.Node) (string, error) {
	v, err := r.value(n)
	if err != nil {
		return "", err
	}
	name, ok := v.(string)
	if !ok {
		return "", fmt.Errorf("line %d: a key must be a text, and this is of type %s (%s)",
			n.Line, value.TypeName(v), `quoted, as in "1", it is a text`)
	}
	return name, nil
}

// merge adds the keys of a mapping, or of each of a list of mappings, that are not there yet.
func (r *reader) merge(o *value.Object, n *library.Node) error {
	v, err := r.value(n)
	if err != nil {
		return err
	}
	sources, ok := v.(value.List)
	if !ok {
		sources = value.List{v}
	}
	for _, source := range sources {
		from, ok := source.(*value.Object)
		if !ok {
			return fmt.Errorf("line %d: << merges mappings, not a value of type %s",
				n.Line, value.TypeName(source))
		}
		for _, f := range from.Fields {
			if _, set := o.Get(f.Key); !set {
				o.Set(f.Key, f.Value)
			}
		}
	}
	return nil
}

// scalar is the value of a scalar: of its tag if it has one, of its text if it has no quotes, or
// else a text.
func scalar(n *library.Node) (value.Value, error) {
	if n.Tag == "!" {
		return n.Value, nil
	}
	tag := n.ShortTag()
	if n.Style&library.TaggedStyle == 0 {
		if n.Style == 0 {
			return plain(n.Value)
		}
		return n.Value, nil
	}
	switch tag {
	case "!!str":
		return n.Value, nil
	case "!!binary":
		raw, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(n.Value), ""))
		if err != nil {
			return nil, fmt.Errorf("%q is not base64", n.Value)
		}
		return value.Raw(raw), nil
	}
	v, err := plain(n.Value)
	if err != nil {
		return nil, err
	}
	if want, known := typesOfTags[tag]; !known {
		return nil, fmt.Errorf("the tag %s is not known", tag)
	} else if !slices.Contains(want, value.TypeName(v)) {
		return nil, fmt.Errorf("%q is no %s", n.Value, tag)
	}
	return v, nil
}

// typesOfTags are the types of value that a tag may stand in front of.
var typesOfTags = map[string][]string{
	"!!int":       {"integer"},
	"!!float":     {"number", "integer"},
	"!!bool":      {"boolean"},
	"!!null":      {"null"},
	"!!timestamp": {"date"},
}

// wantTag refuses a list or mapping with a tag that makes it something else, such as !!set.
func wantTag(n *library.Node, want string) error {
	if tag := n.ShortTag(); n.Style&library.TaggedStyle != 0 && tag != want {
		return fmt.Errorf("line %d: the tag %s is not known", n.Line, tag)
	}
	return nil
}
