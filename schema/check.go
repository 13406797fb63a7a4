package schema

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Checks of values against their constraints. Each returns nil, or a failure with the rule that is
// broken. Of several broken rules it names one: length before pattern, pattern before enumeration.

// checkString checks a string.
func (c *Constraint) checkString(value []byte) *failure {
	if c.Len.Set() {
		// The number of bytes decides most cases: a string has no more code points than bytes,
		// and at least a quarter as many.
		if int64(len(value)) > c.Len.Max || int64(len(value)) < c.Len.Min*utf8.UTFMax {
			if n := int64(utf8.RuneCount(value)); !c.Len.contains(n) {
				return c.refuse(value, "length %d is not in %s", n, c.Len.text(0))
			}
		}
	}
	if c.Bytes > 0 && int64(len(value)) > c.Bytes {
		return c.refuse(value, "%d bytes are more than %d", len(value), c.Bytes)
	}
	if c.match != nil && !c.match.matches(value) {
		return c.refuse(value, "must match %s", c.Pattern)
	}
	if c.OneOf != nil && c.oneOf(value) < 0 {
		return c.refuse(value, "must be one of %s", strings.Join(c.OneOf, ", "))
	}
	return nil
}

// Accepts reports whether a text satisfies the constraint. Tests that make up values ask it.
func (c Constraint) Accepts(text string) bool { return c.checkString([]byte(text)) == nil }

// oneOf is the place of a value in OneOf, -1 when it is not there.
func (c *Constraint) oneOf(value []byte) int {
	for i, allowed := range c.OneOf {
		if string(value) == allowed {
			return i
		}
	}
	return -1
}

// refuse is the failure of a string: the rule that it breaks, and the value unless that is secret.
func (c *Constraint) refuse(value []byte, rule string, args ...any) *failure {
	text := fmt.Sprintf(rule, args...)
	if c.Quiet {
		return &failure{rule: "the value is refused: " + text}
	}
	return &failure{rule: "the value " + clip(value) + " is refused: " + text}
}

// checkInt checks an integer.
func (c *Constraint) checkInt(n int64) *failure {
	if !c.Num.contains(n) {
		return &failure{rule: fmt.Sprintf("%d is not in %s", n, c.Num.text(NoMin))}
	}
	if slices.Contains(c.Not, n) {
		return &failure{rule: fmt.Sprintf("%d is not allowed", n)}
	}
	return nil
}

// checkSize checks the number of entries of a list or map.
func (c *Constraint) checkSize(n int) *failure {
	if !c.Size.contains(int64(n)) {
		return &failure{rule: fmt.Sprintf("%d items are not in %s", n, c.Size.text(0))}
	}
	return nil
}

// checkDecimal checks a number with decimals, by its text (R-VAL-17, R-VAL-22).
func (c *Constraint) checkDecimal(text []byte) *failure {
	d := c.Decimal
	if d == nil || d.plain(text) {
		return nil
	}
	value, places, ok := exact(string(text))
	below := ok && d.Min != "" && value.Cmp(rat(d.Min)) < 0
	above := ok && d.Max != "" && value.Cmp(rat(d.Max)) > 0
	switch {
	case !ok, below, above:
		return &failure{rule: fmt.Sprintf("%s is not in %s..%s", clipNumber(text), d.Min, d.Max)}
	case places > d.Places:
		rule := fmt.Sprintf("%s has more than %d decimals", clipNumber(text), d.Places)
		return &failure{rule: rule}
	}
	return nil
}

// plain accepts, without arithmetic on fractions, the numbers that people write: no exponent, few
// digits, few decimals, inside the bounds. Whatever it does not accept is checked exactly,
// because it may be allowed all the same: 1.50 has one decimal that counts.
func (d *Decimals) plain(text []byte) bool {
	if len(text) > 12 || bytes.ContainsAny(text, "eE") {
		return false
	}
	if point := bytes.IndexByte(text, '.'); point >= 0 && len(text)-point-1 > d.Places {
		return false
	}
	f := Decimal(text).Float()
	return (d.Min == "" || f >= Decimal(d.Min).Float()) &&
		(d.Max == "" || f <= Decimal(d.Max).Float())
}

// clipNumber shortens a number for a message.
func clipNumber(text []byte) string {
	if len(text) > 40 {
		return string(text[:40]) + "…"
	}
	return string(text)
}

// text writes the bound as the specification does: 1..250, 1.., ..2028. A lower bound that is
// none is left out: 0 for lengths, NoMin for integers.
func (b Bound) text(none int64) string {
	var s string
	if b.HasMin() && b.Min != none {
		s = strconv.FormatInt(b.Min, 10)
	}
	s += ".."
	if b.HasMax() {
		s += strconv.FormatInt(b.Max, 10)
	}
	return s
}
