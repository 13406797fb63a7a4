package sqlite

import "github.com/ncruces/go-sqlite3"

// Effort returns how many instructions SQLite has executed in all statements of this store that are
// still prepared. Beside the rows that a statement reads it counts what it does with them, and it
// is the same in every run, as a time is not: whoever asks before and after knows whether an
// operation does more work when something grows. It waits for the writer, and leaves out
// connections that are reading at the moment.
func (s *Store) Effort() (instructions int64) {
	<-s.turn
	defer func() { s.turn <- struct{}{} }()
	instructions = s.writer.effort()
	s.idle.mu.Lock()
	defer s.idle.mu.Unlock()
	for _, c := range s.idle.conns {
		instructions += c.effort()
	}
	return instructions
}

func (c *conn) effort() (instructions int64) {
	for _, s := range c.statements {
		instructions += int64(s.Status(sqlite3.STMTSTATUS_VM_STEP, false))
	}
	return instructions
}
