package schema

import (
	"math"
	"reflect"
)

// The values that hold others: structures, lists and maps. Each is read to its end even when
// something in it is wrong, so that the members after it are read too. Of several failures the
// first is returned: the first in model order in a structure, the first in the text in a list or
// map.

// structure reads an object into a structure.
func (d *decoder) structure(s *Shape, v reflect.Value) *failure {
	p := begin()
	if f := d.members(s, v, &p); f != nil {
		return f
	}
	if !d.how.Unchecked {
		p.finish(s)
	}
	return p.first
}

// list reads a list into a slice. A wrong number of elements counts more than a wrong element.
func (d *decoder) list(s *Shape, v reflect.Value) *failure {
	if f := d.open(); f != nil {
		return f
	}
	var first *failure
	v.Set(s.empty)
	for n := 0; ; n++ {
		done, f := d.more(n == 0, ']')
		if f != nil {
			return f
		}
		if done {
			break
		}
		if n >= v.Cap() {
			v.Grow(1)
		}
		v.SetLen(n + 1)
		f = d.value(s.Elem, v.Index(n))
		if f != nil && f.syntax {
			return f
		}
		if first == nil && f != nil {
			first = f.at(n)
		}
	}
	if f := s.Constraint.with(d.how.Limits).checkSize(v.Len()); f != nil && !d.how.Unchecked {
		return f
	}
	return first
}

// plainMap is the type of the maps that are filled and written without reflection.
var plainMap = reflect.TypeFor[map[string]string]()

// entries reads an object into a map. In a map whose values are pointers, as of a merge patch
// (RFC 7396), null is a value: nil.
func (d *decoder) entries(s *Shape, v reflect.Value) *failure {
	if s.typ.ConvertibleTo(plainMap) {
		return d.textEntries(s, v)
	}
	v.Set(reflect.MakeMap(s.typ))
	return d.each(s, func(key string) (f *failure) {
		value := reflect.New(s.typ.Elem()).Elem()
		switch {
		case !s.nullable:
			f = d.value(s.Elem, value)
		case d.next() == 'n':
			f = d.word("null")
		default:
			value.Set(reflect.New(s.Elem.typ))
			f = d.value(s.Elem, value.Elem())
		}
		if f == nil {
			v.SetMapIndex(reflect.ValueOf(key).Convert(s.typ.Key()), value)
		}
		return f
	}, v.Len)
}

// textEntries is entries for maps of strings, the usual ones: they are filled without reflection.
func (d *decoder) textEntries(s *Shape, v reflect.Value) *failure {
	texts := map[string]string{}
	v.Set(reflect.ValueOf(texts).Convert(s.typ))
	return d.each(s, func(key string) *failure {
		value, f := d.textValue(s.Elem)
		if f == nil && !d.how.Unchecked {
			f = s.Elem.Constraint.checkString(value)
		}
		if f == nil {
			texts[key] = string(value)
		}
		return f
	}, func() int { return len(texts) })
}

// each reads the entries of a map: set reads the value of each one, but null only where the map can
// have it. size is the number of entries that have been set, which may be smaller than that of the
// text: keys may repeat.
func (d *decoder) each(s *Shape, set func(key string) *failure, size func() int) *failure {
	if f := d.open(); f != nil {
		return f
	}
	var first *failure
	for n := 0; ; n++ {
		done, f := d.more(n == 0, '}')
		if f != nil {
			return f
		}
		if done {
			break
		}
		name, f := d.key()
		if f != nil {
			return f
		}
		key := string(name)
		if d.next() == 'n' && !s.nullable {
			if f := d.word("null"); f != nil {
				return f
			}
			continue
		}
		if f = set(key); f != nil && f.syntax {
			return f
		}
		if first == nil {
			first = d.entryFailure(s, key, f)
		}
	}
	if f := s.Constraint.with(d.how.Limits).checkSize(size()); f != nil && first == nil && !d.how.Unchecked {
		return f
	}
	return first
}

// entryFailure is the failure of one map entry: that of its key, or else the one of its value;
// nil for none.
func (d *decoder) entryFailure(s *Shape, key string, value *failure) *failure {
	if !d.how.Unchecked {
		if f := s.Key.Constraint.checkString([]byte(key)); f != nil {
			f.rule = "a key: " + f.rule
			return f
		}
	}
	if value == nil {
		return nil
	}
	return value.inside(clipKey(key))
}

// clipKey is a key of a map as it stands in the path of a failure.
func clipKey(key string) string { return "[" + clip([]byte(key)) + "]" }

// roundMillis is the number of whole milliseconds nearest to some seconds.
func roundMillis(seconds float64) int64 { return int64(math.Round(seconds * 1000)) }
