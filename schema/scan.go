package schema

import (
	"bytes"
	"fmt"
	"unicode/utf16"
	"unicode/utf8"
)

// A scanner reads JSON text from front to back. It is strict: RFC 8259, valid UTF-8, bounded
// nesting. Its methods begin at pos and leave pos behind what they have read. Their failures are
// syntax failures: the body is not JSON.
type scanner struct {
	src      []byte
	pos      int // offset in src
	depth    int // objects and lists that are open at pos
	maxDepth int

	// replaceInvalidUTF8 puts U+FFFD for invalid UTF-8 inside strings instead of failing
	// (R-CLI-15).
	replaceInvalidUTF8 bool

	// buffer holds the last string that is not a piece of src as it stands, because it has escapes.
	buffer []byte
}

// wrong is a failure at pos.
func (s *scanner) wrong(format string, args ...any) *failure {
	rule := fmt.Sprintf(format, args...) + fmt.Sprintf(" at byte %d", s.pos)
	return &failure{syntax: true, rule: rule}
}

// next skips white space and returns the byte at pos without reading it, 0 at the end.
func (s *scanner) next() byte {
	for s.pos < len(s.src) {
		switch c := s.src[s.pos]; c {
		case ' ', '\t', '\n', '\r':
			s.pos++
		default:
			return c
		}
	}
	return 0
}

// expect skips white space and reads c, which must come next.
func (s *scanner) expect(c byte) *failure {
	if s.next() != c {
		return s.unexpected(fmt.Sprintf("%q", c))
	}
	s.pos++
	return nil
}

// unexpected is the failure that something else than what was wanted stands at pos.
func (s *scanner) unexpected(wanted string) *failure {
	if s.pos >= len(s.src) {
		return s.wrong("it ends where %s should stand,", wanted)
	}
	return s.wrong("%q stands where %s should,", s.src[s.pos], wanted)
}

// open reads the opening bracket of an object or list, which stands at pos, and counts the nesting.
func (s *scanner) open() *failure {
	if s.depth++; s.depth > s.maxDepth {
		return s.wrong("it is nested deeper than %d", s.maxDepth)
	}
	s.pos++
	return nil
}

// close reads the closing bracket of an object or list, which stands at pos.
func (s *scanner) close() { s.depth--; s.pos++ }

// more goes from one entry of an object or list to the next. It reads the comma between two
// entries, or the closing bracket: then done is true. first says that no entry has been read yet,
// so that no comma is due.
func (s *scanner) more(first bool, closing byte) (done bool, f *failure) {
	c := s.next()
	switch {
	case c == closing:
		s.close()
		return true, nil
	case first:
		return false, nil
	case c != ',':
		return false, s.unexpected(fmt.Sprintf("a comma or %q", closing))
	}
	s.pos++
	if s.next() == closing {
		return false, s.unexpected("another entry")
	}
	return false, nil
}

// key reads a member's name and the colon after it. The name is valid until the next string is
// read.
func (s *scanner) key() (name []byte, f *failure) {
	if s.next() != '"' {
		return nil, s.unexpected("a member name")
	}
	if name, f = s.string(); f != nil {
		return nil, f
	}
	return name, s.expect(':')
}

// string reads the string that starts at pos. The result is valid until the next string is read:
// most strings are a piece of src, and nothing is copied.
func (s *scanner) string() ([]byte, *failure) {
	start := s.pos + 1
	for i := start; i < len(s.src); i++ {
		switch c := s.src[i]; {
		case c == '"':
			s.pos = i + 1
			return s.src[start:i], nil
		case c == '\\' || c >= utf8.RuneSelf || c < ' ':
			return s.longString(start, i)
		}
	}
	s.pos = len(s.src)
	return nil, s.unexpected("the end of a string")
}

// longString goes on with the string from start, at i, where the first character stands that is not
// plain ASCII: an escape, a character of several bytes, or one that is not allowed.
func (s *scanner) longString(start, i int) ([]byte, *failure) {
	out, from := s.buffer[:0], start // src[from:i] waits to be copied
	for i < len(s.src) {
		s.pos = i
		switch c := s.src[i]; {
		case c == '"':
			s.pos = i + 1
			if from == start && len(out) == 0 {
				return s.src[start:i], nil
			}
			s.buffer = append(out, s.src[from:i]...)
			return s.buffer, nil
		case c == '\\':
			if out == nil {
				out = make([]byte, 0, 128)
			}
			r, n := s.escape(i)
			if n == 0 {
				return nil, s.wrong("a bad escape in a string")
			}
			out = append(out, s.src[from:i]...)
			out = utf8.AppendRune(out, r)
			i += n
			from = i
		case c < ' ':
			return nil, s.wrong("a control character in a string")
		case c < utf8.RuneSelf:
			i++
		default:
			r, n := utf8.DecodeRune(s.src[i:])
			if r == utf8.RuneError && n == 1 {
				if !s.replaceInvalidUTF8 {
					return nil, s.wrong("invalid UTF-8 in a string")
				}
				out = append(out, s.src[from:i]...)
				out = append(out, "\uFFFD"...)
				from = i + 1
			}
			i += n
		}
	}
	s.pos = len(s.src)
	return nil, s.unexpected("the end of a string")
}

