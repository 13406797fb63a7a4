package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/drover-iot/drover/app"
	"github.com/drover-iot/drover/cli/overview"
	"github.com/drover-iot/drover/cli/terminal"
	"github.com/drover-iot/drover/store/copying"
	"github.com/drover-iot/drover/store/postgres"
	"github.com/drover-iot/drover/store/relational"
	"github.com/drover-iot/drover/store/sqlite"
)

// drover store copy: the data of a server that is stopped, from one database to another (R-NODE-14).

// storeVerbs are the verbs of drover store.
func storeVerbs() []verb {
	return []verb{{"copy", "FROM TO", copyStore}}
}

// storeCopyAbout is the help text of drover store copy.
const storeCopyAbout = `Copy all data of a server that is stopped from one store to another. FROM and TO are data folders,
files of the embedded store, or URLs of PostgreSQL databases:

  drover store copy drover-data postgres://drover@db.example/drover
  drover store copy postgres://drover@db.example/drover drover-data
  drover store copy drover-data/drover.db backup/drover.db

FROM stays as it is. It must be at the schema of this drover: one that is older is brought to it when
this drover is started on it once. TO must be without data, and a data folder, a file or the tables
are made when they are not there. Neither may be used meanwhile. Stop the server first: a data
folder and a database that are in use are refused.

What has arrived is read back and compared before it counts. The table that is printed then has the
number of rows and a SHA-256 digest of every table, which is the same whatever database the rows are
in. When anything fails or is interrupted, TO stays without data. PostgreSQL cannot store texts with
zero bytes, or that are not UTF-8: a copy ends at such a text, and says in which row it is.

Of a data folder only drover.db is copied. The certificates and keys (ca, device-ca, server, keys.json,
s3-keys.json, token.key), managed-templates and artifacts are files beside it. Start the server on the
database with this data folder, or with a copy of it, or devices will not know the server any more:

  cp -a drover-data/. new-data && rm new-data/drover.db*

The first start puts authorities and keys into the database. From there they are copied as they are,
encrypted. The first server that is started on a data folder into which they were copied needs their
secret (drover serve --secret-file FILE, or the variable DROVER_SECRET) and makes files of them.

Other users of a machine see command lines. A password can stand in ~/.pgpass, or in the variable
PGPASSWORD, and not in the URL. PostgreSQL reads the other variables of its own as well, such as
PGHOST and PGSSLMODE.`

// copyStore copies a store.
func copyStore(ctx context.Context, how string, args []string) error {
	flags := flag.NewFlagSet("store copy", flag.ContinueOnError)
	words, err := parseWords(flags, args, how, storeCopyAbout)
	if err != nil {
		return err
	}
	if len(words) != 2 || words[0] == "" || words[1] == "" {
		return wrongWords(flags)
	}
	from, err := readPlace(words[0])
	if err != nil {
		return err
	}
	to, err := readPlace(words[1])
	if err != nil {
		return err
	}
	results, err := copyPlaces(ctx, from, to)
	if err != nil {
		if ctx.Err() != nil {
			err = fmt.Errorf("interrupted: %w", err)
		}
		return fmt.Errorf("nothing was copied to %s: %w", to, err)
	}
	showCopied(results, from, to)
	return nil
}

// A place is where a store is: a URL, or a file.
type place struct{ url, file string }

// readPlace reads a word of the command line.
func readPlace(word string) (p place, err error) {
	if strings.HasPrefix(word, "postgres://") || strings.HasPrefix(word, "postgresql://") {
		return place{url: word}, nil
	}
	if scheme, _, found := strings.Cut(word, "://"); found {
		return p, fmt.Errorf("%s://: a store is a data folder, a file, or a URL postgres://…", scheme)
	}
	p.file, err = app.StoreFile(word)
	return p, err
}

// String is the place without a password.
func (p place) String() string {
	if p.file != "" {
		return p.file
	}
	u, err := url.Parse(p.url)
	if err != nil {
		return "the database"
	}
	query := u.Query()
	query.Del("password") // where it may stand, too
	u.RawQuery = query.Encode()
	return u.Redacted()
}

