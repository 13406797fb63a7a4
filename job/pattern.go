package job

import (
	"fmt"
	"regexp"
	"regexp/syntax"
	"strconv"
	"strings"
	"unicode/utf8"
)

// The parameters of a managed template have regular expressions, which values must match as a whole
// (R-PAR-3). They are matched by package regexp: in time that grows with the length of the value
// only, and so without a clock that stops a match that takes too long. What that package does not
// know (look-ahead, references back) is refused when the template's file is read.
//
// One thing it refuses is common in such files: a count above 1000, as in (.){0,4096}. Such an
// expression is written in parts that mean the same and whose counts are allowed. For example
// a{0,1500} becomes (?:a{1000}a{0,500}|a{0,999}): 1000 and up to 500 more, or fewer than 1000. With
// two branches that cannot both be right, matching stays as fast as without the detour; a{0,1000}
// and a{0,500} side by side would have 500 ways to match 1000 letters.

const (
	// maxCount is the largest count that package regexp takes.
	maxCount = 1000
	// maxPatternBytes bounds an expression in its longer form, so that counts inside counts are
	// refused instead of filling the memory.
	maxPatternBytes = 1 << 20
)

// checkPattern refuses what compilePattern cannot compile. It takes a thousandth of the time, so
// that a server with the templates of many files starts at once.
func checkPattern(text string) error {
	split, err := splitCounts(text, maxCount)
	if err != nil {
		return err
	}
	_, err = syntax.Parse(whole(split), syntax.Perl)
	return err
}

// whole is an expression that matches a value as a whole.
func whole(text string) string { return "^(?:" + text + ")$" }

// compilePattern compiles an expression that a whole value must match.
func compilePattern(text string) (*regexp.Regexp, error) {
	split, err := splitCounts(text, maxCount)
	if err != nil {
		return nil, err
	}
	return regexp.Compile(whole(split))
}

// splitCounts writes an expression so that no count in it is above a limit. It changes nothing
// else: what is wrong with the expression is left for package regexp to say.
func splitCounts(text string, limit int) (string, error) {
	var (
		out []byte
		// atom is where in out the piece begins that a count would repeat, -1 when there is none.
		atom = -1
		// groups is where in out each group begins that is still open.
		groups []int
	)
	for text != "" {
		if quoted, rest, ok := cutQuoted(text); ok {
			text = regexp.QuoteMeta(quoted) + rest // a count after it repeats its last character
			continue
		}
		length := atomLength(text)
		switch text[0] {
		case '(':
			groups = append(groups, len(out))
			atom = -1
		case ')':
			atom = -1
			if n := len(groups); n > 0 {
				if !onlyFlags.Match(out[groups[n-1]:]) {
					atom = groups[n-1]
				}
				groups = groups[:n-1]
			}
		case '*', '+', '?', '|', '^', '$':
			atom = -1
		case '{':
			c, ok := parseCount(text)
			if !ok { // an ordinary character
				atom = len(out)
				break
			}
			length = c.length
			if atom < 0 || max(c.least, c.most) <= limit {
				atom = -1
				break
			}
			if repeats(text[length:]) {
				return "", fmt.Errorf("a repetition is repeated: %s", text[:length+1])
			}
			repeated := c.split(string(out[atom:]), limit)
			if len(repeated) > maxPatternBytes {
				return "", fmt.Errorf("the counts are too large")
			}
			out = append(out[:atom], repeated...)
			text, atom = text[length:], -1
			continue
		default:
			atom = len(out)
			if _, name, opened := strings.Cut(text[:length], "[:"); opened &&
				!strings.Contains(name, ":]") {
				atom = -1 // two of [[:] side by side are not two classes
			}
		}
		out = append(out, text[:length]...)
		text = text[length:]
	}
	return string(out), nil
}

// onlyFlags is a group that sets flags and has no content, such as (?i), up to its end.
var onlyFlags = regexp.MustCompile(`^\(\?[a-zA-Z-]*$`)

// repeats reports whether an expression begins with a repetition: *, +, ? or a count.
func repeats(text string) bool {
	if text == "" {
		return false
	}
	_, count := parseCount(text)
	return strings.IndexByte("*+?", text[0]) >= 0 || count
}

