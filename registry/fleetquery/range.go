package fleetquery

import "strings"

// Comparisons and ranges: what stands behind < <= > >= and in brackets. Both become the check
// within; a bound that is absent is none.

// comparison reads < <= > >= and a value.
func (p *parser) comparison() (within, error) {
	above := p.text[p.at] == '>'
	p.at++
	b := &bound{open: true}
	if p.at < len(p.text) && p.text[p.at] == '=' {
		b.open = false
		p.at++
	}
	if p.peek() == '=' { // > =5 would compare with the text =5
		p.doubtf(p.at, `'=' stands right after '<' or '>'; `+
			`as part of a value write it within "quotes"`)
	}
	if err := p.bound(b); err != nil {
		return within{}, err
	}
	if above {
		return newWithin(b, nil), nil
	}
	return newWithin(nil, b), nil
}

// span reads [a TO b], {a TO b}, or one bracket of each. Either bound may be *.
func (p *parser) span() (w within, err error) {
	opened := p.at
	p.at++
	low, err := p.limit(p.text[opened] == '{')
	if err != nil {
		return w, err
	}
	if !p.operator("TO") {
		return w, p.errorf(p.at, "TO must stand between the bounds of a range")
	}
	high, err := p.limit(false)
	if err != nil {
		return w, err
	}
	end := p.peek()
	if end != ']' && end != '}' {
		return w, p.errorf(opened, "the range is never closed by ']' or '}'")
	}
	if high != nil {
		high.open = end == '}'
	}
	p.at++
	return newWithin(low, high), nil
}

// limit reads one end of a range, which excludes its bound when it is open. It returns nil for *,
// which has no bound: [80 TO *] is everything from 80.
func (p *parser) limit(open bool) (*bound, error) {
	p.peek()
	rest, unbounded := strings.CutPrefix(p.text[p.at:], all)
	if unbounded && (spaceAt(rest) > 0 || strings.HasPrefix(rest, "]") ||
		strings.HasPrefix(rest, "}")) {
		p.at++
		return nil, nil
	}
	b := &bound{open: open}
	return b, p.bound(b)
}

// bound reads one bound of a range: a phrase or a word without wildcards, which may begin with '-'.
func (p *parser) bound(b *bound) (err error) {
	if p.at < len(p.text) && p.text[p.at] == '"' {
		b.lower, err = p.phrase()
		return err
	}
	start, sign := p.at, ""
	if p.at < len(p.text) && p.text[p.at] == '-' {
		sign = "-"
		p.at++
	}
	word, err := p.word()
	if err != nil {
		return err
	}
	text, plain := word.plain()
	if !plain {
		return p.errorf(start, "a bound cannot have the wildcards * and ?")
	}
	b.lower = sign + text
	return nil
}
