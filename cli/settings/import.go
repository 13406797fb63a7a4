package settings

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/drover-iot/drover/cli/exit"
)

// Keys that were downloaded from a console as comma-separated values: the name of a user, an access
// key and its secret in each row, under names in the first one.

// The names of the columns, as messages have them. Capitals do not count in a file.
const (
	columnUser   = "User Name"
	columnKey    = "Access Key ID"
	columnSecret = "Secret Access key"
)

// An Import says what becomes of the rows.
type Import struct {
	Prefix      string // goes before the name of each profile
	SkipInvalid bool   // rows without a name or a key are left out, and are no error
}

// importedKey is a row.
type importedKey struct{ profile, id, secret string }

// Store writes the keys of each row into the profile of its user, in the credentials file, and
// returns how many profiles that were. Nothing is written when a row is wrong (R-CMD-132).
func (i Import) Store(from Sources, text string) (int, error) {
	keys, err := i.read(text, from.option("profile"))
	if err != nil {
		return 0, err
	}
	for _, k := range keys {
		if err := checkProfileName(k.profile); err != nil {
			return 0, err
		}
	}
	for _, k := range keys {
		to := from.withProfile(k.profile)
		for _, pair := range [][2]string{
			{"aws_access_key_id", k.id}, {"aws_secret_access_key", k.secret},
		} {
			if err := Store(to, pair[0], pair[1]); err != nil {
				return 0, err
			}
		}
	}
	return len(keys), nil
}

// read reads the rows. The newest console leaves out the names of users; the one row is then for
// the profile that the command line names.
func (i Import) read(text, profile string) (keys []importedKey, err error) {
	text = strings.TrimPrefix(text, "\ufeff")
	if strings.TrimSpace(text) == "" {
		return nil, exit.Other("Provided CSV contains no contents")
	}
	rows := csv.NewReader(strings.NewReader(text))
	rows.FieldsPerRecord, rows.TrimLeadingSpace = -1, true
	head, err := rows.Read()
	if err != nil {
		return nil, exit.Other("The CSV cannot be read: %v", err)
	}
	column := func(name string) int {
		return slices.IndexFunc(head, func(cell string) bool {
			return strings.EqualFold(strings.TrimSpace(cell), name)
		})
	}
	user, id, secret := column(columnUser), column(columnKey), column(columnSecret)
	switch {
	case user < 0 && (profile == "" || id < 0 || secret < 0):
		return nil, exit.Other("Expected header %q not found\n"+
			"(--csv is the text itself, or file://PATH; a file without names of users goes into the "+
			"profile of --profile)", columnUser)
	case id < 0:
		return nil, exit.Other("Expected header %q not found", columnKey)
	case secret < 0:
		return nil, exit.Other("Expected header %q not found", columnSecret)
	}
	for n := 1; ; n++ {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			return keys, nil
		}
		k, wrong := importedKey{profile: profile}, ""
		if err != nil { // which shows no text of the row
			wrong = err.Error()
		} else {
			k, wrong = readKey(row, profile, user, id, secret)
		}
		switch {
		case wrong == "":
			k.profile = strings.Join([]string{i.Prefix, k.profile}, "")
			keys = append(keys, k)
		case !i.SkipInvalid:
			return nil, exit.Other("Failed to parse entry #%d: %s", n, wrong)
		}
	}
}

// readKey reads a row by the places of its columns, or says what is missing. Without a column for
// users the profile is the one given.
func readKey(row []string, profile string, user, id, secret int) (k importedKey, wrong string) {
	k.profile = profile
	for _, c := range []struct {
		at   int
		name string
		into *string
	}{{user, columnUser, &k.profile}, {id, columnKey, &k.id}, {secret, columnSecret, &k.secret}} {
		if c.at < 0 {
			continue
		}
		if c.at < len(row) {
			*c.into = strings.TrimSpace(row[c.at])
		}
		if c.at >= len(row) || *c.into == "" {
			return k, fmt.Sprintf("Row missing value for header %q", c.name)
		}
	}
	return k, ""
}
