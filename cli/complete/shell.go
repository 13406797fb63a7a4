package complete

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/drover-iot/drover/cli/shellwords"
)

// What passes between a shell and the program. The script of a shell (scripts.go) calls the program
// with the line, in the form in which that shell has it, and reads an answer in lines: the first
// says what kind of answer it is, each other one is a candidate.

// A Request is a line as a shell sends it.
type Request struct {
	Shell string // bash, zsh or fish
	Name  string // of the program, as it is completed: drover or aws
	Line  Line

	// Redirected is whether the word at the cursor is a file that the shell itself opens.
	Redirected bool

	// cut is how many bytes at the beginning of the word the shell leaves as they are, and does
	// not want back.
	cut int
	// quoted is whether the word is inside of quotes, where nothing is escaped.
	quoted bool
}

// Described reports whether the shell shows texts beside candidates.
func (r Request) Described() bool { return r.Shell != "bash" }

// ReadRequest reads the arguments that a script calls the program with:
//
//	bash NAME COMP_WORDBREAKS LINE REST       the line in front of the cursor and behind it
//	zsh NAME COUNT WORD...                    as many words in front of the one at the cursor
//	fish NAME COUNT WORD...
//
// ok is false for arguments that no script sends.
func ReadRequest(args []string) (r Request, ok bool) {
	if len(args) < 4 {
		return r, false
	}
	r.Shell, r.Name = args[0], args[1]
	if r.Shell == "bash" {
		if len(args) < 5 {
			return r, false
		}
		r.readBash(args[2], args[3], args[4])
		return r, true
	}
	var count int
	_, err := fmt.Sscan(args[2], &count)
	words := args[3:]
	if err != nil || count < 0 || count >= len(words) || !slices.Contains(Shells, r.Shell) {
		return r, false
	}
	// Both shells remove the quotes of whole words, and leave those of the word at the cursor.
	raw := words[count]
	r.Line = Line{Before: words[:count], Word: unquoted(raw), After: words[count+1:]}
	return r, true
}

// unquoted is a word without its quotes, which may be open.
func unquoted(raw string) string {
	words, _ := shellwords.Split(raw)
	if len(words) == 0 {
		return ""
	}
	return words[0]
}

// readBash splits the line, which bash passes as it was typed. Bash itself would divide words at
// each of breaks, the colons of an ARN among them, and wants back what follows the last of those.
func (r *Request) readBash(breaks, line, rest string) {
	words, open := shellwords.Split(line)
	word := ""
	if open {
		word, words = words[len(words)-1], words[:len(words)-1]
	}
	// In front of the program's name, variables may be set for it.
	for len(words) > 0 && strings.Contains(words[0], "=") {
		words = words[1:]
	}
	words = words[min(1, len(words)):]
	if len(words) > 0 && slices.Contains(redirections, words[len(words)-1]) {
		r.Redirected = true
	}
	// What is left of the word at the cursor is behind it, too.
	after, _ := shellwords.Split(rest)
	if rest != "" && !strings.ContainsRune(" \t\n", rune(rest[0])) && len(after) > 0 {
		after = after[1:]
	}
	r.Line = Line{Before: words, Word: word, After: after}
	r.quoted = inQuotes(line)
	r.cut = cutOf(line, breaks, r.quoted, word)
}

// redirections are the words in front of a file that bash opens. The other shells know for
// themselves.
var redirections = []string{">", ">>", "<", "2>", "2>>", "&>"}

// inQuotes reports whether a line ends inside of quotes: a blank there would be a part of the word.
func inQuotes(line string) bool {
	_, open := shellwords.Split(line + " ")
	return open
}

// cutOf is how much of the word at the end of a line bash leaves as it is: all up to a quote that
// is open, or up to the last of breaks that is not quoted.
func cutOf(line, breaks string, quoted bool, word string) int {
	for i := len(line) - 1; i >= 0; i-- {
		end := i + 1 // behind the break
		if quoted {
			end = i // in front of the quote
		} else if !strings.ContainsRune(breaks, rune(line[i])) {
			continue
		}
		if inQuotes(line[:i]) {
			continue
		}
		words, open := shellwords.Split(line[:end])
		if !open {
			return 0
		}
		if last := words[len(words)-1]; strings.HasPrefix(word, last) {
			return len(last)
		}
		return 0
	}
	return 0
}

// Write writes an answer for the shell of a request.
func (r Request) Write(a Answer) string {
	var b strings.Builder
	switch {
	case a.Files && len(a.Candidates) == 0:
		b.WriteString("files\n")
	case r.Shell == "zsh" && r.sharesStem(a):
		fmt.Fprintf(&b, "words %d\n", utf8.RuneCountInString(r.Line.Word[:a.Stem]))
	default:
		a.Stem = 0
		b.WriteString("words 0\n")
	}
	for _, c := range a.Candidates {
		if strings.ContainsAny(c.Text, "\n\t") { // which no script could tell from its own
			continue
		}
		r.writeOne(&b, c, a.Stem, len(a.Candidates) == 1)
	}
	return b.String()
}

// sharesStem reports whether what all candidates share is a part of the word as it was typed.
func (r Request) sharesStem(a Answer) bool {
	return a.Stem > 0 && a.Stem <= len(r.Line.Word) && !slices.ContainsFunc(a.Candidates,
		func(c Candidate) bool { return !strings.HasPrefix(c.Text, r.Line.Word[:a.Stem]) })
}

// writeOne writes a candidate. stem is how much of it the shell has already, alone is whether it is
// the only one.
func (r Request) writeOne(b *strings.Builder, c Candidate, stem int, alone bool) {
	about := strings.Join(strings.Fields(c.About), " ")
	switch r.Shell {
	case "bash":
		text := c.Text[min(r.cut, len(c.Text)):]
		if r.quoted { // bash closes the quote
			if strings.ContainsAny(text, "'\"`$\\") {
				return
			}
			b.WriteString(text + "\n")
			if c.Open && alone { // unless there are two
				b.WriteString(text + " \n")
			}
			return
		}
		text = escaped(text)
		if !c.Open {
			text += " "
		}
		b.WriteString(text + "\n")
	case "zsh":
		mark := "-"
		if c.Open {
			mark = "+"
		}
		text := strings.ReplaceAll(c.Text[stem:], ":", `\:`)
		if about != "" {
			text += ":" + about
		}
		b.WriteString(mark + text + "\n")
	default:
		b.WriteString(c.Text + "\t" + about + "\n")
		// Behind a word that is the only one fish closes quotes and writes a blank, unless it ends
		// like one that goes on.
		if c.Open && !strings.HasSuffix(c.Text, "=") && !strings.HasSuffix(c.Text, "/") {
			b.WriteString(c.Text + ",\t" + about + "\n")
		}
	}
}

// escaped is a text as bash reads it outside of quotes.
func escaped(text string) string {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789" +
		"-_./:=,@%+~"
	var b strings.Builder
	for _, c := range text {
		if c < utf8.RuneSelf && !strings.ContainsRune(plain, c) {
			b.WriteByte('\\')
		}
		b.WriteRune(c)
	}
	return b.String()
}
