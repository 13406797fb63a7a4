package control

import (
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
	p.bindExecutions(r)
	p.bindTemplates(r)
	p.bindManagedTemplates(r)
	p.bindThings(r)
	p.bindTypes(r)
	p.bindGroups(r)
	p.bindGroupMembers(r)
	p.bindDynamicGroups(r)
	p.bindFleetIndex(r)
	p.bindTags(r)
	p.bindCertificates(r)
	p.bindPrincipals(r)
	p.bindPolicies(r)
	p.bindAttachments(r)
	p.bindEvents(r)
	schema.Handle(r, iot.DescribeEndpoint, p.DescribeEndpoint)
}
