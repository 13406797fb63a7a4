package schema

import (
	"math"
	"reflect"
)

// The values that hold others: structures, lists and maps. Each takes its whole value even when something in it is
// wrong, so that the members after it are read too, and returns the first failure in model order.

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

func (d *decoder) list(s *Shape, v reflect.Value) *failure {
	if f := d.enter(); f != nil {
		return f
	}
	var worst *failure
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
		if worst == nil && f != nil {
			worst = f.at(n)
		}
	}
	if f := s.Constraint.checkSize(v.Len()); f != nil && !d.how.Unchecked {
		return f
	}
	return worst
}

var plainMap = reflect.TypeFor[map[string]string]()

// entries takes a map. Maps of strings, the usual ones, are filled without reflection.
func (d *decoder) entries(s *Shape, v reflect.Value) *failure {
	if s.typ.ConvertibleTo(plainMap) {
		texts := map[string]string{}
		v.Set(reflect.ValueOf(texts).Convert(s.typ))
		return d.each(s, func(key string) *failure {
			if c := d.next(); c != '"' {
				return d.mistyped(s.Elem)
			}
			value, f := d.string()
			if f == nil && !d.how.Unchecked {
				f = s.Elem.Constraint.checkString(value)
			}
			if f == nil {
				texts[key] = string(value)
			}
			return f
		}, func() int { return len(texts) })
	}
	v.Set(reflect.MakeMap(s.typ))
	return d.each(s, func(key string) *failure {
		value := reflect.New(s.typ.Elem()).Elem()
		f := d.value(s.Elem, value)
		if f == nil {
			v.SetMapIndex(reflect.ValueOf(key).Convert(s.typ.Key()), value)
		}
		return f
	}, v.Len)
}

// each walks over the entries of a map and gives each non-null one to set.
func (d *decoder) each(s *Shape, set func(key string) *failure, size func() int) *failure {
	if f := d.enter(); f != nil {
		return f
	}
	var worst *failure
	for first := true; ; first = false {
		done, f := d.more(first, '}')
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
		if d.next() == 'n' {
			if f := d.word("null"); f != nil {
				return f
			}
			continue
		}
		if f = set(key); f != nil && f.syntax {
			return f
		}
		if worst == nil {
			worst = d.entryFailure(s, key, f)
		}
	}
	if f := s.Constraint.checkSize(size()); f != nil && worst == nil && !d.how.Unchecked {
		return f
	}
	return worst
}

// entryFailure is the failure of one map entry: of its key, else of its value.
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

func clipKey(key string) string { return "[" + clip([]byte(key)) + "]" }

func roundMillis(seconds float64) int64 { return int64(math.Round(seconds * 1000)) }
