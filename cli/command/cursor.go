package command

import (
	"slices"

	"github.com/drover-iot/drover/schema"
)

// Reading a line that is being written. Nothing is refused in it: what is wrong now may be right
// with the next word.

// A Cursor is a place behind some whole words of a line, where another word may stand.
type Cursor struct {
	Line

	Service   *schema.Service     // nil as long as it is not named
	Operation *schema.Description // nil as long as it is not named

	// Known are the options that may stand here: the global ones, and those of the operation.
	Known []*Option

	// Value is the option whose value the next word may be, nil without one. Must is whether it can
	// be nothing else: --job-id has no value yet, --targets a may have another one.
	Value *Option
	Must  bool

	// Ended is whether "--" stands in front: no option is read any more (R-CMD-19).
	Ended bool
}

// At reads the words in front of a place. They begin with the service.
func At(words []string) *Cursor {
	c := &Cursor{Known: Globals}
	for i := 0; i < len(words) && !c.Ended; {
		i += c.read(words[i:])
	}
	return c
}

// read reads the first of some words, with its values when it is an option, and returns how many
// words these are.
func (c *Cursor) read(words []string) int {
	c.Value, c.Must = nil, false
	word := words[0]
	found, err := lookUp(word, c.Known)
	switch {
	case word == "--":
		c.Ended = true
		return 1
	case err != nil || found.Option == nil && isOption(word): // unknown, or not yet known
		c.LeftOver = append(c.LeftOver, word)
		return 1
	case found.Option == nil:
		c.name(word)
		return 1
	}
	g := Given{Option: found.Option}
	if found.hasValue {
		g.Words = []string{found.value}
		c.Given = append(c.Given, g)
		return 1
	}
	used := 0
	for used+1 < len(words) && g.wants(used) && isValue(words[used+1], c.Known) {
		used++
	}
	g.Words = words[1 : used+1]
	c.Given = append(c.Given, g)
	if used+1 == len(words) && g.wants(used) {
		c.Value, c.Must = found.Option, used == 0 && g.Takes == TakesOne
	}
	return used + 1
}

// name reads a plain word: the service, the operation, or a word that configure gets.
func (c *Cursor) name(word string) {
	c.Plain = append(c.Plain, word)
	switch len(c.Plain) {
	case 1:
		c.Service = FindService(word)
	case 2:
		if c.Plain[0] == Configure {
			c.Known = slices.Concat(Globals, configureOptions(word))
			return
		}
		if c.Service == nil {
			return
		}
		if c.Operation = Find(c.Service, word); c.Operation != nil {
			c.Known = slices.Concat(Globals, Options(c.Operation))
		}
	}
}

// Find finds the option that a word names, in full or by its beginning, and splits off the value
// that stands behind its "="; nil when it names none.
func (c *Cursor) Find(word string) (o *Option, value string, hasValue bool) {
	f, err := lookUp(word, c.Known)
	if err != nil {
		return nil, "", false
	}
	return f.Option, f.value, f.hasValue
}

// Free are the options that may still be written here, required ones first: those that are not on
// the line. more are the words behind the cursor. Of the two forms of a boolean neither is offered
// when one is there.
func (c *Cursor) Free(more []string) (required, others []*Option) {
	used := map[*schema.Member]bool{}
	names := map[string]bool{}
	mark := func(o *Option) {
		names[o.Name] = true
		if o.Member != nil {
			used[o.Member] = true
		}
	}
	for _, g := range c.Given {
		mark(g.Option)
	}
	for _, word := range more {
		if o, _, _ := c.Find(word); o != nil {
			mark(o)
		}
	}
	for _, o := range c.Known {
		switch {
		case o.Hidden || names[o.Name] || o.Member != nil && used[o.Member]:
		case o.Member != nil && o.Member.Required && !o.Negation:
			required = append(required, o)
		default:
			others = append(others, o)
		}
	}
	return required, others
}
