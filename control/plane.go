package control

import (
	"context"
	"crypto/rsa"
	"time"

	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/engine/answers"
	"github.com/drover-iot/drover/engine/fleet"
	"github.com/drover-iot/drover/engine/identity"
	"github.com/drover-iot/drover/engine/jobs"
	"github.com/drover-iot/drover/engine/provision"
	"github.com/drover-iot/drover/engine/records"
	"github.com/drover-iot/drover/engine/sinks"
	"github.com/drover-iot/drover/engine/tags"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/registry/authorizer"
	"github.com/drover-iot/drover/schema"
)

// The plane is what all operations have in common: the use cases that they call, and what belongs
// to the server rather than to a request. Its methods are the operations, one method each, in the
// files named after their nouns.

// Issuer is the device authority of the server: it makes the keys and certificates of devices.
// Its own key never leaves it.
type Issuer interface {
	// NewKey makes an RSA-2048 key for a device (R-ID-15).
	NewKey() (*rsa.PrivateKey, error)
	// Issue makes a certificate for a public key and returns its DER form.
	Issue(public any) ([]byte, error)
	// IssueUntil is Issue for a certificate that is good until a time.
	IssueUntil(public any, until time.Time) ([]byte, error)
	// Issued reports whether a certificate was signed by this server's device authority (R-ID-55).
	Issued(der []byte) (bool, error)
}

// AuthorizerTester asks authorizers about clients that are not connected.
type AuthorizerTester interface {
	// Test asks an authorizer, ACTIVE or not, and returns what it allows. Faults: InvalidResponse for
	// an answer that is wrong, Unavailable when there is none.
	Test(context.Context, registry.Authorizer, authorizer.Question) (authorizer.Grant, error)
}

// Plane answers operators. Its fields are set once, before the first request, and its methods may
// be called concurrently.
type Plane struct {
	// The use cases, by their subject: jobs with their executions and templates; things, groups and
	// thing types; certificates and policies; tags of any of them; questions about all of it; the
	// audit log; sinks.
	Jobs     *jobs.Service
	Fleet    *fleet.Service
	Identity *identity.Service
	Tags     *tags.Service
	Answers  *answers.Service
	Records  *records.Service
	Sinks    *sinks.Service
	// Provision is the use cases of provisioning.
	Provision *provision.Service
	// Now is the time of the engine. Answers that say how much time is left, or when a job rolls
	// out next, count from it.
	Now func() time.Time
	// RealNow is the real time, by which certificates are checked: what secures a connection does
	// not follow a virtual clock.
	RealNow func() time.Time
	// Scope is the account and region that ARNs lie in: those of answers, unless the context of the
	// request has another one (see WithScope), and those that requests may name.
	Scope registry.Scope
	// Managed are the job templates that come with the server, in the order of lists.
	Managed job.ManagedTemplates
	// Issuer signs the certificates of devices. Operations of certificates alone need it.
	Issuer Issuer
	// Authorizers asks authorizers. TestInvokeAuthorizer alone needs it.
	Authorizers AuthorizerTester
	// DataHost and JobsHost are the host names that DescribeEndpoint answers, without scheme and
	// port (R-HTTP-37, R-HTTP-38).
	DataHost, JobsHost string
	// Pages makes the tokens of lists.
	Pages Pages
	// NeedsURLs is called with the id and the role of each new job whose document has placeholders
	// for presigned URLs. May be nil.
	NeedsURLs func(jobID, role string)
	// Rate is how many requests a second each operation answers; 0 is any number (R-LIM-50).
	Rate float64
}

// Bind binds every operation to a router of all services of the control plane. Each file binds its
// own. A method whose types are not those of its operation does not compile.
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
	p.bindBillingGroups(r)
	p.bindFleetIndex(r)
	p.bindTags(r)
	p.bindCertificates(r)
	p.bindCACertificates(r)
	p.bindPrincipals(r)
	p.bindPolicies(r)
	p.bindAttachments(r)
	p.bindProvisioning(r)
	p.bindPrincipalPolicies(r)
	p.bindAuthorization(r)
	p.bindAuthorizers(r)
	p.bindEvents(r)
	p.bindSteering(r)
	p.bindHolds(r)
	p.bindFailures(r)
	p.bindAudit(r)
	p.bindForecast(r)
	p.bindExplain(r)
	p.bindConsole(r)
	p.bindSinks(r)
	schema.Handle(r, iot.DescribeEndpoint, p.DescribeEndpoint)
}
