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
	UUID       string // thingId on the wire
	Type       string // thing type's name, empty without one
	Attributes map[string]string
	Version    int64 // starts at 1, grows by one with each update (R-ID-5)
	CreatedAt  time.Time
}

// Group is a thing group. Static ones form trees: at most one parent, set at creation (R-ID-11). A
// dynamic one stands alone, and its members are what its query matches (R-ID-38).
type Group struct {
	ID          GroupID
	Name        string
	UUID        string // thingGroupId on the wire
	Parent      GroupID
	Description string
	Attributes  map[string]string
	Query       string // of a dynamic group, empty for a static one
	Version     int64
	CreatedAt   time.Time
	// Work is what is left to do about the members, and Scanned the name of the thing up to which
	// it was done.
	Work    GroupWork
	Scanned string
}

// Dynamic reports whether a query makes the group's members.
func (g Group) Dynamic() bool { return g.Query != "" }

// GroupWork is background work over the members of a group.
type GroupWork string

const (
	// NoGroupWork means that the members are what the query says.
	NoGroupWork GroupWork = ""
	// Building looks at every thing for the first time.
	Building GroupWork = "BUILDING"
	// Rebuilding looks at every thing again, after the query was changed.
	Rebuilding GroupWork = "REBUILDING"
	// Emptying takes all members out; the group goes with the last.
	Emptying GroupWork = "EMPTYING"
)

// Member is one thing of a group, in the order of a rollout: by name (R-ROLL-12).
type Member struct {
	Thing ThingID
	Name  string
}

// Membership says that a thing is in a group.
type Membership struct {
	Group GroupID
	Member
	// Joined grows with every membership that is made, so a job can freeze its target set as one
	// number: the members that joined no later (R-JOB-52, R-JOB-53).
	Joined int64
}

// CertificateStatus is ACTIVE, INACTIVE or REVOKED; only ACTIVE ones may connect (R-ID-14).
type CertificateStatus string

// The statuses of a certificate that this server keeps.
const (
	CertificateActive   CertificateStatus = "ACTIVE"
	CertificateInactive CertificateStatus = "INACTIVE"
	CertificateRevoked  CertificateStatus = "REVOKED"
)

// Certificate is a device certificate that may identify a connection. Its ID is the lower-case
// hexadecimal SHA-256 of its DER form (R-ID-14).
type Certificate struct {
	ID                   string
	PEM                  string
	Status               CertificateStatus
	Mode                 string // DEFAULT for issued ones, SNI_ONLY for those registered without a CA (R-ID-16)
	CreatedAt, UpdatedAt time.Time
	NotBefore, NotAfter  time.Time
}

// Policy is a named set of document versions, one of which is in force (R-ID-21).
type Policy struct {
	Name                 string
	Versions             []PolicyVersion // ascending by Number
	Default              int             // the Number in force
	LastNumber           int             // numbers are never reused
	CreatedAt, UpdatedAt time.Time
}

// PolicyVersion is one document of a policy, kept byte for byte (R-ID-23).
type PolicyVersion struct {
	Number    int
	Document  string
	CreatedAt time.Time
}

// Document returns the text that is in force.
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

// Attachment says that a policy is attached to a certificate or a group. Key is the certificate id
// or the group's name.
type Attachment struct {
	Policy string
	Kind   TargetKind
	Key    string
}

// Principal says that a certificate is attached to a thing (R-ID-20).
type Principal struct {
	Thing       ThingID
	ThingName   string
	Certificate string // certificate id
	Exclusive   bool   // EXCLUSIVE_THING: this certificate maps to this thing whatever the client id (R-ID-29)
}
