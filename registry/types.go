package registry

import "time"

// ThingID is the immutable key of a thing: a name that is deleted and made again gets a new one
// (R-CON-12).
type ThingID int64

// GroupID is the immutable key of a thing group.
type GroupID int64

// Thing is the registry entry of a device.
type Thing struct {
	ID         ThingID
	Name       string // 1..128 of [a-zA-Z0-9:_-], case-sensitive
	UUID       string // thingId in the API
	Type       string // name of its thing type, empty without one
	Attributes map[string]string
	Version    int64 // from 1, plus one for each update (R-ID-5)
	CreatedAt  time.Time
	// BillingGroup is the billing group that it is in, 0 for none. It may name one that was
	// deleted, which is none too: deleting a group leaves the things in it as they are (R-ID-44).
	BillingGroup BillingGroupID
}

// BillingGroupID is the immutable key of a billing group. It is never used again.
type BillingGroupID int64

// BillingGroup is a set of things whose cost is counted together. A thing is in at most one, and
// there is no order among them (R-ID-44).
type BillingGroup struct {
	ID          BillingGroupID
	Name        string
	UUID        string // billingGroupId in the API
	Description string
	Version     int64 // from 1, plus one for each update
	CreatedAt   time.Time
}

// BillingMembership says that a thing is in a billing group; in none, for the group 0.
type BillingMembership struct {
	Thing ThingID
	Group BillingGroupID
}

// Group is a thing group. Static ones form trees: each has at most one parent, set at creation
// (R-ID-11). A dynamic one stands alone, and its members are what its query matches (R-ID-38).
type Group struct {
	ID          GroupID
	Name        string
	UUID        string  // thingGroupId in the API
	Parent      GroupID // 0 for a root group
	Description string
	Attributes  map[string]string
	Query       string // of a dynamic group, empty for a static one
	Version     int64
	CreatedAt   time.Time
	// Work is the background pass over the members that is running. Scanned is the name of the last
	// thing that it has looked at, empty at its beginning.
	Work    GroupWork
	Scanned string
}

// Dynamic reports whether a query makes the group's members.
func (g Group) Dynamic() bool { return g.Query != "" }

// GroupWork is a background pass over the members of a group.
type GroupWork string

const (
	// NoGroupWork means that no pass is running: the members are right.
	NoGroupWork GroupWork = ""
	// Building asks the query about every thing for the first time.
	Building GroupWork = "BUILDING"
	// Rebuilding asks the query about every thing again, because it was changed.
	Rebuilding GroupWork = "REBUILDING"
	// Emptying removes all members. The group is deleted with the last.
	Emptying GroupWork = "EMPTYING"
)

// LeftMembership is a membership that has ended while a rollout still counts it: the thing was in
// the group when the rollout began, and if it comes back before the rollout ends it is to have its
// turn (R-JOB-54).
type LeftMembership struct {
	Membership
	Left int64 // drawn from the same numbers as Joined when the thing left
}

// LastedAt reports whether the thing was in the group when a membership number was the newest.
func (m LeftMembership) LastedAt(number int64) bool { return m.Joined <= number && number < m.Left }

// Member is one thing of a group, in the order of a rollout: by name (R-ROLL-12).
type Member struct {
	Thing ThingID
	Name  string
}

// Membership says that a thing is in a group.
type Membership struct {
	Group GroupID
	Member
	// Joined is the number of the membership; it grows with every one that is made anywhere. So a
	// job can freeze its targets as one number: those that joined with that number or a smaller one
	// (R-JOB-52, R-JOB-53).
	Joined int64
}

// CertificateStatus is ACTIVE, INACTIVE, REVOKED or PENDING_ACTIVATION; only ACTIVE ones may connect
// (R-ID-14). A CA certificate is ACTIVE or INACTIVE.
type CertificateStatus string

// The statuses that a certificate can have here.
const (
	CertificateActive   CertificateStatus = "ACTIVE"
	CertificateInactive CertificateStatus = "INACTIVE"
	CertificateRevoked  CertificateStatus = "REVOKED"
	// CertificatePending is the status of a certificate that was registered because its device has
	// connected with it (R-ID-71), or that a device was given by a claim and has not been provisioned
	// with yet (R-ID-81). An operator or a provisioning template gives it another one; nobody can give
	// it this one.
	CertificatePending CertificateStatus = "PENDING_ACTIVATION"
)

// Certificate is a device certificate that may identify a connection.
type Certificate struct {
	ID     string // SHA-256 of its DER form, in lower-case hexadecimal (R-ID-14)
	PEM    string
	Status CertificateStatus
	// Mode is DEFAULT for certificates that this server issued, SNI_ONLY for those that were
	// registered without a CA (R-ID-16), and the mode of the CA for those registered with one.
	Mode                 string
	CreatedAt, UpdatedAt time.Time
	NotBefore, NotAfter  time.Time
	// CA is the id of the CA certificate that it was registered with, empty for none. It stays when
	// that is deleted (R-ID-69).
	CA string
}

// CACertificate is the certificate of an authority that signs certificates of devices (R-ID-66).
type CACertificate struct {
	ID string // as that of a Certificate
	// Subject is the SHA-256 of the DER form of its subject, in lower-case hexadecimal: the
	// certificates that it has signed name their issuer by the same bytes.
	Subject string
	PEM     string
	Status  CertificateStatus // ACTIVE or INACTIVE
	Mode    string            // DEFAULT or SNI_ONLY, also of what is registered with it (R-ID-68)
	// AutoRegister says that certificates are registered when their devices connect (R-ID-71).
	AutoRegister bool
	Registration RegistrationConfig

	CreatedAt, UpdatedAt time.Time
	NotBefore, NotAfter  time.Time
}

// RegistrationConfig says by which template the devices of a CA are provisioned when they connect
// for the first time. All members are empty when there is no such template (R-ID-70).
type RegistrationConfig struct {
	TemplateName string `json:"templateName,omitempty"`
	TemplateBody string `json:"templateBody,omitempty"`
	RoleARN      string `json:"roleArn,omitempty"`
}

// Policy is a named set of document versions, one of which is in force (R-ID-21).
type Policy struct {
	Name                 string
	Versions             []PolicyVersion // by Number
	Default              int             // the Number that is in force
	LastNumber           int             // the largest Number ever given to a version
	CreatedAt, UpdatedAt time.Time
}

// PolicyVersion is one document of a policy, stored byte for byte (R-ID-23).
type PolicyVersion struct {
	Number    int
	Document  string
	CreatedAt time.Time
}

// Document returns the document that is in force.
func (p Policy) Document() string {
	for _, v := range p.Versions {
		if v.Number == p.Default {
			return v.Document
		}
	}
	return ""
}

// TargetKind says what a policy is attached to.
type TargetKind string

// The kinds of target a policy may be attached to (R-ID-22).
const (
	CertificateTarget TargetKind = "cert"
	GroupTarget       TargetKind = "thinggroup"
)

// Attachment says that a policy is attached to a certificate or a group.
type Attachment struct {
	Policy string
	Kind   TargetKind
	Key    string // the certificate's id, or the group's name
	// AttachedAt is when it was attached. It does not tell one attachment from another: attaching
	// again changes nothing, and to detach it is not asked for.
	AttachedAt time.Time
}

// Principal says that a certificate is attached to a thing (R-ID-20).
type Principal struct {
	Thing       ThingID
	ThingName   string
	Certificate string // the certificate's id
	// Exclusive is EXCLUSIVE_THING: connections with this certificate are this thing's, whatever
	// the client id (R-ID-29).
	Exclusive bool
}
