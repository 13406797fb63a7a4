package cli

import (
	"encoding/json"
	"fmt"
	"math/big"
	"strconv"
	"strings"

	"github.com/drover-iot/drover/schema"
)

// typed gives the strings of parsed shorthand the types of the model, depth first, for known members only (R-CMD-33).
// path names the place for messages.
func typed(s *schema.Shape, v value, path string) (value, error) {
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
		items, ok := v.(list)
		if !ok {
			items = list{v}
		}
		for i := range items {
			var err error
			if items[i], err = typed(s.Elem, items[i], fmt.Sprintf("%s[%d]", path, i)); err != nil {
				return nil, err
			}
		}
		return items, nil
	}
	if text, ok := v.(string); ok {
		return typedScalar(s, text, path)
	}
	return v, nil
}

func typedObject(v value, shapeOf func(string) *schema.Shape, path string) (value, error) {
	o, ok := v.(*object)
	if !ok {
		return v, nil
	}
	for i := range o.fields {
		f := &o.fields[i]
		if s := shapeOf(f.key); s != nil {
			var err error
			if f.value, err = typed(s, f.value, join(path, f.key)); err != nil {
				return nil, err
			}
		}
	}
	return o, nil
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

func typedScalar(s *schema.Shape, text, path string) (value, error) {
	switch s.Kind {
	case schema.Integer, schema.Long:
		if n, ok := wholeNumber(text); ok {
			return n, nil
		}
		return nil, fmt.Errorf("expected an integer for %s, received '%s'", path, text)
	case schema.Double:
		if n, ok := decimalNumber(text); ok {
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

// wholeNumber reads sign and digits with blanks around, of any size (R-CMD-21, R-CMD-23).
func wholeNumber(text string) (json.Number, bool) {
	n, ok := new(big.Int).SetString(strings.TrimSpace(text), 10)
	if !ok || strings.Contains(text, "_") {
		return "", false
	}
	return json.Number(n.String()), true
}

// decimalNumber reads a decimal, with or without exponent; a whole one gets a point (R-CMD-33).
func decimalNumber(text string) (json.Number, bool) {
	f, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil || strings.ContainsAny(text, "xXpP_nNiI") {
		return "", false
	}
	return json.Number(doubleText(f)), true
}

// doubleText is the shortest text of a double that reads back equal, with .0 when whole, and an exponent below 1e-4 or
// from 1e16 (R-CMD-66, R-CMD-70).
func doubleText(f float64) string {
	text := strconv.FormatFloat(f, 'g', -1, 64)
	if abs := max(f, -f); abs == 0 || abs >= 1e-4 && abs < 1e16 {
		text = strconv.FormatFloat(f, 'f', -1, 64)
	}
	if !strings.ContainsAny(text, ".e") {
		text += ".0"
	}
	return text
}
