package memory

import (
	"slices"

	"github.com/drover-iot/drover/registry/audit"
	"github.com/drover-iot/drover/store"
)

func (s *state) addAudit(r audit.Sealed) error {
	if s.auditLog.has(id(r.Number)) {
		return conflict("audit record", r.Number)
	}
	r.Text = slices.Clone(r.Text)
	s.auditLog = s.auditLog.put(id(r.Number), r)
	if r.Number > s.auditHead.Number {
		s.auditHead = r.Link
	}
	return nil
}

func (s *state) cutAudit(number int64) error {
	if number == 0 {
		return nil
	}
	last, exists := s.auditLog.get(id(number))
	if !exists {
		return conflict("audit record", number)
	}
	for at := range s.auditLog.from(0) {
		if at >= id(number) {
			break
		}
		s.auditLog = s.auditLog.remove(at)
	}
	last.Text = nil
	s.auditLog = s.auditLog.put(id(number), last)
	return nil
}

func (r reader) AuditHead() (audit.Link, error) { return r.auditHead, nil }

func (r reader) AuditMark() (mark audit.Link, err error) {
	for _, first := range r.auditLog.from(0) {
		if first.Text == nil {
			mark = first.Link
		}
		break
	}
	return mark, nil
}

func (r reader) AuditRecords(q store.AuditQuery) (found []audit.Sealed, err error) {
	for at, s := range r.auditLog.from(id(q.After) + 1) {
		if q.Before != 0 && at >= id(q.Before) || q.Before == 0 && len(found) >= q.Limit {
			break
		}
		if s.Text != nil {
			s.Text = slices.Clone(s.Text)
			found = append(found, s)
		}
	}
	if q.Before != 0 {
		slices.Reverse(found)
		found = found[:min(len(found), max(q.Limit, 0))]
	}
	return found, nil
}
