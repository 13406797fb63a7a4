package terminal

import (
	"fmt"
	"io"
	"os"
	"time"
)

// A progress line says how far something is that takes a while. On a terminal it is drawn again in
// its place; elsewhere it is a new line when what it says has changed, and not too often, so that
// the log of a build server stays short.

// linesApart is the least time between two lines where each stays.
const linesApart = 5 * time.Second

// Progress is one progress line.
type Progress struct {
	out      io.Writer
	terminal *os.File // nil: each line stays
	shown    string   // the facts that the last line said
	at       time.Time
	open     bool // the terminal's line is not ended yet
}

// NewProgress returns a progress line on a writer. getenv finds TERM.
func NewProgress(out io.Writer, getenv func(string) string) *Progress {
	p := &Progress{out: out}
	if file := Of(out); Moves(file, getenv) {
		p.terminal = file
	}
	return p
}

// Show shows a text at a time. facts are what the text is about without what changes by itself, such
// as the time that is left: where lines stay, there is a new one only when the facts differ. urgent
// is a change that is shown at once all the same.
func (p *Progress) Show(text, facts string, urgent bool, now time.Time) {
	if p.terminal != nil {
		// A line as wide as the terminal would move the cursor into the next.
		columns, _ := Size(p.terminal)
		if columns > 0 {
			text = Cut(text, max(columns-1, 1))
		}
		fmt.Fprintf(p.out, "\r%s\x1b[K", Cut(text, 0))
		p.open = true
		return
	}
	if facts == p.shown || !urgent && now.Sub(p.at) < linesApart {
		return
	}
	p.shown, p.at = facts, now
	fmt.Fprintln(p.out, Cut(text, 0))
}

// End ends the line. The terminal's stays where it is.
func (p *Progress) End() {
	if p.open {
		fmt.Fprintln(p.out)
		p.open = false
	}
}
