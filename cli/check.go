package cli

import (
	"encoding/json"
	"fmt"
	"math/big"
	"strings"
	"unicode/utf8"

	"github.com/drover-iot/drover/cli/exit"
	"github.com/drover-iot/drover/cli/value"
	"github.com/drover-iot/drover/internal/nearest"
	"github.com/drover-iot/drover/schema"
)

// The check before sending. The reference makes it too, and scripts read its messages: they are its
// own, to the letter.

// check refuses parameters with everything that is wrong with them at once: types, missing and
// unknown members, minima. It does not look at maxima, patterns and enumerations: the service
// answers for those (R-CMD-57 to R-CMD-61).
func check(s *schema.Shape, v *value.Object) error {
	c := &checker{}
	c.structure(s, v, "")
	if len(c.problems) == 0 {
		return nil
	}
	return exit.BadValue("Parameter validation failed:\n%s%s",
		strings.Join(c.problems, "\n"), c.hints)
}

// A checker collects problems. Its methods are given the path of what they look at, such as
// abortConfig.criteriaList[0].action.
type checker struct {
	problems []string
	hints    string // below the problems
}

// add notes a problem.
func (c *checker) add(format string, args ...any) {
	c.problems = append(c.problems, fmt.Sprintf(format, args...))
}

// structure looks for missing members, then for unknown ones, then into those that are known.
func (c *checker) structure(s *schema.Shape, o *value.Object, path string) {
	where := path
	if where == "" {
		where = "input"
	}
	// The order of the three loops is that of the messages (R-CMD-59).
	for _, m := range s.Members {
		if _, given := o.Get(m.Name); m.Required && !given {
			c.add("Missing required parameter in %s: %q", where, m.Name)
		}
	}
	names := make([]string, len(s.Members))
	for i, m := range s.Members {
		names[i] = m.Name
	}
	for _, f := range o.Fields {
		if s.Member(f.Key) == nil {
			c.add("Unknown parameter in %s: %q, must be one of: %s",
				where, f.Key, strings.Join(names, ", "))
			if near := nearest.To(f.Key, names); near != "" {
				c.hints += didYouMean(near)
			}
		}
	}
	for _, f := range o.Fields {
		if m := s.Member(f.Key); m != nil {
			c.value(m.Shape, f.Value, join(path, f.Key))
		}
	}
}

// value looks at a value of any kind. Of one with a wrong type nothing more is said.
func (c *checker) value(s *schema.Shape, v value.Value, path string) {
	if !hasType(s.Kind, v) {
		c.add("Invalid type for parameter %s, value: %s, type: %s, valid types: %s",
			path, value.AppendJSON(nil, v, "", ""), value.TypeName(v), s.Kind)
		return
	}
	switch s.Kind {
	case schema.Structure:
		c.structure(s, v.(*value.Object), path)
	case schema.Map:
		c.entries(s, v.(*value.Object), path)
	case schema.List:
		items := v.(value.List)
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

// entries looks at the keys and values of a map. A problem of a key is one of the map, not of the
// value under it, and its path says so: tags (key: a).
func (c *checker) entries(s *schema.Shape, o *value.Object, path string) {
	for _, f := range o.Fields {
		n := int64(utf8.RuneCountInString(f.Key))
		c.length(n, s.Key.Constraint.Len, fmt.Sprintf("%s (key: %s)", path, f.Key))
		c.value(s.Elem, f.Value, join(path, f.Key))
	}
}

// length looks at the lower bound of a length.
func (c *checker) length(n int64, bound schema.Bound, path string) {
	if bound.HasMin() && n < bound.Min {
		c.add("Invalid length for parameter %s, value: %d, valid min length: %d",
			path, n, bound.Min)
	}
}

// minimum looks at the lower bound of a number. It compares exactly: a parameter may have more
// digits than a float64.
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

// hasType reports whether a value has the type that the model wants. Nothing is converted: the text
// "5" is no integer (R-CMD-38).
func hasType(k schema.Kind, v value.Value) bool {
	switch k {
	case schema.Structure, schema.Map:
		_, ok := v.(*value.Object)
		return ok
	case schema.List:
		_, ok := v.(value.List)
		return ok
	case schema.Boolean:
		_, ok := v.(bool)
		return ok
	case schema.Integer, schema.Long: // 5.0 is none
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
