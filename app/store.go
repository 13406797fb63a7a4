package app

import (
	"context"
	"fmt"
	"net/url"
	"path/filepath"
	"time"

	"github.com/drover-iot/drover/store/postgres"
	"github.com/drover-iot/drover/store/sqlite"
)

// Where everything is kept that the API can change: in a file of the data folder, or in a database
// of PostgreSQL, when Config.Store names one. The data folder has the artifacts in both cases.

// openStore opens the store, once no other server can use the data folder.
func (s *Server) openStore(ctx context.Context) (err error) {
	if s.Store == "" {
		return s.openEmbedded(ctx)
	}
	database, err := postgres.Open(ctx, s.Store)
	if err != nil {
		return err
	}
	s.store, s.database = database, database // closed with the server, also after an error
	if err := database.Use(ctx); err != nil {
		return err
	}
	s.warnOfStore()
	return nil
}

// openEmbedded opens the file of the data folder.
func (s *Server) openEmbedded(ctx context.Context) (err error) {
	if isInDatabase(s.Data) && !isThere(s.Data, storeFile) {
		return keysElsewhere(s.Data)
	}
	if s.Fresh, err = isNew(s.Data); err != nil {
		return err
	}
	file := filepath.Join(s.Data, storeFile)
	notAdded, err := s.addChecksums(ctx, file)
	if err != nil {
		return err
	}
	open := sqlite.Open
	if s.PlainPages {
		open = sqlite.OpenPlain
	}
	s.embedded, err = open(file)
	if err != nil {
		return err // and no *sqlite.Store that is nil in s.store
	}
	s.store = s.embedded
	if notAdded != nil { // not said before: of a file that cannot be opened there is one error
		s.Log.Warn("the store has no page checksums, so damage on the disk may stay unseen",
			"file", file, "err", notAdded)
	}
	return nil
}

// addChecksums brings the file of an earlier Drover to page checksums (R-BAK-3). For that it is copied
// once, which takes its time with a large file. Where there is no room for the copy, notAdded, the
// server goes on without checksums, and tries again at its next start. A store that Litestream
// replicates stays without them: Litestream writes pages to it itself, when it folds the log, and
// knows no checksums.
func (s *Server) addChecksums(ctx context.Context, file string) (notAdded, err error) {
	if replicated := isThere(s.Data, litestreamDir); replicated || s.PlainPages {
		s.warnOfChecksums(file, replicated)
		return nil, nil
	}
	progress, stop := eachSecond(func(done, total int64) {
		s.Log.Info("copying the store to a file with page checksums", "file", file,
			"bytes", done, "of", total)
	})
	defer stop()
	added, notAdded := sqlite.AddChecksums(ctx, file, progress)
	if added {
		s.Log.Info("the store has page checksums now", "file", file)
	}
	return notAdded, ctx.Err()
}

// litestreamDir is a folder in the data folder that Litestream makes while it replicates the store.
const litestreamDir = "." + storeFile + "-litestream"

// warnOfChecksums logs what does not go together: a store with checksums, and Litestream or a setting
// that says that there are none.
func (s *Server) warnOfChecksums(file string, replicated bool) {
	has, err := sqlite.HasChecksums(file)
	switch {
	case err != nil || !has:
	case replicated:
		s.Log.Warn("Litestream replicates the store, and will damage it: it writes pages without their "+
			"checksums; stop it, see docs/backup.md, and remove its folder", "file", file,
			"folder", litestreamDir)
	default:
		s.Log.Warn("the store keeps its page checksums, although --page-checksums is off; \"drover store "+
			"copy\" does not remove them either", "file", file)
	}
}

// eachSecond follows long work of a store.
func eachSecond(tell func(done, total int64)) (p sqlite.Progress, stop func()) {
	tick := time.NewTicker(time.Second)
	return sqlite.Progress{Ticks: tick.C, Tell: tell}, tick.Stop
}

// warnOfStore logs when the data folder has a file that a server without Config.Store would use:
// what is in it is not in the database.
func (s *Server) warnOfStore() {
	if isThere(s.Data, storeFile) {
		s.Log.Warn("a file of the embedded store is not used, because --store names a database",
			"file", filepath.Join(s.Data, storeFile))
	}
}

// checkStore refuses a Config.Store that is not the URL of a PostgreSQL database. What it says has
// nothing of the text: a password may stand in it.
func (c Config) checkStore() error {
	if c.Store == "" {
		return nil
	}
	u, err := url.Parse(c.Store)
	if err != nil || !isPostgres(u) {
		return fmt.Errorf("%s: must be a URL like postgres://USER@HOST:5432/DATABASE",
			c.named("store"))
	}
	return nil
}

// isPostgres reports whether a URL has a scheme of PostgreSQL.
func isPostgres(u *url.URL) bool { return u.Scheme == "postgres" || u.Scheme == "postgresql" }

// Database is what may be shown of Config.Store: the URL without its password and parameters;
// empty for the embedded store.
func (s *Server) Database() string { return ShownDatabase(s.Store) }

// ShownDatabase is what may be shown of the URL of a database.
func ShownDatabase(text string) string {
	if text == "" {
		return ""
	}
	u, err := url.Parse(text)
	if err != nil || !isPostgres(u) {
		return "(not shown)" // a password may stand anywhere in it
	}
	shown := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}
	if u.User != nil {
		shown.User = url.User(u.User.Username())
	}
	return shown.String()
}
