package complete

import (
	"slices"
	"strings"

	"github.com/drover-iot/drover/cli/command"
	"github.com/drover-iot/drover/schema"
)

// The value of an option: what the description says of it, and where else its values are known.

// Local names values that stand in files on this machine.
type Local int

// The local values.
const (
	NoLocal  Local = iota
	Profiles       // names of the profiles of the shared files
	Regions        // regions that are configured
	Paths          // names of files, for values that begin with file://
)

// Wanted is what may stand at the cursor beside the candidates, and has to be looked up.
type Wanted struct {
	Stem   string // stands in front of each value, in the same word
	Prefix string // what is written of the value
	Local  Local
	Lists  []List // of the API, to be asked all at once

	given []string // values that are on the line already
}

// Complete makes a candidate of a value that was looked up. ok says whether it goes on from what is
// written.
func (w *Wanted) Complete(value, about string, open bool) (c Candidate, ok bool) {
	ok = strings.HasPrefix(value, w.Prefix) && !slices.Contains(w.given, value)
	return Candidate{w.Stem + value, short(about), open}, ok
}

// localOptions are the options of the command line whose values are on this machine.
var localOptions = map[string]Local{"profile": Profiles, "region": Regions}

// fileOptions are the options of the command line that take the name of a file.
var fileOptions = []string{"ca-bundle"}

// inputOptions take a text that usually stands in a file, behind file://.
var inputOptions = []string{"cli-input-json", "cli-input-yaml"}

// fileTypes are the types whose values usually stand in a file, behind file://.
var fileTypes = []string{
	"Document", "PolicyDocument", "CertificatePem", "SigningRequest",
}

// filePrefixes are what a value begins with that stands in a file (R-CMD-42).
var filePrefixes = []string{"file://", "fileb://"}

// optionValue adds what the value of an option may be. stem stands in front of it in the word:
// --option=.
func (w *walk) optionValue(o *command.Option, stem, text string) {
	for _, choice := range o.Choices {
		w.add(stem+choice, "", false)
	}
	for _, prefix := range filePrefixes {
		if path, ok := strings.CutPrefix(text, prefix); ok && o.Takes != command.TakesNone {
			w.want(Wanted{Stem: stem + prefix, Prefix: path, Local: Paths})
			return
		}
	}
	switch {
	case o.Member != nil:
		w.memberValue(o.Member, stem, text)
	case localOptions[o.Name] != NoLocal:
		w.want(Wanted{Stem: stem, Prefix: text, Local: localOptions[o.Name]})
	case slices.Contains(fileOptions, o.Name), strings.HasSuffix(o.Name, "-outfile"):
		w.answer.Files = true
	case slices.Contains(inputOptions, o.Name):
		w.add(stem+filePrefixes[0], "", true)
	}
}

// memberValue adds what the value of a member's option may be.
func (w *walk) memberValue(m *schema.Member, stem, text string) {
	s := m.Shape
	if inside := elementOf(s); inside.Kind == schema.Structure || inside.Kind == schema.Map {
		w.shorthand(inside, stem, text)
		return
	}
	if slices.Contains(fileTypes, s.Name) {
		w.add(stem+filePrefixes[0], "", true)
	}
	w.scalar(m, elementOf(s), stem, text, false)
}

// elementOf is what each word of an option is: an element of a list, or the value itself.
func elementOf(s *schema.Shape) *schema.Shape {
	if s.Kind == schema.List {
		return s.Elem
	}
	return s
}

// scalar adds what a text, number or boolean may be. m is the member that it is the value of, or an
// element of the value; open is whether the word goes on behind it.
func (w *walk) scalar(m *schema.Member, s *schema.Shape, stem, text string, open bool) {
	for _, one := range s.Constraint.OneOf {
		w.add(stem+one, "", open)
	}
	if s.Kind == schema.Boolean { // in shorthand; an option of its own takes none
		w.add(stem+"true", "", open)
		w.add(stem+"false", "", open)
	}
	if lists := w.lists(m, s, text); len(lists) > 0 {
		w.want(Wanted{Stem: stem, Prefix: text, Lists: lists})
	}
}

// want adds what has to be looked up.
func (w *walk) want(wanted Wanted) {
	wanted.given = w.given()
	w.answer.Wanted = &wanted
}
