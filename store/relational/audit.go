package relational

import (
	"errors"

	"github.com/drover-iot/drover/registry/audit"
	"github.com/drover-iot/drover/store"
)

// A record that was cut leaves its row, without its text, as long as it is the last one that was.

const (
	insertAudit = `INSERT INTO audit_record (number, record, hash) VALUES (?, ?, ?)`
	deleteAudit = `DELETE FROM audit_record WHERE number < ?`
	markAudit   = `UPDATE audit_record SET record = NULL WHERE number = ?`

	selectAuditHead = `SELECT number, hash FROM audit_record
		WHERE number > 0 ORDER BY number DESC LIMIT 1`
	selectAuditMark = `SELECT number, hash,
			CAST(CASE WHEN record IS NULL THEN 1 ELSE 0 END AS BIGINT)
		FROM audit_record
		WHERE number > 0 ORDER BY number LIMIT 1`
	listAuditUp = `SELECT number, hash, record FROM audit_record
		WHERE number > ? AND record IS NOT NULL ORDER BY number LIMIT ?`
	listAuditDown = `SELECT number, hash, record FROM audit_record
		WHERE number < ? AND record IS NOT NULL ORDER BY number DESC LIMIT ?`
)

func (t *Tx) addAudit(s audit.Sealed) error {
	return t.stmt(insertAudit).int(s.Number).text(string(s.Text)).blob(s.Hash[:]).change()
}

func (t *Tx) cutAudit(number int64) error {
	if err := t.stmt(markAudit).int(number).change(); err != nil {
		return err
	}
	return t.stmt(deleteAudit).int(number).run()
}

// scanLink reads a number and a hash. One of another length is read as zero: it belongs to no
// record.
func scanLink(s stmt) (l audit.Link) {
	l.Number = s.getInt()
	copy(l.Hash[:], s.getBlob())
	return l
}

func (r reader) AuditHead() (audit.Link, error) {
	head, err := one(r.stmt(selectAuditHead), scanLink)
	if errors.Is(err, store.ErrNotFound) {
		return audit.Link{}, nil
	}
	return head, err
}

func (r reader) AuditMark() (audit.Link, error) {
	mark, err := one(r.stmt(selectAuditMark), func(s stmt) audit.Link {
		first := scanLink(s)
		if !s.getBool() {
			return audit.Link{}
		}
		return first
	})
	if errors.Is(err, store.ErrNotFound) {
		return audit.Link{}, nil
	}
	return mark, err
}

func (r reader) AuditRecords(q store.AuditQuery) ([]audit.Sealed, error) {
	s := r.stmt(listAuditUp).int(q.After)
	if q.Before != 0 {
		s = r.stmt(listAuditDown).int(q.Before)
	}
	return all(s.limit(q.Limit), func(s stmt) audit.Sealed {
		return audit.Sealed{Link: scanLink(s), Text: []byte(s.getText())}
	})
}
