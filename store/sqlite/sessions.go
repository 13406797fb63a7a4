package sqlite

import "github.com/drover-iot/drover/store"

const putSession = `INSERT INTO session (client_id, data) VALUES (?, ?)
	ON CONFLICT (client_id) DO UPDATE SET data = excluded.data`

func (t *tx) saveSession(s store.Session) error {
	return t.stmt(putSession).text(s.ClientID).blob(append([]byte{}, s.Data...)).change()
}

const deleteSession = `DELETE FROM session WHERE client_id = ?`

func (t *tx) removeSession(client string) error { return t.stmt(deleteSession).text(client).run() }

const listSessions = `SELECT client_id, data FROM session WHERE client_id > ? ORDER BY client_id LIMIT ?`

// sessionPage bounds what Sessions holds in memory.
const sessionPage = 256

// Sessions reads page by page, so that f may read too.
func (r reader) Sessions(f func(store.Session) error) error {
	for after := ""; ; {
		page, err := all(r.stmt(listSessions).text(after).limit(sessionPage), func(s *stmt) store.Session {
			return store.Session{ClientID: s.getText(), Data: s.getBlob()}
		})
		if err != nil {
			return err
		}
		if err := each(page, f); err != nil {
			return err
		}
		if len(page) < sessionPage {
			return nil
		}
		after = page[len(page)-1].ClientID
	}
}
