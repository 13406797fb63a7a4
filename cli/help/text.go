package help

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// A page as text: headings at the left edge, everything else behind margins of four columns.

// MaxWidth is how wide a page is at most: longer lines are hard to read.
const MaxWidth = 100

// minWidth is the width below which a page is not narrowed further: margins and options need it.
const minWidth = 40

// margin is how far each level is further to the right.
const margin = "    "

// Style is how a page is shown as text.
type Style struct {
	Width int  // of the terminal, in columns; at most MaxWidth are used, and all of it for 0
	Bold  bool // headings and terms are in bold letters
}

// Text returns a page as text.
func (p *Page) Text(style Style) string {
	if style.Width <= 0 {
		style.Width = MaxWidth
	}
	w := &textWriter{bold: style.Bold, width: max(min(style.Width, MaxWidth), minWidth)}
	for i, s := range p.Sections {
		if i > 0 {
			w.WriteString("\n")
		}
		w.WriteString(w.strong(s.Title) + "\n")
		for n, b := range s.Blocks {
			if n > 0 {
				w.WriteString("\n")
			}
			w.block(b, margin)
		}
	}
	return w.String()
}

// A textWriter gathers the text of a page.
type textWriter struct {
	strings.Builder
	width int
	bold  bool
}

// strong is a text in bold letters, where there are any.
func (w *textWriter) strong(text string) string {
	if !w.bold || text == "" {
		return text
	}
	return "\x1b[1m" + text + "\x1b[0m"
}

// block writes a block behind a margin.
func (w *textWriter) block(b Block, at string) {
	switch b := b.(type) {
	case Paragraph:
		w.fill(strings.Fields(string(b)), at, at)
	case Code:
		for _, line := range b {
			w.code(line, at)
		}
	case Command:
		for _, line := range b {
			w.command(line, at)
		}
	case Entry:
		w.WriteString(at + w.strong(b.Term) + b.Mark + "\n")
		for _, inner := range b.Blocks {
			w.block(inner, at+margin)
		}
	case Rows:
		w.rows(b, at)
	}
}

// fill writes words in as many lines as they need, the first behind one margin and the others
// behind another. A word that is wider than a line has one to itself.
func (w *textWriter) fill(words []string, first, others string) {
	line, at := "", first
	for _, word := range words {
		if line != "" && columns(at+line)+1+columns(word) > w.width {
			w.WriteString(at + line + "\n")
			line, at = "", others
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	if line != "" {
		w.WriteString(at + line + "\n")
	}
}

// code writes a line as it is. One that is too wide is broken after a comma or a bar, and goes on
// two columns further to the right.
func (w *textWriter) code(line, at string) {
	indent := line[:len(line)-len(strings.TrimLeft(line, " "))]
	for columns(at+line) > w.width {
		cut := breakAt(line, w.width-len(at))
		if cut < 0 {
			break
		}
		w.WriteString(at + line[:cut] + "\n")
		line = indent + "  " + strings.TrimLeft(line[cut:], " ")
	}
	w.WriteString(strings.TrimRight(at+line, " ") + "\n")
}

// command writes a line for a shell. One that is too wide is broken before an option.
func (w *textWriter) command(line, at string) {
	const more = ` \`
	for columns(at+line) > w.width {
		indent := len(line) - len(strings.TrimLeft(line, " "))
		cut := strings.LastIndex(line[:min(len(line), w.width-len(at)-len(more)+1)], " --")
		if cut < indent { // the first option alone is too wide
			cut = indent + strings.Index(line[indent:], " --")
		}
		if cut <= indent {
			break
		}
		w.WriteString(at + line[:cut] + more + "\n")
		line = margin + line[cut+1:]
	}
	w.WriteString(at + line + "\n")
}

// breakAt is the index behind the last comma or bar of a line that leaves at most so many columns
// in front, -1 when there is none. A line is not broken within its indent.
func breakAt(line string, most int) int {
	cut := -1
	for i, c := range line {
		if (c == ',' || c == '|') && columns(line[:i+1]) <= most {
			cut = i + 1
		}
	}
	if cut < 0 || strings.TrimSpace(line[cut:]) == "" {
		return -1
	}
	return cut
}

// rows writes short entries in two columns. A term that is too long for its column has a line to
// itself.
func (w *textWriter) rows(rows Rows, at string) {
	longest := 0
	for _, r := range rows {
		longest = max(longest, columns(r.Term))
	}
	column := min(longest, w.width/2) + 2
	beside := at + strings.Repeat(" ", column)
	for _, r := range rows {
		first := at + w.strong(r.Term)
		if pad := column - columns(r.Term); pad >= 2 {
			first += strings.Repeat(" ", pad)
		} else {
			w.WriteString(first + "\n")
			first = beside
		}
		var text textWriter
		text.width = w.width
		text.fill(strings.Fields(r.Text), beside, beside)
		// The first line stands beside the term, whose bold letters have no width.
		lines := strings.SplitAfter(text.String(), "\n")
		lines[0] = strings.TrimRight(first+strings.TrimPrefix(lines[0], beside), " \n") + "\n"
		w.WriteString(strings.Join(slices.DeleteFunc(lines, isEmpty), ""))
	}
}

func isEmpty(s string) bool { return s == "" }

// columns is how wide a text is. Pages hold no wide characters.
func columns(s string) int { return utf8.RuneCountInString(s) }
