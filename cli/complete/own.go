package complete

import (
	"slices"
	"strings"

	"github.com/drover-iot/drover/cli/command"
	"github.com/drover-iot/drover/cli/settings"
	"github.com/drover-iot/drover/schema"
)

// The commands of the program itself. What may stand in them is read from the same texts that make
// their pages: the synopsis and the flags.

// fileWords are the words for names of files and folders in synopses and flags.
var fileWords = []string{"FILE", "DIR", "FOLDER", "PATH"}

// completeOwn says what may stand behind the name of an own command.
func completeOwn(own Own, before []string, word string) Answer {
	w := &walk{line: Line{Word: word}, cursor: &command.Cursor{}}
	verb := ""
	if len(own.Verbs) > 0 {
		if len(before) == 0 {
			for _, v := range own.Verbs {
				if strings.HasPrefix(v, word) {
					w.add(v, short(own.Use(v).About), false)
				}
			}
			return w.answer
		}
		if verb, before = before[0], before[1:]; !slices.Contains(own.Verbs, verb) {
			return w.answer
		}
	}
	w.own(own.Use(verb), before)
	return w.answer
}

// own adds what may stand behind the words of an own command.
func (w *walk) own(use Use, before []string) {
	given := map[string]bool{}
	plain := 0
	var value *OwnOption // that takes the word at the cursor
	for _, b := range before {
		name, _, whole := strings.Cut(strings.TrimLeft(b, "-"), "=")
		o := use.option(name)
		switch {
		case value != nil:
			value = nil
		case !strings.HasPrefix(b, "-"):
			plain++
		case o != nil:
			given[name] = true
			if o.Value != "" && !whole {
				value = o
			}
		}
	}
	word := w.line.Word
	name, text, whole := strings.Cut(word, "=")
	switch o := use.option(strings.TrimLeft(name, "-")); {
	case value != nil:
		w.ownValue(value, "", word)
	case whole && o != nil && strings.HasPrefix(word, "-"):
		w.ownValue(o, name+"=", text)
	default:
		if !strings.HasPrefix(word, "-") {
			w.ownWord(use.Words, plain)
		}
		for _, o := range use.Options {
			if !given[o.Name] && (word != "" || !w.answer.Files) {
				w.add("--"+o.Name, short(o.About), false)
			}
		}
	}
}

// option finds an option by its name, nil without one.
func (u Use) option(name string) *OwnOption {
	for i := range u.Options {
		if u.Options[i].Name == name {
			return &u.Options[i]
		}
	}
	return nil
}

// ownWord adds what the plain word of an index may be, by the synopsis: FILE [KEY] [options], or
// bash|zsh|fish [options].
func (w *walk) ownWord(synopsis string, index int) {
	words := strings.Fields(synopsis)
	if index >= len(words) {
		return
	}
	word := strings.Trim(words[index], "[].")
	switch {
	case slices.Contains(fileWords, word):
		w.answer.Files = true
	case strings.Contains(word, "|"):
		for choice := range strings.SplitSeq(word, "|") {
			w.add(choice, "", false)
		}
	}
}

// ownValue adds what the value of an own option may be. Options that are named like a global one,
// or like a member that has a list, have its values.
func (w *walk) ownValue(o *OwnOption, stem, text string) {
	switch {
	case slices.Contains(fileWords, strings.ToUpper(o.Value)):
		w.answer.Files = true
	case strings.Contains(o.Value, "|"):
		for choice := range strings.SplitSeq(o.Value, "|") {
			w.add(stem+choice, "", false)
		}
	case localOptions[o.Name] != NoLocal:
		w.want(Wanted{Stem: stem, Prefix: text, Local: localOptions[o.Name]})
	default:
		m := &schema.Member{Name: o.Name, Shape: &schema.Shape{}}
		w.scalar(m, m.Shape, stem, text, false)
	}
}

// configureWord stands in the place of a service.
const configureWord = "configure"

// configureVerbs are the commands of configure.
var configureVerbs = []struct{ name, about string }{
	{"set", "changes a key of a profile"},
	{"get", "prints a key of a profile"},
	{"list", "shows the settings in force, and where each comes from"},
	{"list-profiles", "prints the names of the profiles"},
}

// configure adds what may stand behind configure (R-CMD-132).
func (w *walk) configure(words []string) {
	switch {
	case len(words) == 0:
		for _, v := range configureVerbs {
			w.add(v.name, v.about, false)
		}
	case len(words) == 1 && (words[0] == "set" || words[0] == "get"):
		for _, key := range settings.Keys {
			w.add(key, "", false)
		}
	case len(words) == 2 && words[0] == "set":
		// The keys of a profile are named like the options.
		name := strings.ReplaceAll(words[1], "_", "-")
		if o, _, _ := w.cursor.Find("--" + name); o != nil && o.Name == name {
			w.optionValue(o, "", w.line.Word)
		}
	}
}
