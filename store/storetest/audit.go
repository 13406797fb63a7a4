package storetest

import (
	"fmt"

	"github.com/drover-iot/drover/registry/audit"
	"github.com/drover-iot/drover/store"
)

// auditRecord is a record of the audit log by its number.
func auditRecord(number int64) audit.Sealed {
	return audit.Sealed{
		Link: audit.Link{Number: number, Hash: audit.Hash{byte(number), 1}},
		Text: fmt.Appendf(nil, `{"number":%d,"operator":"é"}`, number),
	}
}

func auditRecords(numbers ...int64) (c store.Changes) {
	for _, n := range numbers {
		c.Audit.Added = append(c.Audit.Added, auditRecord(n))
	}
	return c
}

func auditCut(number int64) (c store.Changes) {
	c.Audit.Cut = number
	return c
}

// auditNumbers are the numbers of the records that a query answers.
func auditNumbers(w world, q store.AuditQuery) []int64 {
	w.Helper()
	return collect(read(w, func(r store.Reader) ([]audit.Sealed, error) { return r.AuditRecords(q) }),
		func(s audit.Sealed) int64 { return s.Number })
}

// auditEnds are the head and the mark.
func auditEnds(w world) [2]audit.Link {
	w.Helper()
	return [2]audit.Link{
		read(w, func(r store.Reader) (audit.Link, error) { return r.AuditHead() }),
		read(w, func(r store.Reader) (audit.Link, error) { return r.AuditMark() }),
	}
}

var ofAudit = []promise{
	{"records of the audit log are listed by number, forwards and backwards", func(w world) {
		same(w, "of an empty log", auditNumbers(w, store.AuditQuery{Limit: 9}), nil)
		same(w, "ends of an empty log", auditEnds(w), [2]audit.Link{})
		w.apply(auditRecords(1, 2), auditRecords(3))
		w.apply(auditRecords(4))
		for _, tt := range []struct {
			q    store.AuditQuery
			want []int64
		}{
			{store.AuditQuery{Limit: 9}, []int64{1, 2, 3, 4}},
			{store.AuditQuery{After: 2, Limit: 1}, []int64{3}},
			{store.AuditQuery{After: 4, Limit: 9}, nil},
			{store.AuditQuery{Before: 5, Limit: 2}, []int64{4, 3}},
			{store.AuditQuery{Before: 3, Limit: 9}, []int64{2, 1}},
			{store.AuditQuery{Before: 1, Limit: 9}, nil},
			{store.AuditQuery{Before: 900, Limit: 1}, []int64{4}},
			{store.AuditQuery{Limit: 0}, nil},
		} {
			same(w, fmt.Sprint(tt.q), auditNumbers(w, tt.q), tt.want)
		}
		got := read(w, func(r store.Reader) ([]audit.Sealed, error) {
			return r.AuditRecords(store.AuditQuery{After: 2, Limit: 1})
		})
		same(w, "a record", got, []audit.Sealed{auditRecord(3)})
		same(w, "ends", auditEnds(w), [2]audit.Link{auditRecord(4).Link, {}})
	}},
	{"a number of the audit log is used once", func(w world) {
		w.apply(auditRecords(1))
		w.refused("again", auditRecords(1))
		w.apply(auditRecords(2, 3), auditCut(2))
		w.refused("that of the mark", auditRecords(2))
	}},
	{"the last record that was cut leaves its link", func(w world) {
		w.apply(auditRecords(1, 2, 3, 4))
		w.refused("a record that is not there", auditCut(5))
		w.apply(auditCut(2))
		same(w, "records", auditNumbers(w, store.AuditQuery{Limit: 9}), []int64{3, 4})
		same(w, "backwards", auditNumbers(w, store.AuditQuery{Before: 5, Limit: 9}), []int64{4, 3})
		same(w, "ends", auditEnds(w), [2]audit.Link{auditRecord(4).Link, auditRecord(2).Link})
		w.refused("what was cut", auditCut(1))
		w.apply(auditCut(4))
		same(w, "no record", auditNumbers(w, store.AuditQuery{Limit: 9}), nil)
		same(w, "ends then", auditEnds(w), [2]audit.Link{auditRecord(4).Link, auditRecord(4).Link})
		w.apply(auditRecords(5))
		same(w, "the next", auditNumbers(w, store.AuditQuery{Limit: 9}), []int64{5})
		same(w, "ends at last", auditEnds(w), [2]audit.Link{auditRecord(5).Link, auditRecord(4).Link})
	}},
	{"records are cut before others are added", func(w world) {
		w.apply(auditRecords(1, 2))
		c := auditRecords(3)
		c.Audit.Cut = 2
		w.apply(c)
		same(w, "records", auditNumbers(w, store.AuditQuery{Limit: 9}), []int64{3})
	}},
}
