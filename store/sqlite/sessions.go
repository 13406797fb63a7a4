package sqlite

import "github.com/drover-iot/drover/store"

const (
	putSession = `INSERT INTO session (client, seq, value) VALUES (?, ?, ?)
	ON CONFLICT (client, seq) DO UPDATE SET value = excluded.value`
	deleteSession      = `DELETE FROM session WHERE client = ?`
	deleteSessionEntry = `DELETE FROM session WHERE client = ? AND seq = ?`
	listSessions       = `SELECT client, seq, value FROM session
		WHERE (client, seq) > (?, ?) ORDER BY client, seq LIMIT ?`
)

// changeSession sets an entry. One without a value is deleted, and with a session (Seq 0) whatever
// was stored for it.
func (t *tx) changeSession(e store.SessionEntry) error {
	switch {
	case e.Value != nil:
		return t.stmt(putSession).text(e.Client).int(int64(e.Seq)).blob(e.Value).change()
	case e.Seq == 0:
		return t.stmt(deleteSession).text(e.Client).run()
	}
	return t.stmt(deleteSessionEntry).text(e.Client).int(int64(e.Seq)).run()
}

// sessionPage bounds what Sessions holds in memory.
const sessionPage = 256

// Sessions reads page by page, so that f may read too.
func (r reader) Sessions(f func(store.SessionEntry) error) error {
	for client, seq := "", int64(-1); ; {
		page, err := all(r.stmt(listSessions).text(client).int(seq).limit(sessionPage), scanSession)
		if err != nil {
			return err
		}
		if err := each(page, f); err != nil {
			return err
		}
		if len(page) < sessionPage {
			return nil
		}
		last := page[len(page)-1]
		client, seq = last.Client, int64(last.Seq)
	}
}

func scanSession(s *stmt) store.SessionEntry {
	return store.SessionEntry{
		Client: s.getText(),
		Seq:    uint64(s.getInt()),
		Value:  s.getBlob(),
	}
}
