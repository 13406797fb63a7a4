package relational

import (
	"errors"

	"github.com/drover-iot/drover/registry/audit"
	"github.com/drover-iot/drover/store"
)

// A page that was cut leaves its row, without its text, as long as it is the last one that was.

const (
	insertAudit = `INSERT INTO audit_page (first, records, hashes) VALUES (?, ?, ?)`
	deleteAudit = `DELETE FROM audit_page WHERE first < ?`
	markAudit   = `UPDATE audit_page SET records = NULL WHERE first = ?`

	selectAuditHead = `SELECT first, hashes FROM audit_page
		WHERE first > 0 ORDER BY first DESC LIMIT 1`
	selectAuditMark = `SELECT first, hashes,
			CAST(CASE WHEN records IS NULL THEN 1 ELSE 0 END AS BIGINT)
		FROM audit_page WHERE first > 0 ORDER BY first LIMIT 1`
	listAuditUp = `SELECT first, hashes, records FROM audit_page
		WHERE first >= coalesce((SELECT max(first) FROM audit_page WHERE first <= ?), 0)
			AND records IS NOT NULL
		ORDER BY first LIMIT ?`
	listAuditDown = `SELECT first, hashes, records FROM audit_page
		WHERE first < ? AND records IS NOT NULL ORDER BY first DESC LIMIT ?`
)

func (t *Tx) addAudit(p audit.Page) error {
	return t.stmt(insertAudit).int(p.First).text(string(p.Text)).blob(p.Hashes).change()
}

func (t *Tx) cutAudit(first int64) error {
	if err := t.stmt(markAudit).int(first).change(); err != nil {
		return err
	}
	return t.stmt(deleteAudit).int(first).run()
}

// scanAudit reads a page without its text.
func scanAudit(s stmt) audit.Page { return audit.Page{First: s.getInt(), Hashes: s.getBlob()} }

func (r reader) AuditHead() (audit.Link, error) {
	page, err := one(r.stmt(selectAuditHead), scanAudit)
	if errors.Is(err, store.ErrNotFound) {
		return audit.Link{}, nil
	}
	return page.Last(), err
}

func (r reader) AuditMark() (audit.Link, error) {
	mark, err := one(r.stmt(selectAuditMark), func(s stmt) (mark audit.Link) {
		first := scanAudit(s)
		if s.getBool() {
			mark = first.Last()
		}
		return mark
	})
	if errors.Is(err, store.ErrNotFound) {
		return audit.Link{}, nil
	}
	return mark, err
}

func (r reader) AuditPages(q store.AuditQuery) ([]audit.Page, error) {
	var s stmt
	if q.Before != 0 {
		s = r.stmt(listAuditDown).int(q.Before)
	} else {
		s = r.stmt(listAuditUp).int(q.After + 1)
	}
	return all(s.limit(q.Limit), func(s stmt) audit.Page {
		page := scanAudit(s)
		page.Text = []byte(s.getText())
		return page
	})
}
