package jmespath

// The parser is one of operator precedence: each kind of token has a binding power, and what stands
// on the right of an operator ends at the first token that does not bind stronger. The powers, and
// with them all that is accepted and refused, are those of the reference.

// powers are the binding powers; a kind that is not here has 0 and ends every expression.
var powers = map[kind]int{
	"|":  1,
	"||": 2,
	"&&": 3,
	"==": 5, "!=": 5, "<": 5, "<=": 5, ">": 5, ">=": 5,
	"[]": 9,
	"*":  20,
	"[?": 21,
	".":  40,
	"!":  45,
	"{":  50,
	"[":  55,
	"(":  60,
}

// projectionStop is the power from which on a token belongs to the right side of a projection. In
// a[*].b the .b is taken from each element; in a[*] | b and in a[*][] it is not.
const projectionStop = 10

// A parser reads the tokens of an expression.
type parser struct {
	text   string
	tokens []token
	at     int // of the token that is read next
}

// whole reads all tokens as one expression.
func (p *parser) whole() (node, error) {
	n, err := p.expression(0)
	if err == nil && p.kind() != end {
		err = p.unexpected()
	}
	return n, err
}

// kind is the kind of the next token.
func (p *parser) kind() kind { return p.tokens[p.at].kind }

// kindAfter is the kind of the token after the next.
func (p *parser) kindAfter() kind { return p.tokens[min(p.at+1, len(p.tokens)-1)].kind }

// take returns the next token and goes on behind it. The end is never left behind.
func (p *parser) take() token {
	t := p.tokens[p.at]
	if t.kind != end {
		p.at++
	}
	return t
}

// expect takes the next token, which must be of a kind.
func (p *parser) expect(k kind) error {
	if p.kind() != k {
		return syntaxError(p.text, p.tokens[p.at].at, "Expecting %s, got %s", k, p.kind())
	}
	p.take()
	return nil
}

// unexpected is the error that the next token cannot stand where it does.
func (p *parser) unexpected() error {
	if p.kind() == end {
		return syntaxError(p.text, p.tokens[p.at].at, "The expression is not complete")
	}
	return syntaxError(p.text, p.tokens[p.at].at, "Unexpected %s", p.kind())
}

// expression reads an expression up to the first token that binds no stronger than power.
func (p *parser) expression(power int) (node, error) {
	left, err := p.first()
	for err == nil && power < powers[p.kind()] {
		left, err = p.following(left)
	}
	return left, err
}

// first reads what an expression begins with: something that has a value by itself, or else what
// prefix reads.
func (p *parser) first() (node, error) {
	switch t := p.tokens[p.at]; t.kind {
	case literal:
		p.take()
		return constant{t.value}, nil
	case name:
		p.take()
		return field(t.text), nil
	case quotedName:
		p.take()
		if p.kind() == "(" {
			return nil, syntaxError(p.text, t.at, "A quoted name is no name of a function")
		}
		return field(t.text), nil
	case "@":
		p.take()
		return current{}, nil
	case "*":
		p.take()
		return p.values(current{}, powers["*"])
	case "[]", "[?": // as if @ stood before it
		return p.following(current{})
	case "{":
		p.take()
		return p.hash()
	case "[":
		return p.firstBracket()
	}
	return p.prefix()
}

// prefix reads an expression in parentheses, or behind "!" or "&".
func (p *parser) prefix() (node, error) {
	switch p.kind() {
	case "(":
		// What follows on the closing one is no part of a projection inside: of (a[*]).b the .b is
		// taken from the list.
		p.take()
		inner, err := p.expression(0)
		if err == nil {
			err = p.expect(")")
		}
		return inner, err
	case "!":
		p.take()
		inner, err := p.expression(powers["!"])
		return not{inner}, err
	case "&": // everything up to the next comma or parenthesis
		p.take()
		inner, err := p.expression(0)
		return reference{inner}, err
	}
	return nil, p.unexpected()
}

// firstBracket reads what begins with "[": an index, a slice, [*] or a list of expressions.
func (p *parser) firstBracket() (node, error) {
	switch after := p.kindAfter(); {
	case after == number, after == ":":
		return p.bracket(current{})
	case after == "*" && p.tokens[min(p.at+2, len(p.tokens)-1)].kind == "]":
		return p.bracket(current{})
	}
	p.take()
	return p.list()
}

// following reads an operator and what stands on its right; left is what stands before it.
func (p *parser) following(left node) (node, error) {
	switch k := p.kind(); k {
	case "|":
		return p.binary(func(right node) node { return sequence{left, right} })
	case "||":
		return p.binary(func(right node) node { return or{left, right} })
	case "&&":
		return p.binary(func(right node) node { return and{left, right} })
	case "==", "!=", "<", "<=", ">", ">=":
		return p.binary(func(right node) node { return comparison{k, left, right} })
	case "[]": // flattens, and is a projection from then on
		p.take()
		right, err := p.projected(powers["[]"])
		return projection{flatten{left}, right}, err
	case "[?":
		return p.filter(left)
	case ".":
		p.take()
		if p.kind() == "*" {
			p.take()
			return p.values(left, powers["."])
		}
		right, err := p.member(powers["."])
		return sequence{left, right}, err
	case "[":
		return p.bracket(left)
	case "(":
		return p.call(left)
	}
	return nil, p.unexpected()
}

