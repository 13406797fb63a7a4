package audit

import (
	"bytes"
	"crypto/sha256"
	"time"
)

// A Page is records that follow each other, as they are stored: those of one commit, or as many of
// them as fit. A row for each record would cost a store twice as much.
type Page struct {
	First  int64  // the number of the first record
	Text   []byte // of the records; each ends with a line feed. Nil for a page that was cut
	Hashes []byte // of the records, one after the other
}

// pageBytes is how long the text of a page gets before another one is begun.
const pageBytes = 64 << 10

// Pages makes the records that follow a link, in their order and all of one time.
func (l Link) Pages(entries []Entry, at time.Time) (pages []Page) {
	stamp := appendTime(nil, at)
	r := Record{At: at}
	for i := range entries {
		if i == 0 || len(pages[len(pages)-1].Text) >= pageBytes {
			pages = append(pages, Page{First: l.Number + 1, Text: make([]byte, 0, usualBytes)})
		}
		page := &pages[len(pages)-1]
		begin := len(page.Text)
		r.Entry, r.Number, r.Previous = entries[i], l.Number+1, l.Hash
		page.Text = r.appendText(page.Text, stamp)
		l = Link{Number: r.Number, Hash: sha256.Sum256(page.Text[begin:])}
		page.Text = append(page.Text, '\n')
		page.Hashes = append(page.Hashes, l.Hash[:]...)
	}
	return pages
}

// usualBytes is about what the text of a page has whose records are few.
const usualBytes = 1024

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
	rest, hashes := p.Text, p.Hashes
	for number := p.First; len(rest) > 0 || len(hashes) > 0; number++ {
		line, after, _ := bytes.Cut(rest, []byte{'\n'})
		s := Sealed{Link: Link{Number: number}, Text: line}
		n := copy(s.Hash[:], hashes)
		rest, hashes = after, hashes[n:]
		records = append(records, s)
	}
	return records
}