// escaped are the characters that may follow a backslash, plain what each stands for.
const escaped, plain = `"\/bfnrt`, "\"\\/\b\f\n\r\t"

// escape returns the rune of the escape at i, and its length: 2 for \n, 6 for \u00e9, 12 for a
// surrogate pair, 0 when it is no escape. Half a surrogate pair is U+FFFD.
func (s *scanner) escape(i int) (rune, int) {
	if i+1 >= len(s.src) {
		return 0, 0
	}
	if at := bytes.IndexByte([]byte(escaped), s.src[i+1]); at >= 0 {
		return rune(plain[at]), 2
	}
	r := s.hex(i)
	if r < 0 {
		return 0, 0
	}
	if !utf16.IsSurrogate(r) {
		return r, 6
	}
	if whole := utf16.DecodeRune(r, s.hex(i+6)); whole != utf8.RuneError {
		return whole, 12
	}
	return utf8.RuneError, 6
}

// hex returns the code of the \uXXXX at i, -1 when there is none.
func (s *scanner) hex(i int) (r rune) {
	if i+6 > len(s.src) || s.src[i] != '\\' || s.src[i+1] != 'u' {
		return -1
	}
	for _, c := range s.src[i+2 : i+6] {
		switch {
		case c >= '0' && c <= '9':
			r = r<<4 + rune(c-'0')
		case c >= 'a' && c <= 'f':
			r = r<<4 + rune(c-'a'+10)
		case c >= 'A' && c <= 'F':
			r = r<<4 + rune(c-'A'+10)
		default:
			return -1
		}
	}
	return r
}

// number reads the number that starts at pos and returns its text, in the grammar of JSON: no
// leading zeros, no plus sign, digits on both sides of a point.
func (s *scanner) number() ([]byte, *failure) {
	start := s.pos
	if s.peek() == '-' {
		s.pos++
	}
	if s.peek() == '0' {
		s.pos++
	} else if !s.digits() {
		return nil, s.unexpected("a digit")
	}
	if s.peek() == '.' {
		s.pos++
		if !s.digits() {
			return nil, s.unexpected("a digit")
		}
	}
	if c := s.peek(); c == 'e' || c == 'E' {
		s.pos++
		if c := s.peek(); c == '+' || c == '-' {
			s.pos++
		}
		if !s.digits() {
			return nil, s.unexpected("a digit")
		}
	}
	return s.src[start:s.pos], nil
}

// peek returns the byte at pos, 0 at the end.
func (s *scanner) peek() byte {
	if s.pos < len(s.src) {
		return s.src[s.pos]
	}
	return 0
}

// digits reads digits and reports whether there are any.
func (s *scanner) digits() bool {
	start := s.pos
	for s.pos < len(s.src) && s.src[s.pos] >= '0' && s.src[s.pos] <= '9' {
		s.pos++
	}
	return s.pos > start
}

// word reads true, false or null, whichever is w.
func (s *scanner) word(w string) *failure {
	if !bytes.HasPrefix(s.src[s.pos:], []byte(w)) {
		return s.unexpected(w)
	}
	s.pos += len(w)
	return nil
}

// skip reads a value of any kind and drops it.
func (s *scanner) skip() (f *failure) {
	switch c := s.next(); c {
	case '{', '[':
		return s.skipInside(c)
	case '"':
		_, f = s.string()
	case 't':
		f = s.word("true")
	case 'f':
		f = s.word("false")
	case 'n':
		f = s.word("null")
	default:
		if c != '-' && (c < '0' || c > '9') {
			return s.unexpected("a value")
		}
		_, f = s.number()
	}
	return f
}

// skipInside skips an object or list; bracket is its opening one.
func (s *scanner) skipInside(bracket byte) *failure {
	if f := s.open(); f != nil {
		return f
	}
	for first := true; ; first = false {
		// In ASCII, '{'+2 is '}' and '['+2 is ']'.
		if done, f := s.more(first, bracket+2); done || f != nil {
			return f
		}
		if bracket == '{' {
			if _, f := s.key(); f != nil {
				return f
			}
		}
		if f := s.skip(); f != nil {
			return f
		}
	}
}
