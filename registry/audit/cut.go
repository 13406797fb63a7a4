package audit

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Old records are cut at the beginning of the log. Each cut leaves a record, which says up to where.
// So who removes the beginning by hand is found out, though what is left fits: no record says so.

// CutLog is the operation by which the server cuts old records.
const CutLog = "CutAuditLog"

// Cut is the entry of a cut up to a record.
func Cut(upTo int64) Entry {
	return Entry{
		Operator:  Operator{Name: Server},
		Operation: CutLog,
		Resource:  "audit",
		After:     fmt.Appendf(nil, `{"upTo":%d}`, upTo),
	}
}

// CutUpTo is up to which record a stored record says that the log was cut; ok is false for one that
// says something else.
func (s Sealed) CutUpTo() (upTo int64, ok bool) {
	if !bytes.Contains(s.Text, []byte(CutLog)) {
		return 0, false
	}
	r, err := s.Record()
	if err != nil || r.Operation != CutLog || r.Operator != (Operator{Name: Server}) {
		return 0, false
	}
	var after struct {
		UpTo int64 `json:"upTo"`
	}
	err = json.Unmarshal(r.After, &after)
	return after.UpTo, err == nil
}