// binary reads an operator and the operand on its right.
func (p *parser) binary(join func(right node) node) (node, error) {
	right, err := p.expression(powers[p.take().kind])
	return join(right), err
}

// values reads what follows on a "*" that stands for the values of an object.
func (p *parser) values(left node, power int) (node, error) {
	right, err := p.projected(power)
	return projection{valuesOf{left}, right}, err
}

// filter reads "[?" condition "]" and what follows on it.
func (p *parser) filter(left node) (node, error) {
	p.take()
	condition, err := p.expression(0)
	if err != nil {
		return nil, err
	}
	if err := p.expect("]"); err != nil {
		return nil, err
	}
	right, err := p.projected(powers["[?"])
	return projection{filtered{left, condition}, right}, err
}

// bracket reads an index, a slice or [*], and what follows on it. As in the reference a slice right
// after an index, as in a[0][1:], begins no projection.
func (p *parser) bracket(left node) (node, error) {
	p.take()
	switch {
	case p.kind() == "*":
		p.take()
		if err := p.expect("]"); err != nil {
			return nil, err
		}
		right, err := p.projected(powers["*"])
		return projection{left, right}, err
	case p.kind() == number && p.kindAfter() != ":":
		n := index{left, p.take().index}
		return n, p.expect("]")
	case p.kind() != number && p.kind() != ":":
		return nil, p.unexpected()
	}
	cut, err := p.slice(left)
	if err != nil {
		return nil, err
	}
	switch left.(type) {
	case index, slice: // the latter stands bare only after an index
		return cut, nil
	}
	right, err := p.projected(powers["*"])
	return projection{cut, right}, err
}

// slice reads start:stop:step and "]". Each of the three may be absent.
func (p *parser) slice(left node) (node, error) {
	var parts [3]*int
	for i := 0; p.kind() != "]"; {
		switch p.kind() {
		case ":":
			if i++; i == len(parts) {
				return nil, p.unexpected()
			}
			p.take()
		case number:
			parts[i] = &p.tokens[p.at].index
			p.take()
		default:
			return nil, p.unexpected()
		}
	}
	p.take()
	return slice{left, parts[0], parts[1], parts[2]}, nil
}

// projected reads what is taken from each element of a projection: in a[*].b[0] | c that is .b[0],
// and nothing in a[*] == b.
func (p *parser) projected(power int) (node, error) {
	switch k := p.kind(); {
	case powers[k] < projectionStop:
		return current{}, nil
	case k == "[", k == "[?":
		return p.expression(power)
	case k == ".":
		p.take()
		return p.member(power)
	}
	return nil, p.unexpected()
}

// member reads what stands behind a dot: a key, a wildcard, a function, [a, b] or {x: a}.
func (p *parser) member(power int) (node, error) {
	switch p.kind() {
	case name, quotedName, "*":
		return p.expression(power)
	case "[":
		p.take()
		return p.list()
	case "{":
		p.take()
		return p.hash()
	}
	return nil, p.unexpected()
}

// list reads the expressions of a list up to "]".
func (p *parser) list() (node, error) {
	var items multiSelectList
	for {
		item, err := p.expression(0)
		if err != nil {
			return nil, err
		}
		items = append(items, item)
		if p.kind() == "]" {
			p.take()
			return items, nil
		}
		if err := p.expect(","); err != nil {
			return nil, err
		}
	}
}

// hash reads the keys and expressions of an object up to "}". As in the reference the comma between
// two may be absent.
func (p *parser) hash() (node, error) {
	var pairs multiSelectHash
	for {
		key := p.tokens[p.at]
		if key.kind != name && key.kind != quotedName {
			return nil, p.unexpected()
		}
		p.take()
		if err := p.expect(":"); err != nil {
			return nil, err
		}
		inner, err := p.expression(0)
		if err != nil {
			return nil, err
		}
		pairs = append(pairs, pair{key.text, inner})
		switch p.kind() {
		case ",":
			p.take()
		case "}":
			p.take()
			return pairs, nil
		}
	}
}

// call reads the arguments of a function, whose name was read as a field. As in the reference the
// comma between two may be absent.
func (p *parser) call(left node) (node, error) {
	named, ok := left.(field)
	if !ok {
		return nil, p.unexpected()
	}
	p.take()
	n := call{function: string(named)}
	for p.kind() != ")" {
		argument, err := p.expression(0)
		if err != nil {
			return nil, err
		}
		n.arguments = append(n.arguments, argument)
		if p.kind() == "," {
			p.take()
		}
	}
	p.take()
	return n, nil
}
