package schema

import "math"

// NoMin and NoMax are no limit on one side of a Bound.
const (
	NoMin = math.MinInt64
	NoMax = math.MaxInt64
)

// A Bound is an inclusive range. The zero Bound limits nothing.
type Bound struct{ Min, Max int64 }

// Set reports whether the bound limits anything.
func (b Bound) Set() bool { return b != Bound{} }

// HasMin and HasMax report whether that side is limited.
func (b Bound) HasMin() bool { return b.Set() && b.Min != NoMin }

// HasMax is HasMin for the upper side.
func (b Bound) HasMax() bool { return b.Set() && b.Max != NoMax }

// contains reports whether n is inside the bound.
func (b Bound) contains(n int64) bool { return !b.Set() || n >= b.Min && n <= b.Max }

// A Constraint says which values a named type allows. It is a plain value: the functions below make
// one, and its methods return a narrower copy.
//
//	func (JobID) Constraint() schema.Constraint {
//		return schema.Length(1, 64).Chars("a-zA-Z0-9_-")
//	}
//
// The zero Constraint allows everything, and so does the zero of each field.
type Constraint struct {
	Len     Bound       // code points of a string
	Bytes   int64       // most bytes of a string in UTF-8
	Pattern string      // RE2 expression that the whole string must match
	OneOf   []string    // the only strings allowed
	Size    Bound       // entries of a list or map
	Num     Bound       // an integer
	Not     []int64     // integers inside Num that are refused all the same
	Decimal *Decimals   // a number with decimals
	Elem    *Constraint // of each list element or map value that has no named type
	Key     *Constraint // of each map key
	Quiet   bool        // the value is never repeated in a message
	Digest  bool        // the value is kept in no record but by its digest, see Record
	Hidden  bool        // the value is kept in no record at all
	Scalars bool        // for a string, lenient decoding also reads a number or boolean as its text
	// Blob says that the text is the base64 of bytes.
	Blob  bool
	Limit string // names the upper bound for Decoding.Limits; "": it is the same everywhere

	match *matcher // of Pattern, compiled
}

// Decimals bounds a number by its text, so that 1.1 is exactly 1.1 (R-VAL-17).
type Decimals struct {
	Places   int    // most digits after the point, trailing zeros not counted
	Min, Max string // inclusive; "": no limit
}

// A Constrained type carries its own constraint. Constraint must not depend on the value.
type Constrained interface{ Constraint() Constraint }

// Length allows strings of min to max code points.
func Length(min, max int64) Constraint { return Constraint{Len: Bound{min, max}} }

// Pattern allows strings that match the RE2 expression as a whole (R-WIRE-19).
func Pattern(expr string) Constraint { return Constraint{}.Matching(expr) }

// Enum allows only these strings.
func Enum(values ...string) Constraint { return Constraint{OneOf: values} }

// Range allows integers from min to max.
func Range(min, max int64) Constraint { return Constraint{Num: Bound{min, max}} }

// Items allows lists and maps of min to max entries.
func Items(min, max int64) Constraint { return Constraint{Size: Bound{min, max}} }

// Number makes a string type a JSON number kept as text, between min and max, with at most places
// decimals.
func Number(min, max string, places int) Constraint {
	return Constraint{Decimal: &Decimals{Places: places, Min: min, Max: max}}
}

// Chars allows only these characters, at least one of them. They are written as inside a character
// class of RE2: "a-zA-Z0-9_-".
func (c Constraint) Chars(class string) Constraint { return c.Matching("[" + class + "]+") }

// Matching demands that the whole string matches the RE2 expression.
func (c Constraint) Matching(expr string) Constraint {
	c.Pattern, c.match = expr, compileMatcher(expr)
	return c
}

// MaxBytes limits the UTF-8 bytes of a string.
func (c Constraint) MaxBytes(n int64) Constraint { c.Bytes = n; return c }

// Except refuses single integers inside the range.
func (c Constraint) Except(n ...int64) Constraint { c.Not = n; return c }

// Each constrains the elements of a list or the values of a map.
func (c Constraint) Each(elem Constraint) Constraint { c.Elem = &elem; return c }

// Keys constrains the keys of a map.
func (c Constraint) Keys(key Constraint) Constraint { c.Key = &key; return c }

// Setting gives the upper bound a name, by which a server may have another one (Decoding.Limits).
func (c Constraint) Setting(limit string) Constraint { c.Limit = limit; return c }

// with is the constraint with the upper bound that the limits have for it.
func (c *Constraint) with(limits Limits) *Constraint {
	if c.Limit == "" {
		return c
	}
	most, changed := limits[c.Limit]
	if !changed {
		return c
	}
	other := *c
	for _, bound := range []*Bound{&other.Len, &other.Size, &other.Num} {
		if bound.Set() {
			bound.Max = most
		}
	}
	if other.Bytes > 0 {
		other.Bytes = most
	}
	return &other
}

// Secret keeps the value out of every message (R-HTTP-29).
func (c Constraint) Secret() Constraint { c.Quiet = true; return c }

// Unrecorded keeps the value out of records and messages: it is a password or a key.
func (c Constraint) Unrecorded() Constraint { c.Hidden, c.Quiet = true, true; return c }

// AsDigest has records hold a digest in the place of the value: it is a document.
func (c Constraint) AsDigest() Constraint { c.Digest = true; return c }

// Base64 says that the text is the base64 of bytes: a blob, as the command line calls it (R-CMD-44).
func (c Constraint) Base64() Constraint { c.Blob = true; return c.Matching(`[A-Za-z0-9+/]+={0,2}`) }

// OrScalar lets lenient decoding read a JSON number or boolean where a string is expected. The
// value is its text as it was written, such as true or 1e3, and is checked like any other string.
func (c Constraint) OrScalar() Constraint { c.Scalars = true; return c }