// cutQuoted takes \Q…\E, or \Q and all that follows, off the front: it stands for its characters.
func cutQuoted(text string) (quoted, rest string, ok bool) {
	if text, ok = strings.CutPrefix(text, `\Q`); !ok {
		return "", "", false
	}
	quoted, rest, _ = strings.Cut(text, `\E`)
	return quoted, rest, true
}

// atomLength is how many bytes the first piece of an expression takes: an escape, a class in
// brackets, or else one character.
func atomLength(text string) int {
	switch {
	case text[0] == '\\' && len(text) > 1:
		return escapeLength(text)
	case text[0] == '[':
		return classLength(text)
	}
	_, size := utf8.DecodeRuneInString(text)
	return size
}

// escapeLength is how many bytes an escape takes: \d, \pL, \p{Greek}, \x41, \x{2665}, \101.
func escapeLength(text string) int {
	rest := text[1:]
	switch {
	case strings.IndexByte("pPx", rest[0]) >= 0 && strings.HasPrefix(rest[1:], "{"):
		if end := strings.IndexByte(text, '}'); end >= 0 {
			return end + 1
		}
		return len(text)
	case rest[0] == 'p', rest[0] == 'P':
		_, size := utf8.DecodeRuneInString(rest[1:])
		return 2 + size
	case rest[0] == 'x':
		return min(len(text), len(`\x41`))
	case isOctal(rest[0]):
		digits := 1
		for digits < min(len(rest), 3) && isOctal(rest[digits]) {
			digits++
		}
		return 1 + digits
	}
	_, size := utf8.DecodeRuneInString(rest)
	return 1 + size
}

func isOctal(c byte) bool { return '0' <= c && c <= '7' }

// classLength is how many bytes a class in brackets takes, all that is left when it is never
// closed. A ] that stands first, after the ^ of a negated class too, belongs to it.
func classLength(text string) int {
	at := 1
	if strings.HasPrefix(text[at:], "^") {
		at++
	}
	for first := true; at < len(text); first = false {
		switch {
		case text[at] == ']' && !first:
			return at + 1
		case text[at] == '\\':
			at++
		case strings.HasPrefix(text[at:], "[:"):
			if end := strings.Index(text[at+2:], ":]"); end >= 0 {
				at += 2 + end + 1
			}
		}
		at++
	}
	return len(text)
}

// count is how often something is repeated: {2}, {2,} or {2,5}. A ? after it belongs to it, but
// says only which of several matches is wanted; for a whole value that makes no difference.
type count struct {
	least, most int // most is -1 for no bound
	length      int // bytes that it takes
}

// parseCount reads the count at the start of text; ok is false when there is none, so that the
// brace is an ordinary character, or when it makes no sense.
func parseCount(text string) (c count, ok bool) {
	after, opened := strings.CutPrefix(text, "{")
	inside, rest, closed := strings.Cut(after, "}")
	least, most, ranged := strings.Cut(inside, ",")
	var err error
	if c.least, err = strconv.Atoi(least); err != nil || !opened || !closed {
		return c, false
	}
	switch {
	case !ranged:
		c.most = c.least
	case most == "":
		c.most = -1
	default:
		c.most, err = strconv.Atoi(most)
	}
	c.length = len(text) - len(strings.TrimPrefix(rest, "?"))
	return c, err == nil && c.least >= 0 && (c.most < 0 || c.most >= c.least)
}

// split writes an expression that is repeated so many times in parts of at most limit times.
func (c count) split(atom string, limit int) string {
	var out strings.Builder
	out.WriteString("(?:")
	for left := c.least; left > 0 && out.Len() <= maxPatternBytes; left -= limit {
		fmt.Fprintf(&out, "%s{%d}", atom, min(left, limit))
	}
	if c.most < 0 {
		out.WriteString(atom + "*")
	} else if c.most > c.least {
		writeUpTo(&out, atom, c.most-c.least, limit)
	}
	out.WriteString(")")
	return out.String()
}

// writeUpTo writes "at most n times".
func writeUpTo(out *strings.Builder, atom string, n, limit int) {
	if n <= limit || out.Len() > maxPatternBytes {
		fmt.Fprintf(out, "%s{0,%d}", atom, n)
		return
	}
	fmt.Fprintf(out, "(?:%s{%d}", atom, limit)
	writeUpTo(out, atom, n-limit, limit)
	fmt.Fprintf(out, "|%s{0,%d})", atom, limit-1)
}
