package sqlite

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// migrated opens a file that an older Drover left: of that version of the schema, with the rows that script inserts.
func migrated(t *testing.T, version int, script string) *Store {
	t.Helper()
	path := filepath.Join(t.TempDir(), "drover.db")
	old, err := connect(path, readerCache)
	if err != nil {
		t.Fatal(err)
	}
	script = strings.Join(migrations[:version], ";") +
		fmt.Sprintf("; PRAGMA application_id = %d; PRAGMA user_version = %d;", applicationID, version) + script
	if err := old.db.Exec(script); err != nil {
		t.Fatal(err)
	}
	if err := old.close(); err != nil {
		t.Fatal(err)
	}
	s, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}
