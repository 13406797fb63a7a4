package schema

import (
	"regexp"
	"regexp/syntax"
	"slices"
	"unicode/utf8"
)

// A matcher tests a whole value against a pattern. Nearly every pattern of the API is a literal
// prefix and then one repeated character class, such as arn:[!-~]+. Those are tested with a table
// for ASCII and a binary search for the rest, some ten times faster than by package regexp, which
// does any other pattern.
type matcher struct {
	prefix string
	ascii  [utf8.RuneSelf]bool // the class, below U+0080
	ranges []rune              // pairs of first and last rune of the class, sorted
	empty  bool                // the class may repeat zero times
	slow   *regexp.Regexp      // for other patterns; nil when the fields above say it all
}

// compileMatcher panics on an expression that does not compile: descriptions are compiled in, so
// that is a programming error.
func compileMatcher(expr string) *matcher {
	whole := `\A(?:` + expr + `)\z`
	if m := simpleMatcher(expr); m != nil {
		return m
	}
	return &matcher{slow: regexp.MustCompile(whole)}
}

// simpleMatcher returns a matcher for a prefix and a repeated class, nil for other patterns.
func simpleMatcher(expr string) *matcher {
	tree, err := syntax.Parse(expr, syntax.Perl)
	if err != nil {
		return nil
	}
	m, parts := &matcher{}, unwrap(tree)
	if len(parts) == 2 && parts[0].Op == syntax.OpLiteral && parts[0].Flags&syntax.FoldCase == 0 {
		m.prefix, parts = string(parts[0].Rune), parts[1:]
	}
	if len(parts) != 1 || parts[0].Op != syntax.OpPlus && parts[0].Op != syntax.OpStar {
		return nil
	}
	m.empty = parts[0].Op == syntax.OpStar
	switch class := parts[0].Sub[0]; class.Op {
	case syntax.OpCharClass:
		m.ranges = slices.Clone(class.Rune)
	case syntax.OpAnyChar:
		m.ranges = []rune{0, utf8.MaxRune}
	default:
		return nil
	}
	for r := range rune(utf8.RuneSelf) {
		m.ascii[r] = m.inRanges(r)
	}
	return m
}

// unwrap removes anchors and captures, and returns the parts of a concatenation: ^a[b-z]+$ has two.
func unwrap(tree *syntax.Regexp) []*syntax.Regexp {
	for tree.Op == syntax.OpCapture {
		tree = tree.Sub[0]
	}
	parts := []*syntax.Regexp{tree}
	if tree.Op == syntax.OpConcat {
		parts = tree.Sub
	}
	if len(parts) > 1 && parts[0].Op == syntax.OpBeginText {
		parts = parts[1:]
	}
	if n := len(parts); n > 1 && parts[n-1].Op == syntax.OpEndText {
		parts = parts[:n-1]
	}
	if len(parts) == 1 && parts[0].Op == syntax.OpCapture {
		return unwrap(parts[0])
	}
	return parts
}

// matches reports whether the whole value has the pattern.
func (m *matcher) matches(value []byte) bool {
	if m.slow != nil {
		return m.slow.Match(value)
	}
	if len(value) < len(m.prefix) || string(value[:len(m.prefix)]) != m.prefix {
		return false
	}
	value = value[len(m.prefix):]
	if len(value) == 0 {
		return m.empty
	}
	for i := 0; i < len(value); {
		if c := value[i]; c < utf8.RuneSelf {
			if !m.ascii[c] {
				return false
			}
			i++
			continue
		}
		r, n := utf8.DecodeRune(value[i:])
		if !m.inRanges(r) {
			return false
		}
		i += n
	}
	return true
}

// inRanges reports whether the class has a rune, by binary search.
func (m *matcher) inRanges(r rune) bool {
	lo, hi := 0, len(m.ranges)/2
	for lo < hi {
		mid := (lo + hi) / 2
		switch {
		case r < m.ranges[2*mid]:
			hi = mid
		case r > m.ranges[2*mid+1]:
			lo = mid + 1
		default:
			return true
		}
	}
	return false
}
