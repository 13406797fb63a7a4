package command

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

// Given is an option as it stood on the command line, with the words of its value.
type Given struct {
	*Option
	Words []string
}

// Line is what a command line says, before values are read.
type Line struct {
	Given    []Given
	Plain    []string // words that are no option's value, in order
	LeftOver []string // words that look like options and are none, in order
}

// Last returns the last occurrence of an option: it wins (R-CMD-12).
func (l *Line) Last(name string) (Given, bool) {
	for _, g := range slices.Backward(l.Given) {
		if g.Name == name {
			return g, true
		}
	}
	return Given{}, false
}

// Has reports whether an option is given.
func (l *Line) Has(name string) bool {
	_, ok := l.Last(name)
	return ok
}

// Text is the value of an option that takes one word, "" without it.
func (l *Line) Text(name string) string {
	if g, ok := l.Last(name); ok && len(g.Words) > 0 {
		return g.Words[0]
	}
	return ""
}

// WantsHelp reports whether help is asked for, in any of its spellings.
func (l *Line) WantsHelp() bool {
	return l.Has("help") || len(l.Plain) > 0 && l.Plain[0] == "help"
}

// The skeletons that can be asked for.
const (
	SkeletonInput  = "input"
	SkeletonYAML   = "yaml-input"
	SkeletonOutput = "output"
)

// Skeleton is which skeleton is asked for, "" for none. Without a word it is the input.
func (l *Line) Skeleton() string {
	g, given := l.Last("generate-cli-skeleton")
	switch {
	case !given:
		return ""
	case len(g.Words) == 0:
		return SkeletonInput
	}
	return g.Words[0]
}

// Read sorts words into options with their values and the rest. Words after a known option are its
// values as far as it takes them (R-CMD-9, R-CMD-10, R-CMD-13, R-CMD-14).
func (l *Line) Read(words []string, known []*Option) error {
	for i := 0; i < len(words); i++ {
		word := words[i]
		if word == "--" { // R-CMD-19: it separates nothing; everything after it is left over
			l.LeftOver = append(l.LeftOver, words[i+1:]...)
			return nil
		}
		found, err := lookUp(word, known)
		switch {
		case err != nil:
			return err
		case found.Option == nil && isOption(word):
			l.LeftOver = append(l.LeftOver, word)
		case found.Option == nil:
			l.Plain = append(l.Plain, word)
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

// ReadGlobals reads the global options of a whole command line and nothing else, in whichever of
// the three places they stand (R-CMD-5): their checks come before all others (R-CMD-20).
func (l *Line) ReadGlobals(words []string) error {
	for i := 0; i < len(words) && words[i] != "--"; i++ {
		found, err := lookUp(words[i], Globals)
		if err != nil || found.Option == nil {
			continue // an option of the operation, or one that read will refuse
		}
		used, err := l.readOption(found, words[i:], Globals)
		if err != nil {
			return err
		}
		i += used
	}
	return nil
}

// readOption reads the option that was found in the first of words, with its values. It returns how
// many of the words after the first these are.
func (l *Line) readOption(o found, words []string, known []*Option) (used int, err error) {
	// --option=value takes nothing from the words after it, even for an option of several words.
	g := Given{Option: o.Option}
	switch {
	case o.hasValue && o.Takes == TakesNone:
		return 0, exit.BadLine("argument --%s: ignored explicit argument '%s'", o.word, o.value)
	case o.hasValue:
		g.Words = []string{o.value}
	default:
		for used+1 < len(words) && o.wants(used) && isValue(words[used+1], known) {
			used++
		}
		g.Words = words[1 : used+1]
	}
	// A given option with an empty value, --description=, has one word, which is empty.
	if o.Takes == TakesOne && len(g.Words) == 0 {
		return 0, exit.BadLine("argument --%s: expected one argument%s", o.Name, dashHint(words))
	}
	l.Given = append(l.Given, g)
	return used, o.check(g.Words)
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
func (o *Option) wants(have int) bool {
	return o.Takes == TakesAll || have == 0 && (o.Takes == TakesOne || o.Takes == TakesOptional)
}

// check looks at the shape of a value: choices and whole numbers (R-CMD-20, step 4; R-CMD-21).
func (o *Option) check(words []string) error {
	if o.Whole() && len(words) > 0 {
		if _, ok := value.Integer(words[0]); !ok {
			return exit.BadLine("argument --%s: invalid int value: '%s'", o.Name, words[0])
		}
	}
	if o.Choices != nil && len(words) > 0 && !slices.Contains(o.Choices, words[0]) {
		return exit.BadLine("argument --%s: Found invalid choice '%s'; valid choices are: %s",
			o.Name, words[0], strings.Join(o.Choices, ", "))
	}
	return nil
}

// found is what one word says, when it names an option: --job-id=j.
type found struct {
	*Option         // nil when the word names no option that is known
	word     string // the name as it was written, perhaps a beginning of the option's: job-i
	value    string // behind the =
	hasValue bool   // there is a =
}

// lookUp finds the option that a word names, in full or by a beginning that no other option has
// (R-CMD-11). Where both a global option and others fit, the global one is meant. known begins with
// the global options.
func lookUp(word string, known []*Option) (f found, err error) {
	rest, dashes := strings.CutPrefix(word, "--")
	if !dashes {
		if word == "-h" {
			f.word, f.Option = "help", helpOption
		}
		return f, nil
	}
	f.word, f.value, f.hasValue = strings.Cut(rest, "=")
	if f.word == "" {
		return f, nil
	}
	// An option that is written in full is meant, also where it is the beginning of another one.
	var candidates, global []*Option
	for _, k := range known {
		switch {
		case k.Name == f.word:
			f.Option = k
			return f, nil
		case strings.HasPrefix(k.Name, f.word):
			candidates = append(candidates, k)
			if slices.Contains(Globals, k) {
				global = append(global, k)
			}
		}
	}
	if len(global) > 0 {
		candidates = global
	}
	switch len(candidates) {
	case 0:
		return f, nil
	case 1:
		f.Option = candidates[0]
		return f, nil
	}
	names := make([]string, len(candidates))
	for i, k := range candidates {
		names[i] = "--" + k.Name
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
func isValue(word string, known []*Option) bool {
	found, err := lookUp(word, known)
	return err == nil && found.Option == nil && !isOption(word)
}
