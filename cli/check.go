package cli

import (
	"encoding/json"
	"fmt"
	"math/big"
	"strings"
	"unicode/utf8"

	"github.com/drover-iot/drover/schema"
)

// check collects everything that is wrong with the parameters of a call: types, missing and unknown members, minima. It
// does not look at maxima, patterns and enumerations: the service answers for those (R-CMD-57 to R-CMD-61).
func check(s *schema.Shape, v *object) error {
	c := &checker{}
	c.structure(s, v, "")
	if len(c.problems) == 0 {
		return nil
	}
	return &exitError{status: statusUsage, message: "Parameter validation failed:\n" + strings.Join(c.problems, "\n")}
}

type checker struct{ problems []string }

func (c *checker) add(format string, args ...any) {
	c.problems = append(c.problems, fmt.Sprintf(format, args...))
}

func (c *checker) structure(s *schema.Shape, o *object, path string) {
	where := path
	if where == "" {
		where = "input"
	}
	for _, m := range s.Members {
		if _, given := o.get(m.Name); m.Required && !given {
			c.add("Missing required parameter in %s: %q", where, m.Name)
		}
	}
	names := make([]string, len(s.Members))
	for i, m := range s.Members {
		names[i] = m.Name
	}
	for _, f := range o.fields {
		if s.Member(f.key) == nil {
			c.add("Unknown parameter in %s: %q, must be one of: %s", where, f.key, strings.Join(names, ", "))
		}
	}
	for _, f := range o.fields {
		if m := s.Member(f.key); m != nil {
			c.value(m.Shape, f.value, join(path, f.key))
		}
	}
}

func (c *checker) value(s *schema.Shape, v value, path string) {
	if !hasType(s.Kind, v) {
		c.add("Invalid type for parameter %s, value: %s, type: %s, valid types: %s", path, appendJSON(nil, v, "", ""), jsonType(v), s.Kind)
		return
	}
	switch s.Kind {
	case schema.Structure:
		c.structure(s, v.(*object), path)
	case schema.Map:
		c.entries(s, v.(*object), path)
	case schema.List:
		items := v.(list)
		c.length(int64(len(items)), s.Constraint.Size, path)
		for i, item := range items {
			c.value(s.Elem, item, fmt.Sprintf("%s[%d]", path, i))
		}
	case schema.String:
		c.length(int64(utf8.RuneCountInString(v.(string))), s.Constraint.Len, path)
	case schema.Integer, schema.Long, schema.Double:
		c.minimum(s, v.(json.Number), path)
	}
}

func (c *checker) entries(s *schema.Shape, o *object, path string) {
	for _, f := range o.fields {
		c.length(int64(utf8.RuneCountInString(f.key)), s.Key.Constraint.Len, fmt.Sprintf("%s (key: %s)", path, f.key))
		c.value(s.Elem, f.value, join(path, f.key))
	}
}

func (c *checker) length(n int64, bound schema.Bound, path string) {
	if bound.HasMin() && n < bound.Min {
		c.add("Invalid length for parameter %s, value: %d, valid min length: %d", path, n, bound.Min)
	}
}

func (c *checker) minimum(s *schema.Shape, n json.Number, path string) {
	least := ""
	if s.Constraint.Num.HasMin() {
		least = fmt.Sprint(s.Constraint.Num.Min)
	} else if s.Constraint.Decimal != nil {
		least = s.Constraint.Decimal.Min
	}
	if least == "" {
		return
	}
	got, ok := new(big.Rat).SetString(n.String())
	want, _ := new(big.Rat).SetString(least)
	if ok && got.Cmp(want) < 0 {
		c.add("Invalid value for parameter %s, value: %s, valid min value: %s", path, n, least)
	}
}

// hasType reports whether a value has the type that the model wants. Nothing is converted (R-CMD-38).
func hasType(k schema.Kind, v value) bool {
	switch k {
	case schema.Structure, schema.Map:
		_, ok := v.(*object)
		return ok
	case schema.List:
		_, ok := v.(list)
		return ok
	case schema.Boolean:
		_, ok := v.(bool)
		return ok
	case schema.Integer, schema.Long:
		n, ok := v.(json.Number)
		_, whole := new(big.Int).SetString(n.String(), 10)
		return ok && whole
	case schema.Double:
		_, ok := v.(json.Number)
		return ok
	}
	_, ok := v.(string)
	return ok
}

func jsonType(v value) string {
	switch v := v.(type) {
	case *object:
		return "object"
	case list:
		return "list"
	case bool:
		return "boolean"
	case json.Number:
		if strings.ContainsAny(v.String(), ".eE") {
			return "number"
		}
		return "integer"
	case string:
		return "string"
	case raw:
		return "bytes"
	}
	return "null"
}
