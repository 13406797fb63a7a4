package cli

import (
	"fmt"
	"strings"

	"github.com/drover-iot/drover/cli/value"
	"github.com/drover-iot/drover/schema"
)

// Shorthand holds texts only. typed gives them the types of the model: in {"maximumPerMinute": "5"}
// the text becomes a number, because the member is one.

// typed gives the texts of parsed shorthand the types of the model, depth first, for known members
// only (R-CMD-33). path names the place for messages.
func typed(s *schema.Shape, v value.Value, path string) (value.Value, error) {
	switch s.Kind {
	case schema.Structure:
		return typedObject(v, func(key string) *schema.Shape {
			if m := s.Member(key); m != nil {
				return m.Shape
			}
			return nil
		}, path)
	case schema.Map:
		return typedObject(v, func(string) *schema.Shape { return s.Elem }, path)
	case schema.List:
		// One element may stand without brackets: criteriaList={failureType=ALL,numberOfRetries=0}.
		items, ok := v.(value.List)
		if !ok {
			items = value.List{v}
		}
		for i := range items {
			var err error
			if items[i], err = typed(s.Elem, items[i], fmt.Sprintf("%s[%d]", path, i)); err != nil {
				return nil, err
			}
		}
		return items, nil
	}
	// A structure or list where the model has a scalar stays; the check refuses it.
	if text, ok := v.(string); ok {
		return typedScalar(s, text, path)
	}
	return v, nil
}

// typedObject is typed for the values of an object; shapeOf says what is under a key, nil when
// nobody knows.
func typedObject(
	v value.Value, shapeOf func(key string) *schema.Shape, path string,
) (value.Value, error) {
	o, ok := v.(*value.Object)
	if !ok {
		return v, nil
	}
	for i := range o.Fields {
		f := &o.Fields[i]
		if s := shapeOf(f.Key); s != nil {
			var err error
			if f.Value, err = typed(s, f.Value, join(path, f.Key)); err != nil {
				return nil, err
			}
		}
	}
	return o, nil
}

// join is the path of a member inside the value at another path: a member of the request itself
// has no path in front.
func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// typedScalar is typed for one text: "5" is 5 for an integer and 5.0 for a double. What is no
// boolean stays a text, which the check refuses.
func typedScalar(s *schema.Shape, text, path string) (value.Value, error) {
	switch s.Kind {
	case schema.Integer, schema.Long:
		if n, ok := value.Integer(text); ok {
			return n, nil
		}
		return nil, fmt.Errorf("expected an integer for %s, received '%s'", path, text)
	case schema.Double:
		if n, ok := value.Decimal(text); ok {
			return n, nil
		}
		return nil, fmt.Errorf("expected a number for %s, received '%s'", path, text)
	case schema.Boolean:
		switch strings.ToLower(text) {
		case "true":
			return true, nil
		case "false":
			return false, nil
		}
	}
	return text, nil
}
