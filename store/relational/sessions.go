package relational

import (
	"errors"

	"github.com/drover-iot/drover/store"
)

// Entries of MQTT sessions. A body that several entries share is a row of session_body; triggers
// remove it with the last entry that has it.

const (
	putSession = `INSERT INTO session (client, seq, value, body, shared) VALUES (?, ?, ?, ?, ?)
	ON CONFLICT (client, seq) DO UPDATE
		SET value = excluded.value, body = excluded.body, shared = excluded.shared`
	deleteSession      = `DELETE FROM session WHERE client = ?`
	deleteSessionEntry = `DELETE FROM session WHERE client = ? AND seq = ?`
	findSessionBody    = `SELECT 1 FROM session_body WHERE id = ?`
	putSessionBody     = `INSERT INTO session_body (id, value) VALUES (?, ?)`
	listSessions       = `SELECT client, seq, value, shared FROM session
		WHERE (client, seq) > (?, ?) ORDER BY client, seq LIMIT ?`
	listSession = `SELECT client, seq, value, shared FROM session
		WHERE client = ? AND seq > ? ORDER BY seq LIMIT ?`
	// $1/pump-07 is a further session of pump-07. There is an index of these expressions.
	isFurther   = `client >= '$' AND client < '%'`
	ofFurther   = `substr(ltrim(client, '$0123456789'), 2)`
	listFurther = `SELECT client FROM session WHERE seq = 0 AND ` + isFurther + `
		AND ` + ofFurther + ` = ? ORDER BY client`
	listMessages = `SELECT client, seq, session.value, shared, coalesce(body, session_body.value)
		FROM session LEFT JOIN session_body ON id = shared
		WHERE client = ? AND seq BETWEEN ? AND ? ORDER BY seq`
)

// changeSession sets an entry. One without a value is deleted, and with a session (Seq 0) whatever
// was stored for it.
func (t *Tx) changeSession(e store.SessionEntry) error {
	switch {
	case e.Value != nil:
		return t.putSession(e)
	case e.Seq == 0:
		return t.stmt(deleteSession).text(e.Client).run()
	}
	return t.stmt(deleteSessionEntry).text(e.Client).int(int64(e.Seq)).run()
}

// putSession looks whether a shared body is there before it hands it to SQLite: that would copy it
// for each of its entries.
func (t *Tx) putSession(e store.SessionEntry) error {
	body := e.Body
	if e.Shared != 0 {
		body = nil
		_, err := one(t.stmt(findSessionBody).int(int64(e.Shared)), stmt.getInt)
		if errors.Is(err, store.ErrNotFound) {
			err = t.stmt(putSessionBody).int(int64(e.Shared)).blob(e.Body).run()
		}
		if err != nil {
			return err
		}
	}
	return t.stmt(putSession).text(e.Client).int(int64(e.Seq)).blob(e.Value).
		maybeBlob(body).maybeInt(int64(e.Shared)).change()
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

func (r reader) SessionsOf(client string, f func(store.SessionEntry) error) error {
	keys, err := all(r.stmt(listFurther).text(client), stmt.getText)
	if err != nil {
		return err
	}
	for _, key := range append(keys, client) { // $ comes before whatever a client id begins with
		for seq := int64(-1); ; {
			page, err := all(r.stmt(listSession).text(key).int(seq).limit(sessionPage), scanSession)
			if err != nil {
				return err
			}
			if err := each(page, f); err != nil {
				return err
			}
			if len(page) < sessionPage {
				break
			}
			seq = int64(page[len(page)-1].Seq)
		}
	}
	return nil
}

func (r reader) SessionMessages(client string, first, last uint64) ([]store.SessionEntry, error) {
	query := r.stmt(listMessages).text(client).int(int64(first)).int(int64(last))
	return all(query, func(s stmt) store.SessionEntry {
		e := scanSession(s)
		e.Body = s.getBlob()
		return e
	})
}

func scanSession(s stmt) store.SessionEntry {
	return store.SessionEntry{
		Client: s.getText(),
		Seq:    uint64(s.getInt()),
		Value:  s.getBlob(),
		Shared: uint64(s.getInt()), // NULL reads as 0
	}
}
