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
		name, attached, hasValue, o, err := lookUp(word, known)
		switch {
		case err != nil:
			return err
		case o == nil && isOption(word):
			l.leftOver = append(l.leftOver, word)
			continue
		case o == nil:
			l.plain = append(l.plain, word)
			continue
		}
		g := given{option: o}
		if hasValue {
			if o.takes == takesNone {
				return usageError("argument --%s: ignored explicit argument '%s'", name, attached)
			}
			g.words = []string{attached}
		} else {
			for i+1 < len(words) && o.wants(len(g.words)) && isValue(words[i+1], known) {
				i++
				g.words = append(g.words, words[i])
			}
		}
		if o.takes == takesOne && len(g.words) == 0 {
			return usageError("argument --%s: expected one argument%s", o.name, dashHint(words, i))
		}
		if err := o.check(g.words); err != nil {
			return err
		}
		l.given = append(l.given, g)
	}
	return nil
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

func (o *option) check(words []string) error {
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