// lockPlaces locks the folders of files. Two files in one folder have one lock.
func lockPlaces(from, to place) (release func(), err error) {
	var releases []func()
	release = func() {
		for _, r := range releases {
			r()
		}
	}
	for i, p := range []place{from, to} {
		if p.file == "" || i > 0 && from.file != "" && sameFile(
			filepath.Dir(from.file), filepath.Dir(to.file)) {
			continue
		}
		r, err := app.LockStore(p.file, i > 0)
		if err != nil {
			release()
			return nil, err
		}
		releases = append(releases, r)
	}
	return release, nil
}

// sameFile reports whether two paths are the same file or folder.
func sameFile(a, b string) bool {
	one, err := os.Stat(a)
	other, otherErr := os.Stat(b)
	return err == nil && otherErr == nil && os.SameFile(one, other)
}

// copyPlaces copies one place to another, with its progress on standard error.
func copyPlaces(ctx context.Context, from, to place) (_ []copying.Result, err error) {
	if from == to || from.file != "" && sameFile(from.file, to.file) {
		return nil, errors.New("FROM and TO are the same store")
	}
	release, err := lockPlaces(from, to)
	if err != nil {
		return nil, err
	}
	defer release()
	tables, err := sqlite.Tables()
	if err != nil {
		return nil, err
	}
	source, closeSource, err := from.source(ctx, tables)
	if err != nil {
		return nil, err
	}
	defer func() { _ = closeSource() }() // nothing was written
	target, closeTarget, err := to.target(ctx, tables)
	if err != nil {
		return nil, err
	}
	defer func() {
		if closing := closeTarget(); err != nil { // what was committed stays
			err = errors.Join(err, closing)
		}
	}()
	line := terminal.NewProgress(os.Stderr, os.Getenv)
	defer line.End()
	return copying.Copy(ctx, tables, source, target, func(p copying.Progress) {
		text := progressText(p)
		line.Show(text, text, p.Stage == copying.Finishing, time.Now())
	})
}

// progressText says how far a copy is.
func progressText(p copying.Progress) string {
	if p.Stage == copying.Finishing {
		return fmt.Sprintf("%s: %d rows", p.Stage, p.Total)
	}
	return fmt.Sprintf("%s: %d of %d rows, table %s", p.Stage, p.Done, p.Total, p.Table)
}

// source opens a place to be read.
func (p place) source(ctx context.Context, tables []relational.Table) (
	copying.Source, func() error, error,
) {
	if p.file != "" {
		s, err := sqlite.OpenSource(ctx, p.file)
		if err != nil {
			return nil, nil, err
		}
		return s, s.Close, nil
	}
	s, err := postgres.OpenSource(ctx, p.url, tables)
	if err != nil {
		return nil, nil, err
	}
	return s, s.Close, nil
}

// target opens a place to be filled.
func (p place) target(ctx context.Context, tables []relational.Table) (
	copying.Target, func() error, error,
) {
	if p.file != "" {
		t, err := sqlite.OpenTarget(ctx, p.file, tables)
		if err != nil {
			return nil, nil, err
		}
		return t, t.Close, nil
	}
	t, err := postgres.OpenTarget(ctx, p.url, tables)
	if err != nil {
		return nil, nil, err
	}
	return t, t.Close, nil
}

// showCopied prints what was copied, and on standard error what else there is to do.
func showCopied(results []copying.Result, from, to place) {
	table := overview.Table{Titles: []string{"TABLE", "ROWS", "SHA-256"}}
	var rows int64
	for _, r := range results {
		table.Rows = append(table.Rows, []overview.Cell{
			{Text: r.Table}, {Text: strconv.FormatInt(r.Rows, 10)}, {Text: r.Digest.String()},
		})
		rows += r.Rows
	}
	fmt.Print(table.String(0, false))
	fmt.Fprintf(os.Stderr, "%d rows of %d tables are in %s, checked.\n", rows, len(results), to)
	if from.file == "" {
		fmt.Fprint(os.Stderr, "Keys and authorities in it are encrypted, as they were: "+
			"the next server needs their secret.\n")
		return
	}
	dir := filepath.Dir(from.file)
	if names := app.BesideStore(dir); len(names) > 0 {
		fmt.Fprintf(os.Stderr, "Not part of the store, and needed in the new data folder: "+
			"%s of %s.\n", strings.Join(names, ", "), dir)
	}
}
