package control

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/drover-iot/drover/schema"
)

// A variant is one request made from the description of an operation: the members' values, one of
// which is at a bound, on the wrong side of one, of a wrong type, missing, or unknown.
type variant struct {
	what   string
	path   string // of the member, as messages name it
	bad    bool   // the description alone refuses it
	values map[string]any
}

// raw is JSON text that no Go value writes.
type raw = json.RawMessage

// samples are texts of which one satisfies every pattern of the API.
var samples = []string{
	"a", "A", "1", "1.0", "a1", strings.Repeat("a", 20), strings.Repeat("0", 64),
	strings.Repeat("1", 64),
	"arn:aws:iot:us-east-1:000000000000:thing/a",
	"arn:aws:iam::000000000000:role/abcdefgh", "2030-01-01 00:00", "cron(0 2 * * ? *)",
	"group=a",
}

// strangers are texts of which one breaks every pattern that breaks at all.
var strangers = []string{"\u0001", "a\u0007", "é!", " ", "a b", "#", "x/y", "{}"}

// valid is a value that satisfies the shape; of a structure only what is required.
func valid(s *schema.Shape) any {
	c := s.Constraint
	switch s.Kind {
	case schema.Boolean:
		return true
	case schema.Integer, schema.Long:
		if c.Num.HasMin() {
			return c.Num.Min
		}
		return int64(1)
	case schema.Double:
		if d := c.Decimal; d != nil && d.Min != "" {
			return raw(d.Min)
		}
		return raw("1")
	case schema.List:
		list := []any{}
		for range max(c.Size.Min*b2i(c.Size.HasMin()), 0) {
			list = append(list, valid(s.Elem))
		}
		return list
	case schema.Map:
		return map[string]any{}
	case schema.Structure:
		members := map[string]any{}
		for _, m := range s.Members {
			if m.Required {
				members[m.Name] = valid(m.Shape)
			}
		}
		return members
	case schema.Time:
		return int64(0)
	case schema.Raw:
		return map[string]any{}
	}
	return sample(c)
}

