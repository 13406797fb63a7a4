package postgres

import (
	"bytes"
	"fmt"
	"unicode/utf8"

	"github.com/drover-iot/drover/store/relational"
)

// incoming are the rows of a table as COPY asks for them. A text that PostgreSQL cannot store is an
// error that says where it is: the embedded store takes any bytes.
type incoming struct {
	table relational.Table
	next  func() (relational.Row, error, bool)
	row   relational.Row
	err   error
}

// Next implements pgx.CopyFromSource.
func (in *incoming) Next() (more bool) {
	in.row, in.err, more = in.next()
	if more && in.err == nil {
		in.err = in.check()
	}
	return more && in.err == nil
}

// Values implements pgx.CopyFromSource.
func (in *incoming) Values() ([]any, error) { return in.row, nil }

// Err implements pgx.CopyFromSource.
func (in *incoming) Err() error { return in.err }

// check looks at the texts of the row.
func (in *incoming) check() error {
	for i, column := range in.table.Columns {
		text, is := in.row[i].([]byte)
		if !is || column.Kind != relational.Text {
			continue
		}
		what := ""
		switch {
		case bytes.IndexByte(text, 0) >= 0:
			what = "has a zero byte"
		case !utf8.Valid(text):
			what = "is not valid UTF-8"
		default:
			continue
		}
		return fmt.Errorf("%s: column %s %s, and PostgreSQL cannot store that",
			in.table.At(in.row), column.Name, what)
	}
	return nil
}
