package cli

import (
	"regexp"
	"slices"
	"strings"

	"github.com/drover-iot/drover/cli/exit"
	"github.com/drover-iot/drover/cli/value"
)

// The words of a command line. They are sorted into options with their values, plain words, and
// what is left over; which options there are depends on what is known so far: the global ones
// first, those of the operation when it is known.

// given is an option as it stood on the command line, with the words of its value.
type given struct {
	*option
	words []string
}

// commandLine is what a command line says, before values are read.
type commandLine struct {
	given    []given
	plain    []string // words that are no option's value, in order
	leftOver []string // words that look like options and are none, in order
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

// has reports whether an option is given.
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

// wantsHelp reports whether help is asked for, in any of its spellings.
func (l *commandLine) wantsHelp() bool {
	return l.has("help") || len(l.plain) > 0 && l.plain[0] == "help"
}

// The skeletons that can be asked for.
const (
	skeletonInput  = "input"
	skeletonOutput = "output"
)

// skeleton is which skeleton is asked for, "" for none. Without a word it is the input.
func (l *commandLine) skeleton() string {
	g, given := l.last("generate-cli-skeleton")
	switch {
	case !given:
		return ""
	case len(g.words) == 0:
		return skeletonInput
	}
	return g.words[0]
}

// read sorts words into options with their values and the rest. Words after a known option are its
// values as far as it takes them (R-CMD-9, R-CMD-10, R-CMD-13, R-CMD-14).
func (l *commandLine) read(words []string, known []*option) error {
	for i := 0; i < len(words); i++ {
		word := words[i]
		if word == "--" { // R-CMD-19: it separates nothing; everything after it is left over
			l.leftOver = append(l.leftOver, words[i+1:]...)
			return nil
		}
		found, err := lookUp(word, known)
		switch {
		case err != nil:
			return err
		case found.option == nil && isOption(word):
			l.leftOver = append(l.leftOver, word)
		case found.option == nil:
			l.plain = append(l.plain, word)
		default:
			used, err := l.readOption(found, words[i:], known)
			if err != nil {
				return err
			}
			i += used
		}
	}
	return nil
}

// readGlobals reads the global options of a whole command line and nothing else, in whichever of
// the three places they stand (R-CMD-5): their checks come before all others (R-CMD-20).
func (l *commandLine) readGlobals(words []string) error {
	for i := 0; i < len(words) && words[i] != "--"; i++ {
		found, err := lookUp(words[i], globals)
		if err != nil || found.option == nil {
			continue // an option of the operation, or one that read will refuse
		}
		used, err := l.readOption(found, words[i:], globals)
		if err != nil {
			return err
		}
		i += used
	}
	return nil
}

// readOption reads the option that was found in the first of words, with its values. It returns how
// many of the words after the first these are.
func (l *commandLine) readOption(o found, words []string, known []*option) (used int, err error) {
	// --option=value takes nothing from the words after it, even for an option of several words.
	g := given{option: o.option}
	switch {
	case o.hasValue && o.takes == takesNone:
		return 0, exit.BadLine("argument --%s: ignored explicit argument '%s'", o.word, o.value)
	case o.hasValue:
		g.words = []string{o.value}
	default:
		for used+1 < len(words) && o.wants(used) && isValue(words[used+1], known) {
			used++
		}
		g.words = words[1 : used+1]
	}
	// A given option with an empty value, --description=, has one word, which is empty.
	if o.takes == takesOne && len(g.words) == 0 {
		return 0, exit.BadLine("argument --%s: expected one argument%s", o.name, dashHint(words))
	}
	l.given = append(l.given, g)
	return used, o.check(g.words)
}

// dashHint says what helps when a value that starts with a dash was read as an option. words begin
// with the option that lacks the value.
func dashHint(words []string) string {
	if len(words) > 1 && strings.HasPrefix(words[1], "-") {
		return "\n(a value that starts with a dash is written --option=value)"
	}
	return ""
}

// wants reports whether an option takes another word after those that it has: --targets a b takes
// both, --job-id a b only the first.
func (o *option) wants(have int) bool {
	return o.takes == takesAll || have == 0 && (o.takes == takesOne || o.takes == takesOptional)
}

// check looks at the shape of a value: choices and whole numbers (R-CMD-20, step 4; R-CMD-21).
func (o *option) check(words []string) error {
	if o.whole() && len(words) > 0 {
		if _, ok := value.Integer(words[0]); !ok {
			return exit.BadLine("argument --%s: invalid int value: '%s'", o.name, words[0])
		}
	}
	if o.choices != nil && len(words) > 0 && !slices.Contains(o.choices, words[0]) {
		return exit.BadLine("argument --%s: Found invalid choice '%s'; valid choices are: %s",
			o.name, words[0], strings.Join(o.choices, ", "))
	}
	return nil
}

// found is what one word says, when it names an option: --job-id=j.
type found struct {
	*option         // nil when the word names no option that is known
	word     string // the name as it was written, perhaps a beginning of the option's: job-i
	value    string // behind the =
	hasValue bool   // there is a =
}

// lookUp finds the option that a word names, in full or by a beginning that no other option has
// (R-CMD-11). Where both a global option and others fit, the global one is meant. known begins with
// the global options.
func lookUp(word string, known []*option) (f found, err error) {
	rest, dashes := strings.CutPrefix(word, "--")
	if !dashes {
		if word == "-h" {
			f.word, f.option = "help", helpOption
		}
		return f, nil
	}
	f.word, f.value, f.hasValue = strings.Cut(rest, "=")
	if f.word == "" {
		return f, nil
	}
	// An option that is written in full is meant, also where it is the beginning of another one.
	var candidates, global []*option
	for _, k := range known {
		switch {
		case k.name == f.word:
			f.option = k
			return f, nil
		case strings.HasPrefix(k.name, f.word):
			candidates = append(candidates, k)
			if slices.Contains(globals, k) {
				global = append(global, k)
			}
		}
	}
	if len(global) == 1 {
		candidates = global
	}
	switch len(candidates) {
	case 0:
		return f, nil
	case 1:
		f.option = candidates[0]
		return f, nil
	}
	names := make([]string, len(candidates))
	for i, k := range candidates {
		names[i] = "--" + k.name
	}
	return found{}, exit.BadLine("ambiguous option: --%s could match %s",
		f.word, strings.Join(names, ", "))
}

// negativeNumber matches words that begin with a dash and are values.
var negativeNumber = regexp.MustCompile(`^-\d+$|^-\d*\.\d+$`)

// isOption reports whether a word that names no known option is one all the same (R-CMD-10): -x is,
// -5 and "- a text" are not.
func isOption(word string) bool {
	return len(word) > 1 && word[0] == '-' &&
		!negativeNumber.MatchString(word) && !strings.Contains(word, " ")
}

// isValue reports whether a word can be the value of the option before it: one that looks like an
// option, known or not, cannot.
func isValue(word string, known []*option) bool {
	found, err := lookUp(word, known)
	return err == nil && found.option == nil && !isOption(word)
}
