package registry

import (
	"strings"

	"github.com/drover-iot/drover/internal/fault"
)

// Scope is the account and region that a server serves: every ARN that it makes or accepts lies in
// it (R-CON-8).
type Scope struct {
	Partition string
	Region    string
	Account   string // 12 digits
	// Relaxed accepts ARNs of any account and region as this server's own, for test suites in which
	// they are written down.
	Relaxed bool
}

// DefaultScope is what a server serves without settings (R-ID-2).
var DefaultScope = Scope{Partition: "aws", Region: "us-east-1", Account: "000000000000"}

// ARN is an Amazon resource name of the form arn:{partition}:iot:{region}:{account}:{kind}/{name}.
type ARN struct {
	Partition, Region, Account string
	Kind                       string // thing, thinggroup, cert, policy, job, …
	Name                       string // may have ':' in it (R-CON-9)
}

// The kinds of resource that ARNs name here.
const (
	KindThing  = "thing"
	KindGroup  = "thinggroup"
	KindType   = "thingtype"
	KindCert   = "cert"
	KindCACert = "cacert"
	KindPolicy = "policy"
	KindJob    = "job"
	// KindBillingGroup is a billing group (R-ID-44).
	KindBillingGroup = "billinggroup"
	// KindAuthorizer is a custom authorizer (R-ID-90).
	KindAuthorizer = "authorizer"
	// KindTemplate is a job template. The ARN of a managed one has no account (R-CON-4, R-CON-5).
	KindTemplate = "jobtemplate"
	// KindProvisioningTemplate is a provisioning template (R-ID-76).
	KindProvisioningTemplate = "provisioningtemplate"
)

// ParseARN splits an ARN. Kind and name are parted by the first '/', so of job/a/b the name is a/b,
// and never by ':' (R-CON-9). ok is false when the text is no ARN.
func ParseARN(text string) (arn ARN, ok bool) {
	rest, found := strings.CutPrefix(text, "arn:")
	if !found {
		return ARN{}, false
	}
	parts := strings.SplitN(rest, ":", 5)
	if len(parts) != 5 || parts[1] != "iot" {
		return ARN{}, false
	}
	kind, name, found := strings.Cut(parts[4], "/")
	if !found || kind == "" || name == "" || parts[0] == "" {
		return ARN{}, false
	}
	return ARN{
		Partition: parts[0],
		Region:    parts[2],
		Account:   parts[3],
		Kind:      kind,
		Name:      name,
	}, true
}

// String writes the ARN as text.
func (a ARN) String() string {
	return "arn:" + a.Partition + ":iot:" + a.Region + ":" + a.Account + ":" + a.Kind + "/" + a.Name
}

// ARN returns the ARN of a resource of this server.
func (s Scope) ARN(kind, name string) string {
	return ARN{
		Partition: s.Partition,
		Region:    s.Region,
		Account:   s.Account,
		Kind:      kind,
		Name:      name,
	}.String()
}

// Contains reports whether the ARN lies in the scope.
func (s Scope) Contains(a ARN) bool {
	own := a.Region == s.Region && a.Account == s.Account
	return a.Partition == s.Partition && (s.Relaxed || own)
}

// kindNames are kinds as messages name them: the word of an ARN is no English word.
func kindNames(kinds []string) string {
	names := make([]string, 0, len(kinds))
	for _, kind := range kinds {
		names = append(names, kindName(kind))
	}
	return strings.Join(names, " or a ")
}

func kindName(kind string) string {
	switch kind {
	case KindGroup:
		return "thing group"
	case KindType:
		return "thing type"
	case KindCert:
		return "certificate"
	case KindCACert:
		return "CA certificate"
	case KindBillingGroup:
		return "billing group"
	case KindTemplate:
		return "job template"
	case KindProvisioningTemplate:
		return "provisioning template"
	}
	return kind
}

// Parse reads an ARN and refuses one that is not of this server or not of one of the kinds; member
// names it in the fault.
func (s Scope) Parse(member, text string, kinds ...string) (ARN, error) {
	arn, ok := ParseARN(text)
	if !ok {
		return ARN{}, fault.New(fault.Invalid,
			"%s: %q is not an ARN of a %s", member, text, kindNames(kinds))
	}
	if !s.Contains(arn) {
		return ARN{}, fault.New(fault.Invalid,
			"%s: %q is not of this server, which serves %s, %s, account %s",
			member, text, s.Partition, s.Region, s.Account)
	}
	for _, kind := range kinds {
		if arn.Kind == kind {
			return arn, nil
		}
	}
	return ARN{}, fault.New(fault.Invalid,
		"%s: %q is not an ARN of a %s", member, text, kindNames(kinds))
}
