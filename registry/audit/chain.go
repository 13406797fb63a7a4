package audit

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"
)

// A Hash is the SHA-256 of the text of a record. That of the record before the first one is zero.
type Hash [sha256.Size]byte

// String is the hash in hexadecimal.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// MarshalText is String.
func (h Hash) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText reads what String wrote.
func (h *Hash) UnmarshalText(text []byte) (err error) {
	*h, err = ParseHash(string(text))
	return err
}

// ParseHash reads a hash in hexadecimal.
func ParseHash(text string) (h Hash, err error) {
	read, err := hex.DecodeString(text)
	if err != nil || len(read) != len(h) {
		return h, fmt.Errorf("%q is no SHA-256: it has %d hexadecimal digits", text, 2*len(h))
	}
	return Hash(read), nil
}

// A Link is a place in the chain: a record by its number, and its hash. The zero Link is the place
// before the first record, which has the number 1.
type Link struct {
	Number int64 `json:"number"`
	Hash   Hash  `json:"hash"`
}

// Sealed is a record as it is stored.
type Sealed struct {
	Link
	Text []byte
}

// Append makes the record that follows a link.
func (l Link) Append(e Entry, at time.Time) Sealed {
	r := Record{Entry: e, Link: Link{Number: l.Number + 1}, At: at, Previous: l.Hash}
	return r.Seal()
}

// Seal is a record as it is stored, made of what it says.
func (r Record) Seal() Sealed {
	text := r.appendText(nil, appendTime(nil, r.At))
	return Sealed{Link: Link{Number: r.Number, Hash: sha256.Sum256(text)}, Text: text}
}

// A Misfit is the first record that does not fit into a chain, and why.
type Misfit struct {
	Number int64
	Reason string
}

// Error says which record does not fit.
func (m *Misfit) Error() string { return fmt.Sprintf("record %d: %s", m.Number, m.Reason) }

// Check reports whether a stored record is the one that follows a link; nil when it is. next is
// what a store has at the place after the link.
func (l Link) Check(next Sealed) *Misfit {
	if next.Number != l.Number+1 {
		return &Misfit{l.Number + 1, "it is missing"}
	}
	if sha256.Sum256(next.Text) != next.Hash {
		return &Misfit{next.Number, "what it says, or its hash, was changed"}
	}
	var says struct {
		Number   int64 `json:"number"`
		Previous Hash  `json:"previous"`
	}
	if err := json.Unmarshal(next.Text, &says); err != nil || says.Number != next.Number {
		return &Misfit{next.Number, "it is not the record of this number"}
	}
	if says.Previous != l.Hash {
		return &Misfit{next.Number,
			"it does not follow the record before it: one of the two was replaced"}
	}
	return nil
}

// A Walk verifies a chain, record by record. It begins at a link that is known to be right: the
// zero Link, the mark of a log that was cut, or one that an earlier walk has come to.
type Walk struct {
	At Link
	// Noted is a head that was noted before; the zero Link is none.
	Noted Link
	// Cut is up to which record the log was cut, as the last record says that speaks of it. A walk
	// that goes on begins with that of the one before.
	Cut int64
}

// Step takes the next stored record.
func (w *Walk) Step(next Sealed) *Misfit {
	if misfit := w.At.Check(next); misfit != nil {
		return misfit
	}
	w.At = next.Link
	if upTo, ok := next.CutUpTo(); ok {
		w.Cut = upTo
	}
	if w.At.Number == w.Noted.Number && w.At.Hash != w.Noted.Hash {
		return &Misfit{w.At.Number, "it is not the one that was noted as the head of the log: " +
			"it, or one before it, was replaced and all later ones with it"}
	}
	return nil
}

// End is called when there are no further records. mark is the last record that was cut.
func (w *Walk) End(mark Link) *Misfit {
	if w.At.Number < w.Noted.Number {
		return &Misfit{w.At.Number + 1, fmt.Sprintf("it is missing: the log ends with record %d, "+
			"and its head was record %d when that was noted", w.At.Number, w.Noted.Number)}
	}
	if mark.Number != w.Cut {
		return &Misfit{mark.Number, fmt.Sprintf("it and those before it were removed, and not by the "+
			"server: the last record of a cut says that it was one up to %d", w.Cut)}
	}
	return nil
}
