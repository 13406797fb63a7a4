package control

import (
	"context"

	"github.com/drover-iot/drover/api/drover"
	"github.com/drover-iot/drover/engine/records"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/registry/audit"
	"github.com/drover-iot/drover/schema"
)

// The operations of the audit log. They read; what they show was recorded by audited.go.

func (p *Plane) bindAudit(r *schema.Router) {
	schema.Handle(r, drover.ListAuditRecords, p.ListAuditRecords)
	schema.Handle(r, drover.DescribeAuditLog, p.DescribeAuditLog)
	schema.Handle(r, drover.VerifyAuditLog, p.VerifyAuditLog)
}

// usualAuditLimit is how many records an answer has when the request does not say.
const usualAuditLimit = 100

// ListAuditRecords lists records, by number after one, or else the newest first.
func (p *Plane) ListAuditRecords(
	ctx context.Context, in *drover.ListAuditRecordsRequest,
) (*drover.ListAuditRecordsResponse, error) {
	if in.After != nil && in.Before != nil {
		return nil, fault.New(fault.Invalid, "after and before cannot be given together")
	}
	limit := usualAuditLimit
	if in.Limit != nil {
		limit = int(*in.Limit)
	}
	found, more, err := p.Records.List(ctx, records.Filter{
		Resource: value(in.Resource),
		Operator: value(in.Operator),
		Forwards: in.After != nil,
		After:    int64(value(in.After)),
		Before:   int64(value(in.Before)),
		Limit:    limit,
	})
	if err != nil {
		return nil, err
	}
	return &drover.ListAuditRecordsResponse{
		Records: convert(found, auditRecord),
		Next:    optional(drover.AuditNumber(more)),
	}, nil
}

// auditRecord shows a record.
func auditRecord(r audit.Record) drover.AuditRecord {
	return drover.AuditRecord{
		Number:        drover.AuditNumber(r.Number),
		Time:          schema.At(r.At),
		AccessKeyID:   optional(r.Operator.KeyID),
		Operator:      r.Operator.Name,
		SourceAddress: optional(r.Source),
		Operation:     r.Operation,
		Resource:      r.Resource,
		RequestID:     optional(r.RequestID),
		Request:       r.Request,
		Before:        r.Before,
		After:         r.After,
		Previous:      drover.AuditHash(r.Previous.String()),
		Hash:          drover.AuditHash(r.Hash.String()),
	}
}

// auditLink shows a place in the chain.
func auditLink(l audit.Link) drover.AuditLink {
	return drover.AuditLink{
		Number: drover.AuditNumber(l.Number),
		Hash:   drover.AuditHash(l.Hash.String()),
	}
}

// DescribeAuditLog shows the two ends of the log.
func (p *Plane) DescribeAuditLog(
	ctx context.Context, _ *schema.Nothing,
) (*drover.DescribeAuditLogResponse, error) {
	head, mark, err := p.Records.Ends(ctx)
	if err != nil {
		return nil, err
	}
	shown := &drover.DescribeAuditLogResponse{Head: auditLink(head)}
	if mark != (audit.Link{}) {
		shown.Mark = new(auditLink(mark))
	}
	return shown, nil
}

// VerifyAuditLog verifies a page of the chain.
func (p *Plane) VerifyAuditLog(
	ctx context.Context, in *drover.VerifyAuditLogRequest,
) (*drover.VerifyAuditLogResponse, error) {
	from, err := givenLink("after", in.After, in.AfterHash)
	if err != nil {
		return nil, err
	}
	noted, err := givenLink("noted", in.Noted, in.NotedHash)
	if err != nil {
		return nil, err
	}
	var place *records.Place
	if from != nil {
		place = &records.Place{At: *from, Cut: int64(value(in.Cut))}
	}
	verified, err := p.Records.Verify(ctx, place, value(noted))
	if err != nil {
		return nil, err
	}
	shown := &drover.VerifyAuditLogResponse{
		From:    auditLink(verified.From),
		Reached: auditLink(verified.To),
		Cut:     optional(drover.AuditNumber(verified.Cut)),
		More:    verified.More,
	}
	if m := verified.Misfit; m != nil {
		shown.Misfit = &drover.AuditMisfit{Number: drover.AuditNumber(m.Number), Reason: m.Reason}
	}
	return shown, nil
}

// givenLink reads a place in the chain, nil when none is given.
func givenLink(
	member string, number *drover.AuditNumber, hash *drover.AuditHash,
) (*audit.Link, error) {
	if (number == nil) != (hash == nil) {
		return nil, fault.New(fault.Invalid, "%s and %sHash belong together", member, member)
	}
	if number == nil {
		return nil, nil
	}
	read, err := audit.ParseHash(string(*hash))
	if err != nil {
		return nil, fault.New(fault.Invalid, "%sHash: %v", member, err)
	}
	return &audit.Link{Number: int64(*number), Hash: read}, nil
}
