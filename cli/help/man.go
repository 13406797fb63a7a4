package help

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// A page as a man page: roff with the macros of man(7), which man, mandoc and groff read.

// ManName is the name of a command's man page, without its section: drover-iot-create-job.
func (p *Page) ManName() string { return strings.ReplaceAll(p.Name, " ", "-") }

// Man returns a page in the form of man(7), section 1. version is that of Drover. The page has no
// date, so that a build makes the same bytes every time.
func (p *Page) Man(version string) string {
	w := &manWriter{}
	fmt.Fprintf(w, ".TH %s 1 \"\" %s %s\n",
		quoted(strings.ToUpper(p.ManName())), quoted("drover "+version), quoted("Drover"))
	// Hyphenation breaks options in two; adjusted lines are hard to read in a terminal.
	w.WriteString(".nh\n.ad l\n")
	for _, s := range p.Sections {
		fmt.Fprintf(w, ".SH %s\n", quoted(s.Title))
		if s.Title == "NAME" {
			// whatis and apropos read the section in this form.
			fmt.Fprintf(w, "%s \\- %s\n",
				escaped(p.ManName()), escaped(strings.TrimSuffix(p.Summary, ".")))
			continue
		}
		for i, b := range s.Blocks {
			w.block(b, i == 0)
		}
	}
	return w.String()
}

// A manWriter gathers the roff of a page.
type manWriter struct{ strings.Builder }

// block writes a block; first says that nothing stands before it in its section or entry.
func (w *manWriter) block(b Block, first bool) {
	switch b := b.(type) {
	case Paragraph:
		if !first {
			w.WriteString(".PP\n")
		}
		w.line(string(b))
	case Code:
		w.lines(b, first)
	case Command:
		w.lines(b, first)
	case Entry:
		w.entry(b.Term, b.Mark, b.Blocks)
	case Rows:
		for _, r := range b {
			w.entry(r.Term, "", []Block{Paragraph(r.Text)})
		}
	}
}

// lines writes lines that are not filled.
func (w *manWriter) lines(lines []string, first bool) {
	if !first {
		w.WriteString(".PP\n")
	}
	w.WriteString(".nf\n")
	for _, line := range lines {
		w.line(line)
	}
	w.WriteString(".fi\n")
}

// entry writes a term and what is said about it.
func (w *manWriter) entry(term, mark string, blocks []Block) {
	w.WriteString(".TP\n")
	text := escaped(mark)
	if term != "" {
		text = `\fB` + escaped(term) + `\fR` + text
	}
	w.WriteString(text + "\n")
	// Text in the first block stands behind the term; what follows is indented with .RS, because
	// .PP would go back to the left edge.
	if len(blocks) > 0 {
		if p, ok := blocks[0].(Paragraph); ok {
			w.line(string(p))
			blocks = blocks[1:]
		}
	}
	if len(blocks) == 0 {
		return
	}
	w.WriteString(".RS\n")
	for i, inner := range blocks {
		w.block(inner, i == 0)
	}
	w.WriteString(".RE\n")
}

// line writes a line of text. A point or an apostrophe at its beginning would make it a request.
func (w *manWriter) line(text string) {
	text = escaped(text)
	if strings.HasPrefix(text, ".") || strings.HasPrefix(text, "'") {
		text = `\&` + text
	}
	w.WriteString(text + "\n")
}

// escape is what roff reads as something else: the backslash, and characters that are typeset as
// others, which would not be what a user has to type.
var escape = strings.NewReplacer(
	`\`, `\e`, `-`, `\-`, `'`, `\(aq`, "`", `\(ga`, `^`, `\(ha`, `~`, `\(ti`,
)

// escaped is a text that roff shows as it is, in ASCII: é is \[u00E9].
func escaped(text string) string {
	var b strings.Builder
	for _, c := range escape.Replace(text) {
		if c < utf8.RuneSelf {
			b.WriteRune(c)
			continue
		}
		fmt.Fprintf(&b, `\[u%04X]`, c)
	}
	return b.String()
}

// quoted is an argument of a macro.
func quoted(text string) string {
	return `"` + strings.ReplaceAll(escaped(text), `"`, `\(dq`) + `"`
}
