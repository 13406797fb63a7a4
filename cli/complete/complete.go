package complete

import (
	"slices"
	"strings"

	"github.com/drover-iot/drover/cli/command"
	"github.com/drover-iot/drover/schema"
)

// A Program is what is called: its name, and the commands that it has beside those of the API. The
// program named aws has none.
type Program struct {
	Name string
	Own  []Own
}

// Own is a command of the program itself.
type Own struct {
	Name, About string
	Verbs       []string
	// Use describes the command, or one of its verbs; "" for the command as a whole.
	Use func(verb string) Use
}

// Use is how an own command is written.
type Use struct {
	About   string
	Words   string // what may follow, as its synopsis says it: FILE [KEY] [options]
	Options []OwnOption
}

// OwnOption is an option of an own command. Value is the word for its value: file; "" for an option
// without one.
type OwnOption struct{ Name, About, Value string }

// A Line is a command line that is being written, without the name of the program.
type Line struct {
	Before []string // the whole words in front of the cursor
	Word   string   // the word at the cursor, as far as it is in front of it
	After  []string // the whole words behind the cursor
}

// A Candidate is a word that may stand at the cursor.
type Candidate struct {
	Text  string // the whole word
	About string // what it is, in one sentence; "" when nothing is said
	Open  bool   // the word goes on behind it, so that no blank follows
}

// An Answer is what may stand at the cursor.
type Answer struct {
	Candidates []Candidate
	Files      bool    // any file: the shell itself completes names of files
	Wanted     *Wanted // what files and the server know beside the candidates; nil for nothing
	Stem       int     // how much of the word all candidates share, so that it need not be shown
}

// Complete says what may stand at the cursor of a line. With texts, candidates are described.
func Complete(p Program, l Line, texts bool) Answer {
	before := l.Before
	if len(before) > 0 && before[0] == "aws" && p.Name != "aws" {
		before = before[1:] // drover aws iot is drover iot (R-CMD-3)
		p.Own = nil
	} else if own := p.find(before); own != nil {
		return completeOwn(*own, before[1:], l.Word)
	} else if len(before) > 0 && before[0] == helpWord && len(p.Own) > 0 {
		return p.helpOn(before[1:], l.Word, texts)
	}
	w := &walk{
		program: p,
		cursor:  command.At(before),
		line:    l,
		texts:   texts,
	}
	w.complete()
	return w.answer
}

// helpWord asks for help, in the place of a command or behind one.
const helpWord = "help"

// find finds the own command that a line begins with, nil for none.
func (p Program) find(words []string) *Own {
	for i := range p.Own {
		if len(words) > 0 && p.Own[i].Name == words[0] {
			return &p.Own[i]
		}
	}
	return nil
}

// helpOn is what may stand behind drover help: a command, and what follows it.
func (p Program) helpOn(words []string, word string, texts bool) Answer {
	inner := Complete(p, Line{Before: words, Word: word}, texts)
	kept := inner.Candidates[:0]
	for _, c := range inner.Candidates {
		if !strings.HasPrefix(c.Text, "-") && c.Text != helpWord {
			kept = append(kept, c)
		}
	}
	return Answer{Candidates: kept}
}

// A walk goes to the place of the cursor, for a line of the API, and gathers what may stand there.
type walk struct {
	program Program
	cursor  *command.Cursor
	line    Line
	texts   bool
	docs    schema.Docs // read when the first text is asked for
	answer  Answer
}

// complete finds out what kind of word stands at the cursor.
func (w *walk) complete() {
	c, word := w.cursor, w.line.Word
	switch {
	case c.Ended:
	case c.Must:
		w.optionValue(c.Value, "", word)
	case strings.HasPrefix(word, "-"):
		if o, value, hasValue := c.Find(word); o != nil && hasValue {
			w.optionValue(o, word[:len(word)-len(value)], value)
			return
		}
		w.options(true)
	case c.Value != nil: // one more value of a list, or what comes behind it
		w.optionValue(c.Value, "", word)
		if word == "" && len(w.given()) > 0 {
			w.options(false)
		}
	case c.Operation != nil:
		w.options(false)
		w.add(helpWord, "Shows the page on this operation.", false)
	default:
		w.names()
	}
}

// add adds a candidate, when it goes on from what is written.
func (w *walk) add(text, about string, open bool) {
	if strings.HasPrefix(text, w.line.Word) && !slices.Contains(w.given(), text) {
		w.answer.Candidates = append(w.answer.Candidates, Candidate{text, about, open})
	}
}

// given are the values that an option at the cursor has already: none is offered twice.
func (w *walk) given() []string {
	if c := w.cursor; c.Value != nil && !strings.HasPrefix(w.line.Word, "-") {
		return c.Given[len(c.Given)-1].Words
	}
	return nil
}

// names adds the plain words that may stand in front of the operation's options.
func (w *walk) names() {
	c := w.cursor
	switch {
	case len(c.Plain) == 0:
		w.firstWords()
	case c.Plain[0] == command.Configure:
		w.configure(c.Plain[1:])
	case c.Service != nil && len(c.Plain) == 1:
		for _, op := range c.Service.Operations {
			name := command.Dashed(op.OperationName())
			w.add(name, w.operationText(op.OperationName(), name), false)
		}
		w.add(helpWord, "Lists the operations.", false)
	}
}

// firstWords adds the commands: the program's own, and the services.
func (w *walk) firstWords() {
	for _, s := range command.Services {
		w.add(s.Name, command.Summary(s), false)
	}
	for _, own := range w.program.Own {
		w.add(own.Name, own.About, false)
	}
	w.add(command.Configure, "shows and changes profiles", false)
	if len(w.program.Own) > 0 {
		w.add("version", "prints the version", false)
	}
	w.add(helpWord, "lists the commands", false)
}

// options adds the options that are not on the line yet: required ones first, then the operation's
// others, and with all the global ones.
func (w *walk) options(all bool) {
	required, others := w.cursor.Free(w.line.After)
	for _, o := range required {
		w.option(o)
	}
	var global []*command.Option
	for _, o := range others {
		if slices.Contains(command.Globals, o) {
			global = append(global, o)
			continue
		}
		w.option(o)
	}
	if all {
		for _, o := range global {
			w.option(o)
		}
	}
}

// option adds an option. What is written of its name is checked first, so that texts are looked up
// for candidates only.
func (w *walk) option(o *command.Option) {
	if name := "--" + o.Name; strings.HasPrefix(name, w.line.Word) {
		w.add(name, w.optionText(o), false)
	}
}