func b2i(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// sample is a text that satisfies the constraint.
func sample(c schema.Constraint) string {
	if len(c.OneOf) > 0 {
		return c.OneOf[0]
	}
	for _, sample := range samples {
		if c.Accepts(sample) {
			return sample
		}
	}
	panic(fmt.Sprintf("no sample satisfies %+v", c))
}

// sized is a text of n code points that satisfies everything but, perhaps, the length; ok is false
// when a pattern allows none.
func sized(c schema.Constraint, n int64) (string, bool) {
	c.Len, c.Bytes = schema.Bound{}, 0
	for _, sample := range append(slices.Clone(samples), "0") {
		for len(sample) > 0 && int64(len(sample)) < n {
			sample += sample[len(sample)-1:]
		}
		if int64(len(sample)) >= n && c.Accepts(sample[:n]) {
			return sample[:n], true
		}
	}
	return "", n == 0 && c.Accepts("")
}

// variants are all requests that differ in one member from the plainest valid one.
func variants(op *schema.Description) (all []variant) {
	base := valid(op.Input).(map[string]any)
	for _, m := range op.Input.Members {
		with := func(what, path string, bad bool, value any) {
			values := maps.Clone(base)
			values[m.Name] = value
			all = append(all, variant{what, path, bad, values})
		}
		if m.Required && m.In != schema.Path {
			values := maps.Clone(base)
			delete(values, m.Name)
			all = append(all, variant{"missing", m.Name, true, values})
		}
		if m.In == schema.Body {
			walk(m.Shape, m.Name, with)
		} else {
			walkText(m, with)
		}
	}
	if op.HasBody {
		values := maps.Clone(base)
		values["unheardOf"] = map[string]any{"deep": []any{nil, 1}}
		all = append(all, variant{"unknown member", "unheardOf", false, values})
	}
	return append(all, variant{"nothing wrong", "", false, base})
}

// walkText makes the variants of a member that stands in the path, the query or a header.
func walkText(m *schema.Member, with func(what, path string, bad bool, value any)) {
	switch m.Shape.Kind {
	case schema.Boolean:
		with("wrong type", m.Name, true, raw("maybe"))
	case schema.Integer, schema.Long:
		with("wrong type", m.Name, true, raw("x"))
		numbers(m.Shape.Constraint, m.Shape.Kind, m.Name, with)
	default:
		texts(m.Shape.Constraint, m.Name, m.In, with)
	}
}

// walk makes the variants of a value in the body.
func walk(s *schema.Shape, path string, with func(what, path string, bad bool, value any)) {
	switch s.Kind {
	case schema.String:
		with("wrong type", path, true, 5)
		texts(s.Constraint, path, schema.Body, with)
	case schema.Boolean:
		with("wrong type", path, true, "true")
	case schema.Integer, schema.Long:
		with("wrong type", path, true, "1")
		with("a fraction", path, true, raw("1.5"))
		numbers(s.Constraint, s.Kind, path, with)
	case schema.Double:
		with("wrong type", path, true, "1")
		decimals(s.Constraint.Decimal, path, with)
	case schema.List:
		with("wrong type", path, true, map[string]any{})
		lists(s, path, with)
	case schema.Map:
		with("wrong type", path, true, []any{})
		entries(s, path, with)
	case schema.Structure:
		with("wrong type", path, true, "text")
		structure(s, path, with)
	}
}

func texts(
	c schema.Constraint, path string, in schema.Location,
	with func(what, path string, bad bool, value any),
) {
	inPlace := func(text string) bool {
		return in == schema.Body || text != "" && in != schema.Header
	}
	for _, n := range []struct {
		what string
		n    int64
		set  bool
		bad  bool
	}{
		{"shortest", c.Len.Min, c.Len.HasMin(), false},
		{"too short", c.Len.Min - 1, c.Len.HasMin() && c.Len.Min > 0, true},
		{"longest", c.Len.Max, c.Len.HasMax(), false},
		{"too long", c.Len.Max + 1, c.Len.HasMax(), true},
	} {
		if !n.set {
			continue
		}
		if value, ok := sized(c, n.n); ok && inPlace(value) && c.Accepts(value) != n.bad {
			with(n.what, path, n.bad, value)
		}
	}
	if c.Bytes > 0 {
		with("too many bytes", path, true, strings.Repeat("é", int(c.Bytes/2)+1))
	}
	for _, stranger := range strangers {
		if inPlace(stranger) && !c.Accepts(stranger) {
			with("does not match", path, true, stranger)
			break
		}
	}
}

func numbers(
	c schema.Constraint, kind schema.Kind, path string,
	with func(what, path string, bad bool, value any),
) {
	if c.Num.HasMin() {
		with("smallest", path, false, c.Num.Min)
		with("too small", path, true, c.Num.Min-1)
	}
	if c.Num.HasMax() {
		with("largest", path, false, c.Num.Max)
		with("too large", path, true, c.Num.Max+1)
	}
	for _, not := range c.Not {
		with("an exception", path, true, not)
	}
	digits := "9223372036854775808"
	if kind == schema.Integer {
		digits = "2147483648"
	}
	with("more bits", path, true, raw(digits))
}

func decimals(d *schema.Decimals, path string, with func(what, path string, bad bool, value any)) {
	if d == nil {
		return
	}
	step := "0." + strings.Repeat("0", d.Places-1) + "1"
	if d.Min != "" {
		with("smallest", path, false, raw(d.Min))
		with("too small", path, true, raw(shift(d.Min, "-"+step, d.Places)))
	}
	if d.Max != "" {
		with("largest", path, false, raw(d.Max))
		with("too large", path, true, raw(shift(d.Max, step, d.Places)))
		with("too many decimals", path, true, raw(shift(d.Max, "-0.0"+step[2:], d.Places+1)))
	}
}

// shift adds two decimals.
func shift(a, b string, places int) string {
	x, _ := strconv.ParseFloat(a, 64)
	y, _ := strconv.ParseFloat(b, 64)
	return strconv.FormatFloat(x+y, 'f', places, 64)
}

func lists(s *schema.Shape, path string, with func(what, path string, bad bool, value any)) {
	of := func(n int64) []any {
		list := []any{}
		for i := range n {
			list = append(list, distinct(s.Elem, i))
		}
		return list
	}
	if c := s.Constraint.Size; c.HasMin() && c.Min > 0 {
		with("fewest items", path, false, of(c.Min))
		with("too few items", path, true, of(c.Min-1))
	}
	if c := s.Constraint.Size; c.HasMax() {
		with("most items", path, false, of(c.Max))
		with("too many items", path, true, of(c.Max+1))
	}
	walk(s.Elem, path+"[0]", func(what, path string, bad bool, value any) {
		list := of(max(1, s.Constraint.Size.Min*b2i(s.Constraint.Size.HasMin())))
		list[0] = value
		with(what, path, bad, list)
	})
}

// distinct is a valid value that differs from its neighbours, where the shape is a structure with
// a text.
func distinct(s *schema.Shape, i int64) any {
	value := valid(s)
	if members, ok := value.(map[string]any); ok {
		for name, member := range members {
			_, isText := member.(string)
			if isText && s.Member(name).Shape.Constraint.OneOf == nil {
				members[name] = fmt.Sprint("a", i)
				break
			}
		}
	}
	return value
}

func entries(s *schema.Shape, path string, with func(what, path string, bad bool, value any)) {
	key := sample(s.Key.Constraint)
	if c := s.Constraint.Size; c.HasMax() {
		many := map[string]any{}
		for i := range c.Max + 1 {
			many[fmt.Sprint("a", i)] = valid(s.Elem)
		}
		with("too many entries", path, true, many)
	}
	texts(s.Key.Constraint, path, schema.Body, func(what, path string, bad bool, name any) {
		with("key "+what, path, bad, map[string]any{name.(string): valid(s.Elem)})
	})
	walk(s.Elem, path+"."+key, func(what, path string, bad bool, value any) {
		with(what, path, bad, map[string]any{key: value})
	})
}

func structure(s *schema.Shape, path string, with func(what, path string, bad bool, value any)) {
	base := valid(s).(map[string]any)
	for _, m := range s.Members {
		if m.Required {
			less := maps.Clone(base)
			delete(less, m.Name)
			with("missing", path+"."+m.Name, true, less)
		}
		walk(m.Shape, path+"."+m.Name, func(what, path string, bad bool, value any) {
			more := maps.Clone(base)
			more[m.Name] = value
			with(what, path, bad, more)
		})
	}
}
