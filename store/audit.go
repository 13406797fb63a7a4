package store

import "github.com/drover-iot/drover/registry/audit"

// The audit log is a chain of records, numbered from 1 without a gap. Its oldest records may be cut:
// then the last of them leaves its number and its hash, from which the rest can be verified.

// AuditReader reads the audit log.
type AuditReader interface {
	// AuditHead returns the number and the hash of the newest record, also when it was cut; the zero
	// Link of an empty log.
	AuditHead() (audit.Link, error)
	// AuditMark returns the number and the hash of the last record that was cut; the zero Link when
	// none was.
	AuditMark() (audit.Link, error)
	// AuditRecords lists records by number.
	AuditRecords(AuditQuery) ([]audit.Sealed, error)
}

// AuditQuery pages the records of the audit log: by number, strictly after After; or backwards,
// strictly before Before, when that is not 0. The two are not given together.
type AuditQuery struct {
	After, Before int64
	Limit         int
}

// AuditChanges adds records to the audit log and cuts it.
type AuditChanges struct {
	// Cut removes the records up to a number, which must be that of a record or of the mark; 0
	// removes none.
	Cut int64
	// Added inserts records. The number must be free. Whoever adds one reads the head in the same
	// write, so that the numbers have no gap.
	Added []audit.Sealed
}
