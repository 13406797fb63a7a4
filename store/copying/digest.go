package copying

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"

	"github.com/drover-iot/drover/store/relational"
)

// Digest is the SHA-256 of all rows of a table in the order of its key. It is the same whichever
// database the rows are in.
type Digest [sha256.Size]byte

// String is the digest in hexadecimal digits.
func (d Digest) String() string { return hex.EncodeToString(d[:]) }

// sum counts and digests rows.
type sum struct {
	hash hash.Hash
	rows int64
	form []byte // of one row, to be used again
}

func newSum() *sum { return &sum{hash: sha256.New()} }

// add adds a row. Each value is written as a letter for what it is and its value: n; i and eight
// bytes, the highest first; t or b, the number of bytes in eight, and the bytes. So the pair "a",
// NULL is t 00 00 00 00 00 00 00 01 61 n, and no other row has that form.
func (s *sum) add(row relational.Row, t relational.Table) {
	s.form = s.form[:0]
	for i, v := range row {
		switch v := v.(type) {
		case nil:
			s.form = append(s.form, 'n')
		case int64:
			s.form = binary.BigEndian.AppendUint64(append(s.form, 'i'), uint64(v))
		case []byte:
			letter := byte('b')
			if t.Columns[i].Kind == relational.Text {
				letter = 't'
			}
			s.form = binary.BigEndian.AppendUint64(append(s.form, letter), uint64(len(v)))
			s.form = append(s.form, v...)
		}
	}
	_, _ = s.hash.Write(s.form) // never fails
	s.rows++
}

func (s *sum) digest() (d Digest) {
	s.hash.Sum(d[:0])
	return d
}
