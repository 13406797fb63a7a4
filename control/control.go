// Package control is the control plane: the operations of api/iot, each translated into one use case of the engine and
// back. It decides nothing. Who the caller is was settled before; an operator key may call every operation.
//
// handler.go reads and answers HTTP, page.go makes page tokens, and the files named after nouns hold the operations.
// What has no handler here answers that it is not available yet.
package control

import (
	"context"
	"crypto/rsa"
	"time"

	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/engine/fleet"
	"github.com/drover-iot/drover/engine/identity"
	"github.com/drover-iot/drover/engine/jobs"
	"github.com/drover-iot/drover/engine/tags"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/schema"
)

// Issuer makes device certificates.
type Issuer interface {
	// NewKey makes an RSA-2048 key for a device (R-ID-15).
	NewKey() (*rsa.PrivateKey, error)
	// Issue makes a certificate for a public key and returns its DER form.
	Issue(public any) ([]byte, error)
	// Issued reports whether a certificate was signed by this server's device authority (R-ID-55).
	Issued(der []byte) bool
}

// Plane answers operators.
type Plane struct {
	Jobs     *jobs.Service
	Fleet    *fleet.Service
	Identity *identity.Service
	Tags     *tags.Service
	// Now is the time of the engine, by which times that are left are counted.
	Now func() time.Time
	// RealNow is the real time, by which certificates are checked: what secures a connection does
	// not follow a virtual clock.
	RealNow func() time.Time
	// Scope is the account and region that ARNs lie in.
	Scope registry.Scope
	// Managed are the job templates that come with the server.
	Managed job.ManagedTemplates
	Issuer  Issuer
	// DataHost and JobsHost are bare host names that DescribeEndpoint answers (R-HTTP-37, R-HTTP-38).
	DataHost, JobsHost string
	// Pages seals page tokens.
	Pages Pages
	// Rate is how many requests a second each operation answers; 0 is any number (R-LIM-50).
	Rate float64
}

// Bind binds every operation that has a handler to a router of iot.Service.
func (p *Plane) Bind(r *schema.Router) {
	p.bindJobs(r)
	p.bindThings(r)
	p.bindTypes(r)
	p.bindGroups(r)
	p.bindDynamicGroups(r)
	p.bindFleetIndex(r)
	p.bindTags(r)
	p.bindIdentity(r)
	p.bindEvents(r)
	schema.Handle(r, iot.DescribeEndpoint, p.DescribeEndpoint)
}

type scopeKey struct{}

// WithScope sets the scope whose region ARNs in the answer carry: that of the request's signature, where the server
// accepts any.
func WithScope(ctx context.Context, s registry.Scope) context.Context {
	return context.WithValue(ctx, scopeKey{}, s)
}

// arn makes an ARN for an answer.
func (p *Plane) arn(ctx context.Context, kind, name string) string {
	if s, ok := ctx.Value(scopeKey{}).(registry.Scope); ok {
		return s.ARN(kind, name)
	}
	return p.Scope.ARN(kind, name)
}

// optional is a pointer to a value, nil for the zero one, as answers want it (R-WIRE-13).
func optional[T comparable](value T) *T {
	var zero T
	if value == zero {
		return nil
	}
	return &value
}

// value is what a pointer points to, the zero value for nil.
func value[T any](pointer *T) T {
	if pointer == nil {
		var zero T
		return zero
	}
	return *pointer
}

// text turns an optional named string of the API into a plain one.
func text[T ~string](pointer *T) *string {
	if pointer == nil {
		return nil
	}
	s := string(*pointer)
	return &s
}
