package audit

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"time"
)

// A Page is records that follow each other, as they are stored: those of one commit, or as many of
// them as fit. A row for each record would cost a store twice as much, and so would all of its text.
// So what a record has in common with the one before it in its page is not stored again.
type Page struct {
	First  int64  // the number of the first record
	Text   []byte // of the records, see line; each ends with a line feed. Nil for a page that was cut
	Hashes []byte // of the records, one after the other
}

// pageBytes is how long the text of a page gets before another one is begun.
const pageBytes = 64 << 10

// About how long the line of the first record of a page is, and those of the others.
const firstBytes, laterBytes = 512, 256

// Pages makes the records that follow a link, in their order and all of one time.
func (l Link) Pages(entries []Entry, at time.Time) (pages []Page) {
	stamp := appendTime(nil, at)
	r := Record{At: at}
	var text []byte // of the record
	for i := range entries {
		e := &entries[i]
		fresh := i == 0 || len(pages[len(pages)-1].Text) >= pageBytes
		if fresh {
			left := len(entries) - i
			pages = append(pages, Page{
				First:  l.Number + 1,
				Text:   make([]byte, 0, min(pageBytes, firstBytes+left*laterBytes)),
				Hashes: make([]byte, 0, left*len(l.Hash)),
			})
		}
		page := &pages[len(pages)-1]
		alike := !fresh && e.Operator == r.Operator && e.Source == r.Source && e.Operation == r.Operation
		r.Entry, r.Number, r.Previous = *e, l.Number+1, l.Hash
		text = r.appendText(text[:0], stamp)
		l = Link{Number: r.Number, Hash: sha256.Sum256(text)}
		page.Text = append(appendLine(page.Text, text, alike), '\n')
		page.Hashes = append(page.Hashes, l.Hash[:]...)
	}
	return pages
}

// likeBefore begins the line of a record that has the members up to its resource in common with the
// one before it: its number is the next one, it holds the hash of that one, and has its time,
// operator, source and operation. The text of a record begins with a brace.
const likeBefore = '='

// resourceMember is where the text of a record begins that stands in its line also then.
var resourceMember = []byte(`"resource":`)

// appendLine adds the text of a record as a line of a page has it. alike says that it has these
// members in common with the one before it.
func appendLine(line, text []byte, alike bool) []byte {
	if alike {
		if at := bytes.Index(text, resourceMember); at >= 0 {
			return append(append(line, likeBefore), text[at:]...)
		}
	}
	return append(line, text...)
}

// textOf is the text of a record, of its line and of the record before it in its page.
func textOf(line []byte, before Sealed) []byte {
	if len(line) == 0 || line[0] != likeBefore {
		return line
	}
	// Everything between the hash of the record before and its resource is the same.
	_, same, _ := bytes.Cut(before.Text, []byte(`","time":`))
	if at := bytes.Index(same, resourceMember); at >= 0 {
		same = same[:at]
	}
	text := strconv.AppendInt([]byte(`{"number":`), before.Number+1, 10)
	text = append(text, `,"previous":"`...)
	text = hex.AppendEncode(text, before.Hash[:])
	text = append(append(text, `","time":`...), same...)
	return append(text, line[1:]...)
}

// Last is the link of the last record of a page.
func (p Page) Last() (l Link) {
	n := len(p.Hashes) / len(l.Hash)
	l.Number = p.First + int64(n) - 1
	if n > 0 {
		copy(l.Hash[:], p.Hashes[(n-1)*len(l.Hash):])
	}
	return l
}

// Records are the records of a page; none for one that was cut. Of a page that was damaged they are
// what can be told apart, and the first that is damaged does not fit into the chain.
func (p Page) Records() (records []Sealed) {
	if p.Text == nil {
		return nil
	}
	var before Sealed
	rest, hashes := p.Text, p.Hashes
	for number := p.First; len(rest) > 0 || len(hashes) > 0; number++ {
		line, after, _ := bytes.Cut(rest, []byte{'\n'})
		s := Sealed{Link: Link{Number: number}, Text: textOf(line, before)}
		n := copy(s.Hash[:], hashes)
		rest, hashes = after, hashes[n:]
		records, before = append(records, s), s
	}
	return records
}
