package memory

import (
	"slices"

	"github.com/drover-iot/drover/registry/audit"
	"github.com/drover-iot/drover/store"
)

// clonePage copies a page of the audit log.
func clonePage(p audit.Page) audit.Page {
	p.Text, p.Hashes = slices.Clone(p.Text), slices.Clone(p.Hashes)
	return p
}

func (s *state) addAudit(p audit.Page) error {
	if s.auditLog.has(id(p.First)) {
		return conflict("audit page", p.First)
	}
	s.auditLog = s.auditLog.put(id(p.First), clonePage(p))
	s.auditLast = max(s.auditLast, p.First)
	return nil
}

func (s *state) cutAudit(first int64) error {
	if first == 0 {
		return nil
	}
	last, exists := s.auditLog.get(id(first))
	if !exists {
		return conflict("audit page", first)
	}
	for at := range s.auditLog.from(0) {
		if at >= id(first) {
			break
		}
		s.auditLog = s.auditLog.remove(at)
	}
	last.Text = nil
	s.auditLog = s.auditLog.put(id(first), last)
	return nil
}

func (r reader) AuditHead() (head audit.Link, err error) {
	if last, exists := r.auditLog.get(id(r.auditLast)); exists {
		head = last.Last()
	}
	return head, nil
}

func (r reader) AuditMark() (mark audit.Link, err error) {
	for _, first := range r.auditLog.from(0) {
		if first.Text == nil {
			mark = first.Last()
		}
		break
	}
	return mark, nil
}

func (r reader) AuditPages(q store.AuditQuery) (found []audit.Page, err error) {
	for at, p := range r.auditLog.from(0) {
		if q.Before != 0 && at >= id(q.Before) {
			break
		}
		if q.Before == 0 && at <= id(q.After)+1 {
			found = nil // the one before it has no record that is meant
		}
		if p.Text != nil {
			found = append(found, clonePage(p))
		}
	}
	if q.Before != 0 {
		slices.Reverse(found)
	}
	return found[:min(len(found), max(q.Limit, 0))], nil
}
