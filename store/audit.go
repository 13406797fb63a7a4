package store

import "github.com/drover-iot/drover/registry/audit"

// The audit log is a chain of records, numbered from 1 without a gap. The records of a commit are
// stored together, in pages. The oldest pages may be cut: then the last of them stays without its
// text, so that what follows can be verified.

// AuditReader reads the audit log.
type AuditReader interface {
	// AuditHead returns the number and the hash of the newest record, also when it was cut; the zero
	// Link of an empty log.
	AuditHead() (audit.Link, error)
	// AuditMark returns the number and the hash of the last record that was cut; the zero Link when
	// none was.
	AuditMark() (audit.Link, error)
	// AuditPages lists pages that were not cut.
	AuditPages(AuditQuery) ([]audit.Page, error)
}

// AuditQuery pages the audit log: the pages from the record after After on, by number; or backwards
// those that begin before Before, when that is not 0. A page may have further records before the
// first that is meant. The two are not given together.
type AuditQuery struct {
	After, Before int64
	Limit         int // of pages
}

// AuditChanges adds to the audit log and cuts it.
type AuditChanges struct {
	// Cut removes the pages up to the one that begins with a number, which must be there; 0 removes
	// none.
	Cut int64
	// Added inserts pages. The number of the first record must be free. Whoever adds one reads the
	// head in the same write, so that the numbers have no gap.
	Added []audit.Page
}
