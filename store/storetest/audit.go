package storetest

import (
	"bytes"
	"fmt"

	"github.com/drover-iot/drover/registry/audit"
	"github.com/drover-iot/drover/store"
)

// auditPage is a page of the audit log that begins with a number and has so many records.
func auditPage(first int64, records int) audit.Page {
	p := audit.Page{First: first}
	for i := range records {
		p.Text = fmt.Appendf(p.Text, "{\"number\":%d,\"operator\":\"é\"}\n", first+int64(i))
		p.Hashes = append(p.Hashes, bytes.Repeat([]byte{byte(first), byte(i)}, 16)...)
	}
	return p
}

// auditPages are pages of two records each, by their first ones.
func auditPages(first ...int64) (c store.Changes) {
	for _, n := range first {
		c.Audit.Added = append(c.Audit.Added, auditPage(n, 2))
	}
	return c
}

func auditCut(first int64) (c store.Changes) {
	c.Audit.Cut = first
	return c
}

// auditFirsts are the first numbers of the pages that a query answers.
func auditFirsts(w world, q store.AuditQuery) []int64 {
	w.Helper()
	return collect(read(w, func(r store.Reader) ([]audit.Page, error) { return r.AuditPages(q) }),
		func(p audit.Page) int64 { return p.First })
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
	{"pages of the audit log are listed by number, forwards and backwards", func(w world) {
		same(w, "of an empty log", auditFirsts(w, store.AuditQuery{Limit: 9}), nil)
		same(w, "ends of an empty log", auditEnds(w), [2]audit.Link{})
		w.apply(auditPages(1, 3), auditPages(5))
		w.apply(auditPages(7))
		for _, tt := range []struct {
			q    store.AuditQuery
			want []int64
		}{
			{store.AuditQuery{Limit: 9}, []int64{1, 3, 5, 7}},
			{store.AuditQuery{After: 1, Limit: 9}, []int64{1, 3, 5, 7}},
			{store.AuditQuery{After: 2, Limit: 9}, []int64{3, 5, 7}},
			{store.AuditQuery{After: 3, Limit: 1}, []int64{3}},
			{store.AuditQuery{After: 8, Limit: 9}, []int64{7}},
			{store.AuditQuery{Before: 9, Limit: 2}, []int64{7, 5}},
			{store.AuditQuery{Before: 4, Limit: 9}, []int64{3, 1}},
			{store.AuditQuery{Before: 3, Limit: 9}, []int64{1}},
			{store.AuditQuery{Before: 1, Limit: 9}, nil},
			{store.AuditQuery{Before: 900, Limit: 1}, []int64{7}},
			{store.AuditQuery{Limit: 0}, nil},
		} {
			same(w, fmt.Sprint(tt.q), auditFirsts(w, tt.q), tt.want)
		}
		got := read(w, func(r store.Reader) ([]audit.Page, error) {
			return r.AuditPages(store.AuditQuery{After: 4, Limit: 1})
		})
		same(w, "a page", got, []audit.Page{auditPage(5, 2)})
		same(w, "ends", auditEnds(w), [2]audit.Link{auditPage(7, 2).Last(), {}})
	}},
	{"a number of the audit log is used once", func(w world) {
		w.apply(auditPages(1))
		w.refused("again", auditPages(1))
		w.apply(auditPages(3, 5), auditCut(3))
		w.refused("that of the mark", auditPages(3))
	}},
	{"the last page that was cut leaves its link", func(w world) {
		w.apply(auditPages(1, 3, 5, 7))
		w.refused("a page that is not there", auditCut(9))
		w.apply(auditCut(3))
		for _, q := range []store.AuditQuery{{Limit: 9}, {After: 4, Limit: 9}, {After: 2, Limit: 9}} {
			same(w, fmt.Sprint(q), auditFirsts(w, q), []int64{5, 7})
		}
		same(w, "backwards", auditFirsts(w, store.AuditQuery{Before: 9, Limit: 9}), []int64{7, 5})
		same(w, "ends", auditEnds(w), [2]audit.Link{auditPage(7, 2).Last(), auditPage(3, 2).Last()})
		w.refused("what was cut", auditCut(1))
		w.apply(auditCut(7))
		same(w, "no page", auditFirsts(w, store.AuditQuery{Limit: 9}), nil)
		last := auditPage(7, 2).Last()
		same(w, "ends then", auditEnds(w), [2]audit.Link{last, last})
		w.apply(auditPages(9))
		same(w, "the next", auditFirsts(w, store.AuditQuery{Limit: 9}), []int64{9})
		same(w, "ends at last", auditEnds(w), [2]audit.Link{auditPage(9, 2).Last(), last})
	}},
	{"pages are cut before others are added", func(w world) {
		w.apply(auditPages(1, 3))
		c := auditPages(5)
		c.Audit.Cut = 3
		w.apply(c)
		same(w, "pages", auditFirsts(w, store.AuditQuery{Limit: 9}), []int64{5})
	}},
}
