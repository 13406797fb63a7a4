package drover

import (
	"github.com/drover-iot/drover/api"
	"github.com/drover-iot/drover/schema"
)

// The number of a record of the audit log: 1, 2, 3 and so on, in the order of the commits.
type AuditNumber int64

func (AuditNumber) Constraint() schema.Constraint { return schema.Range(0, schema.NoMax) }

// The SHA-256 of a record of the audit log, in hexadecimal.
type AuditHash string

func (AuditHash) Constraint() schema.Constraint {
	return schema.Length(64, 64).Chars("0-9a-f")
}

// How many records one answer has at the most: 1 to 250, 100 when not given.
type AuditLimit int32

func (AuditLimit) Constraint() schema.Constraint { return schema.Range(1, 250) }

type ListAuditRecordsRequest struct {
	// Only records of a resource, such as job/fw-2, and of what is below it.
	Resource *string `json:"resource" in:"query"`
	// Only records of an operator: the name or the access key id of a key, or drover for the server
	// itself.
	Operator *string `json:"operator" in:"query"`
	// Only records after this number, the oldest first.
	After *AuditNumber `json:"after" in:"query"`
	// Only records before this number, the newest first, as without after. The two cannot be given
	// together.
	Before *AuditNumber `json:"before" in:"query"`
	Limit  *AuditLimit  `json:"limit" in:"query"`
}

type ListAuditRecordsResponse struct {
	Records []AuditRecord `json:"records"`
	// The number to go on from, as the after or the before of the next request; absent at the end.
	// One request looks at a bounded number of records, so there may be more though none was found.
	Next *AuditNumber `json:"next"`
}

// Lists the records of the audit log: who has changed what (R-AUD-3).
var ListAuditRecords = schema.Op[ListAuditRecordsRequest, ListAuditRecordsResponse]{
	Name: "ListAuditRecords", Route: "GET /_drover/audit",
	Role:   schema.Viewer,
	Errors: auditErrors(),
}

type DescribeAuditLogResponse struct {
	// The newest record. Whoever notes it can find out later whether records were removed.
	Head AuditLink `json:"head"`
	// The last record that was cut because of its age; absent when none was.
	Mark *AuditLink `json:"mark"`
}

// Describes the two ends of the audit log (R-AUD-2).
var DescribeAuditLog = schema.Op[schema.Nothing, DescribeAuditLogResponse]{
	Name: "DescribeAuditLog", Route: "GET /_drover/audit/head",
	Role:   schema.Viewer,
	Errors: auditErrors(),
}

type VerifyAuditLogRequest struct {
	// The record to go on after, and its hash: what the last answer has reached. Without them the
	// beginning.
	After     *AuditNumber `json:"after" in:"query"`
	AfterHash *AuditHash   `json:"afterHash" in:"query"`
	// The cut of the last answer.
	Cut *AuditNumber `json:"cut" in:"query"`
	// A head of the log that was noted before. It must still be there, as it was.
	Noted     *AuditNumber `json:"noted" in:"query"`
	NotedHash *AuditHash   `json:"notedHash" in:"query"`
}

type VerifyAuditLogResponse struct {
	// Where this request began: before the record that follows.
	From AuditLink `json:"from"`
	// The last record up to which all fit.
	Reached AuditLink `json:"reached"`
	// The first record that does not fit; absent as long as all do.
	Misfit *AuditMisfit `json:"misfit"`
	// Up to which record the log was cut, as the last of the records so far says that speaks of it.
	Cut *AuditNumber `json:"cut"`
	// Whether there are further records to verify.
	More bool `json:"more"`
}

// Verifies the chain of the audit log, a page of it with each request: that every record holds the
// hash of the one before it, and is what its own hash was made of (R-AUD-2).
var VerifyAuditLog = schema.Op[VerifyAuditLogRequest, VerifyAuditLogResponse]{
	Name: "VerifyAuditLog", Route: "GET /_drover/audit/verify",
	Role:   schema.Viewer,
	Errors: auditErrors(),
}

// A place in the chain of the audit log.
type AuditLink struct {
	// 0 is before the first record.
	Number AuditNumber `json:"number"`
	Hash   AuditHash   `json:"hash"`
}

// The first record that does not fit into the chain.
type AuditMisfit struct {
	Number AuditNumber `json:"number"`
	// Why it does not.
	Reason string `json:"reason"`
}

// One change: who has made it, and what it was.
type AuditRecord struct {
	Number AuditNumber      `json:"number"`
	Time   schema.Timestamp `json:"time"`
	// The access key; absent for what the server has done by itself.
	AccessKeyID *string `json:"accessKeyId"`
	// The name of the access key, or drover for the server itself.
	Operator string `json:"operator"`
	// Where the request came from.
	SourceAddress *string `json:"sourceAddress"`
	Operation     string  `json:"operation"`
	// The kind and the name of what was changed: thing/pump-07.
	Resource string `json:"resource"`
	// The header x-amzn-RequestId of the answer.
	RequestID *string `json:"requestId"`
	// What was asked for; absent where before and after say all of it. Documents are shown as their
	// SHA-256 and size, here and below.
	Request schema.RawJSON `json:"request"`
	// The members of the resource that have changed, as they were; absent for one that is new.
	Before schema.RawJSON `json:"before"`
	// The same members as they are now; absent for a resource that is gone.
	After schema.RawJSON `json:"after"`
	// The hash of the record before this one, all zeros for the first.
	Previous AuditHash `json:"previous"`
	Hash     AuditHash `json:"hash"`
}

// auditErrors are those that the operations of the audit log list.
func auditErrors() []schema.Exception {
	return []schema.Exception{api.InvalidRequest, api.Throttling, api.ServiceUnavailable}
}
