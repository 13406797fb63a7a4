package control

import (
	"context"

	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/registry/audit"
	"github.com/drover-iot/drover/schema"
)

// Every operation that changes something leaves a record in the audit log (R-AUD-1). Its description
// says what it changes and which operations show that (schema.Change). So one piece of code makes
// the records of all of them: in the commit, it calls the operations that show the resource, before
// and after, and compares their answers. What answers of the API do not show is in no record.

// A Caller is who makes a request, as the gateway knows it.
type Caller struct {
	audit.Operator
	Source    string // the address, without a port
	RequestID string
}

type callerKey struct{}

// WithCaller says who makes a request. Requests without a caller leave no records.
func WithCaller(ctx context.Context, c Caller) context.Context {
	return context.WithValue(ctx, callerKey{}, &c)
}

// audited is a request that leaves a record: a commit.Audited.
type audited struct {
	*schema.Description
	router *schema.Router
	in     any
	caller *Caller
	// named are the values of members that do not stand in the request as such, see nameOf. They are
	// set before the request waits for its commit.
	named map[string]string
}

// withAudited has a request leave a record, if its operation changes something and it is known who
// makes it.
func (h *Handler) withAudited(ctx context.Context, call *schema.Call) context.Context {
	caller, known := ctx.Value(callerKey{}).(*Caller)
	if call.Change == nil || !known {
		return ctx
	}
	a := &audited{Description: call.Description, router: h.router, in: call.In, caller: caller}
	return commit.WithAudited(ctx, a)
}

// nameOf says the value of a member by which the record of a request names the resource, or asks for
// it, where it does not stand in the request: it was given as an ARN, or is made by the operation.
func nameOf(ctx context.Context, member, value string) {
	a, ok := commit.AuditedOf(ctx).(*audited)
	if !ok {
		return
	}
	if a.named == nil {
		a.named = map[string]string{}
	}
	a.named[member] = value
}

// text is the value of a member of the request.
func (a *audited) text(member string) (text string, ok bool) {
	if text, ok = a.named[member]; ok {
		return text, true
	}
	return a.Text(a.in, member)
}

// Looks reports when the resource is looked at. One that is new was not there before.
func (a *audited) Looks() (before, after bool) {
	after = len(a.Change.Shown) > 0
	return after && !a.Change.New, after
}

// Look shows the resource by the answers of the operations that show it. One that is refused shows
// nothing: the resource is not there.
func (a *audited) Look(ctx context.Context) (shown []byte, err error) {
	for _, op := range a.Change.Shown {
		out, err := a.router.Ask(ctx, op.OperationName(), a.text)
		if fault.Of(err) != nil {
			continue
		}
		if err != nil {
			return nil, err
		}
		shown = audit.Join(shown, schema.Record(out, audit.Digest))
	}
	return shown, nil
}

// Entry is the record of the request.
func (a *audited) Entry(before, after []byte) (e audit.Entry, err error) {
	e = audit.Entry{
		Operator:  a.caller.Operator,
		Source:    a.caller.Source,
		Operation: a.Name,
		RequestID: a.caller.RequestID,
	}
	e.Resource = schema.Named(a.Change.Resource, func(member string) string {
		text, _ := a.text(member)
		return text
	})
	if a.Change.New && len(a.Change.Shown) == 0 {
		e.After = a.request()
		return e, nil
	}
	if request := a.request(); !a.Change.New && string(request) != "{}" {
		e.Request = request
	}
	e.Before, e.After, err = audit.Difference(before, after)
	return e, err
}

// request is what was asked for, without what names the resource.
func (a *audited) request() []byte {
	return schema.Record(a.in, audit.Digest, a.Change.Labels()...)
}
