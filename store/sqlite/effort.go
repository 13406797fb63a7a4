package sqlite

import (
	"context"

	"github.com/ncruces/go-sqlite3"
)

// Effort returns how many instructions SQLite has executed in all statements of this store that are
// still prepared. Beside the rows that a statement reads it counts what it does with them, and it
// is the same in every run, as a time is not: whoever asks before and after knows whether an
// operation does more work when something grows. It waits for the writer, and leaves out
// connections that are reading at the moment. Of a closed store it is 0.
func (s *Store) Effort() (instructions int64) {
	_ = s.calls.Write(context.Background(), func() error { // fails on a closed store only
		instructions = s.writer.effort()
		s.idle.mu.Lock()
		defer s.idle.mu.Unlock()
		for _, c := range s.idle.conns {
			instructions += c.effort()
		}
		return nil
	})
	return instructions
}

func (c *conn) effort() (instructions int64) {
	for _, s := range c.statements {
		instructions += int64(s.Status(sqlite3.STMTSTATUS_VM_STEP, false))
	}
	return instructions
}
