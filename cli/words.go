package cli

import (
	"regexp"
	"slices"
	"strings"
)

// given is an option as it stood on the command line.
type given struct {
	*option
	words []string
}

// commandLine is what a command line says, before values are read.
type commandLine struct {
	given    []given
	plain    []string // words that are no option's value, in order
	leftOver []string // options that nobody knows, in order, among the plain ones
}

// last returns the last occurrence of an option: it wins (R-CMD-12).
func (l *commandLine) last(name string) (given, bool) {
	for _, g := range slices.Backward(l.given) {
		if g.name == name {
			return g, true
		}
	}
	return given{}, false
}

func (l *commandLine) has(name string) bool {
	_, ok := l.last(name)
	return ok
}

// text is the value of an option that takes one word, "" without it.
func (l *commandLine) text(name string) string {
	if g, ok := l.last(name); ok && len(g.words) > 0 {
		return g.words[0]
	}
	return ""
}

// read sorts words into options with their values and the rest. Words after a known option are its values as far as it
// takes them (R-CMD-9, R-CMD-10, R-CMD-13, R-CMD-14).
func (l *commandLine) read(words []string, known []*option) error {
	for i := 0; i < len(words); i++ {
		word := words[i]
		if word == "--" { // R-CMD-19: no separator; everything after it is left over
			l.leftOver = append(l.leftOver, words[i+1:]...)
			return nil
		}
		_, _, _, o, err := lookUp(word, known)
		switch {
		case err != nil:
			return err
		case o == nil && isOption(word):
			l.leftOver = append(l.leftOver, word)
		case o == nil:
			l.plain = append(l.plain, word)
		default:
			used, err := l.take(words[i:], known)
			if err != nil {
				return err
			}
			i += used
		}
	}
	return nil
}

// readGlobals reads the global options of a whole command line and nothing else, in whichever of the three places they
// stand (R-CMD-5): their checks come before all others (R-CMD-20).
func (l *commandLine) readGlobals(words []string) error {
	for i := 0; i < len(words) && words[i] != "--"; i++ {
		if _, _, _, o, err := lookUp(words[i], globals); err != nil || o == nil {
			continue // an option of the operation, or one that read will refuse
		}
		used, err := l.take(words[i:], globals)
		if err != nil {
			return err
		}
		i += used
	}
	return nil
}

// take reads the option that words begin with, which is known, and its values; it returns how many words these are.
func (l *commandLine) take(words []string, known []*option) (used int, err error) {
	name, attached, hasValue, o, _ := lookUp(words[0], known)
	g := given{option: o}
	switch {
	case hasValue && o.takes == takesNone:
		return 0, usageError("argument --%s: ignored explicit argument '%s'", name, attached)
	case hasValue:
		g.words = []string{attached}
	default:
		for used+1 < len(words) && o.wants(used) && isValue(words[used+1], known) {
			used++
		}
		g.words = words[1 : used+1]
	}
	if o.takes == takesOne && len(g.words) == 0 {
		return 0, usageError("argument --%s: expected one argument%s", o.name, dashHint(words, 0))
	}
	l.given = append(l.given, g)
	return used, o.check(g.words)
}

// dashHint says what helps when a value that starts with a dash was taken for an option.
func dashHint(words []string, i int) string {
	if i+1 < len(words) && strings.HasPrefix(words[i+1], "-") {
		return "\n(a value that starts with a dash is written --option=value)"
	}
	return ""
}

func (o *option) wants(have int) bool {
	return o.takes == takesAll || have == 0 && (o.takes == takesOne || o.takes == takesOptional)
}

// check looks at the shape of a value: choices and whole numbers (R-CMD-20, step 4; R-CMD-21).
func (o *option) check(words []string) error {
	if o.whole() && len(words) > 0 {
		if _, ok := wholeNumber(words[0]); !ok {
			return usageError("argument --%s: invalid int value: '%s'", o.name, words[0])
		}
	}
	if o.choices != nil && len(words) > 0 && !slices.Contains(o.choices, words[0]) {
		return usageError("argument --%s: Found invalid choice '%s'; valid choices are: %s", o.name, words[0], strings.Join(o.choices, ", "))
	}
	return nil
}

// lookUp finds the option that a word names, in full or by a prefix of exactly one (R-CMD-11). Global options come first
// among known.
func lookUp(word string, known []*option) (name, attached string, hasValue bool, o *option, err error) {
	rest, dashes := strings.CutPrefix(word, "--")
	if !dashes {
		if word == "-h" {
			return "help", "", false, globals[len(globals)-1], nil
		}
		return "", "", false, nil, nil
	}
	name, attached, hasValue = strings.Cut(rest, "=")
	if name == "" {
		return name, attached, hasValue, nil, nil
	}
	var candidates []*option
	for _, k := range known {
		if k.name == name {
			return name, attached, hasValue, k, nil
		}
		if strings.HasPrefix(k.name, name) {
			candidates = append(candidates, k)
		}
	}
	if global := slices.DeleteFunc(slices.Clone(candidates), func(k *option) bool { return !slices.Contains(globals, k) }); len(global) == 1 {
		return name, attached, hasValue, global[0], nil
	}
	switch len(candidates) {
	case 0:
		return name, attached, hasValue, nil, nil
	case 1:
		return name, attached, hasValue, candidates[0], nil
	}
	names := make([]string, len(candidates))
	for i, k := range candidates {
		names[i] = "--" + k.name
	}
	return "", "", false, nil, usageError("ambiguous option: --%s could match %s", name, strings.Join(names, ", "))
}

var negativeNumber = regexp.MustCompile(`^-\d+$|^-\d*\.\d+$`)

// isOption reports whether a word that names no known option is one all the same (R-CMD-10).
func isOption(word string) bool {
	return len(word) > 1 && word[0] == '-' && !negativeNumber.MatchString(word) && !strings.Contains(word, " ")
}

// isValue reports whether a word can be the value of the option before it.
func isValue(word string, known []*option) bool {
	_, _, _, o, err := lookUp(word, known)
	return err == nil && o == nil && !isOption(word)
}
