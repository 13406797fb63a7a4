package sqlite

import (
	"fmt"
	"path/filepath"
	"testing"
)

// A writer whose page cache is full goes on: one transaction may change more pages than fit into it,
// and later ones read what it has not. On 32 bits a connection has half of the memory that the cache
// has on 64.
func TestFullCache(t *testing.T) { // R-SVC-5
	t.Parallel()
	c, err := connect(filepath.Join(t.TempDir(), "drover.db"), writerCache)
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	// A quarter more than the cache holds, in pages that are all changed again.
	const rows = writerCache / 8 * 5 / 4
	fill := fmt.Sprintf("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) "+
		"INSERT INTO page SELECT i, zeroblob(8000) FROM n", rows)
	for _, sql := range []string{
		"PRAGMA journal_mode = WAL", "CREATE TABLE page (id INTEGER PRIMARY KEY, body BLOB)",
		fill, "UPDATE page SET body = zeroblob(7999)",
	} {
		if err := c.db.Exec(sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	if n, err := c.number("SELECT count(*) FROM page WHERE length(body) = 7999"); n != rows || err != nil {
		t.Errorf("%d of %d rows have changed, %v", n, rows, err)
	}
}
