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

// ownTypes are the types in the API of words in synopses, and of options by their names.
var ownTypes = map[string]string{
	"JOB":      "JobID",
	"THING":    "ThingName",
	"thing":    "ThingName",
	"group":    "ThingGroupName",
	"type":     "ThingTypeName",
	"template": "ManagedTemplateName",
}

// completeOwn says what may stand behind the name of an own command.
func completeOwn(own Own, before []string, word string) Answer {
	// There is no cursor in a line of the API, so that nothing of the API is on the line already.
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

// ownGiven is what stands in a line of an own command already.
type ownGiven struct {
	options map[string]bool
	plain   int        // how many words are no options and no values
	value   *OwnOption // that takes the word at the cursor; nil for none
}

// read reads the words in front of the cursor.
func (u Use) read(words []string) ownGiven {
	g := ownGiven{options: map[string]bool{}}
	for _, word := range words {
		name, _, whole := strings.Cut(strings.TrimLeft(word, "-"), "=")
		o := u.option(name)
		switch {
		case g.value != nil: // the word is its value
			g.value = nil
		case !strings.HasPrefix(word, "-"):
			g.plain++
		case o != nil:
			g.options[name] = true
			if o.Value != "" && !whole {
				g.value = o
			}
		}
	}
	return g
}

// own adds what may stand behind the words of an own command.
func (w *walk) own(use Use, before []string) {
	given, word := use.read(before), w.line.Word
	// The word is the value of the option in front, a whole option with its value, or one of those
	// that are not there yet. Where a file may stand, flags are offered behind a dash only.
	name, text, whole := strings.Cut(word, "=")
	switch o := use.option(strings.TrimLeft(name, "-")); {
	case given.value != nil:
		w.ownValue(given.value, "", word)
	case whole && o != nil && strings.HasPrefix(word, "-"):
		w.ownValue(o, name+"=", text)
	default:
		if !strings.HasPrefix(word, "-") {
			w.ownWord(use.Words, given.plain)
		}
		for _, o := range use.Options {
			if !given.options[o.Name] && (word != "" || !w.answer.Files) {
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
	case ownTypes[word] != "":
		w.ownName(word, "", w.line.Word)
	}
}

// ownName adds the names that a list of the API has for a word or an option, by its type or, as
// for targets, by its own name.
func (w *walk) ownName(name, stem, text string) {
	m := &schema.Member{Name: name, Shape: &schema.Shape{Name: ownTypes[name]}}
	w.scalar(m, m.Shape, stem, text, false)
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
	default: // drover jobs create --targets has what the member targets has
		w.ownName(o.Name, stem, text)
	}
}

// configure adds what may stand behind configure (R-CMD-132).
func (w *walk) configure(words []string) {
	switch {
	case len(words) == 0:
		for _, v := range command.ConfigureVerbs() {
			if v.Name != "" {
				w.add(v.Name, v.About, false)
			}
		}
	case len(words) > len(command.ConfigureWords(words[0])): // nothing may follow
	case len(words) == 1:
		for _, key := range settings.Keys {
			w.add(key, "", false)
		}
	case len(words) == 2:
		// The keys of a profile are named like the options.
		name := strings.ReplaceAll(words[1], "_", "-")
		if o, _, _ := w.cursor.Find("--" + name); o != nil && o.Name == name {
			w.optionValue(o, "", w.line.Word)
		}
	}
}
