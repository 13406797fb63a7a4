package store

import (
	"time"

	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
)

// Changes is all that one decision wants written. Within one Apply, deletions happen before
// insertions, and both before updates.
type Changes struct {
	Job      JobChanges
	Registry RegistryChanges
	Outbox   OutboxChanges
	Nodes    NodeChanges
	Clients  ClientChanges
	Audit    AuditChanges
	Sinks    SinkChanges
	// Settings are small facts about the whole server, by name.
	Settings []Setting
	// Sessions are applied in their order, after everything else.
	Sessions []SessionEntry
}

// JobChanges are changes of jobs and executions.
type JobChanges struct {
	CreatedJobs []CreatedJob
	// Definitions rewrites the definition of existing jobs. Whether a job has maintenance windows
	// stays as it was.
	Definitions []job.Job
	// States rewrites the state (job.State) of existing jobs.
	States []job.Job
	// DeletedJobs removes jobs with their documents. Their executions, the things that wait for one
	// or for a retry, their confirmations and the numbers that stay used must be gone already, else
	// ErrConflict: there may be as many as the fleet has things.
	DeletedJobs []job.Key
	// LateJoinersAdded are things that wait to get an execution of a continuous job (R-JOB-56);
	// LateJoinersDone are those that do not any more. Adding one that waits and removing one that
	// does not are no changes.
	LateJoinersAdded, LateJoinersDone []LateJoiner
	// RetriesWaiting are things that wait for a retry, RetriesDone those that do not any more. Adding
	// one that waits and removing one that does not are no changes.
	RetriesWaiting, RetriesDone []WaitingRetry
	// Holds inserts or rewrites by thing, which must exist. Released removes the holds of things;
	// of a thing that is not held that is no change. A hold goes with its thing.
	Holds    []job.Hold
	Released []registry.ThingID
	// Confirmations inserts or rewrites by job and thing; ConfirmationsDone removes by them, and
	// removing one that does not exist is no change.
	Confirmations     []job.Confirmation
	ConfirmationsDone []ConfirmationCursor
	// MembershipWork inserts or rewrites by number; MembershipWorkDone removes by number, and
	// removing what does not exist is no change.
	MembershipWork     []job.MembershipWork
	MembershipWorkDone []int64
	// CreatedTemplates inserts job templates. The id must be free. DeletedTemplates removes them.
	CreatedTemplates []job.Template
	DeletedTemplates []string
	// CreatedExecutions inserts executions. The key must be free.
	CreatedExecutions []job.Execution
	// UpdatedExecutions rewrites executions. The stored version must be Version-1, else
	// ErrConflict. Attempt, QueuedAt, Sequence and Wave stay as they were queued. Held and Silent are
	// of no account in any change of an execution.
	UpdatedExecutions []job.Execution
	// AmendedExecutions rewrites executions at the version they have, else ErrConflict. Only what
	// no device sees changes so: the step timer (R-HTTP-14), the retries that the chain has used
	// (R-RTY-11), and that a retry has waited long enough (R-STR-45).
	AmendedExecutions []job.Execution
	// SilentExecutions marks executions as job.Execution.Silent. They must exist, else ErrConflict.
	SilentExecutions []job.ExecutionKey
	// DeletedExecutions removes executions. Their numbers stay used (R-CON-14), except in
	// EndingJobs.
	DeletedExecutions []job.ExecutionKey
	// EndingJobs are jobs that go with their last execution. They queue no more, so none of their
	// numbers needs to stay used.
	EndingJobs []job.Key
	// ForgottenNumbers removes numbers that stay used. Removing one that does not is no change.
	ForgottenNumbers []UsedNumber
}

// UsedNumber names the highest number of an execution of a job on a thing that was deleted.
type UsedNumber struct {
	Job   job.Key
	Thing registry.ThingID
}

// LateJoiner is a thing that entered the targets of a continuous job while no execution could be
// created for it.
type LateJoiner struct {
	Job   job.Key
	Thing registry.ThingID
}

// WaitingRetry is a thing whose retry was due while its job was paused (R-STR-11).
type WaitingRetry struct {
	Job   job.Key
	Thing registry.ThingID
}

// CreatedJob is a new job with its document, the text as the operator gave it.
type CreatedJob struct {
	Job      job.Job
	Document string
	// Original is the document before parameters were filled in; empty when it is the same.
	Original string
}

// RegistryChanges are changes of things, thing types, groups, billing groups, certificates,
// policies and tags.
type RegistryChanges struct {
	CreatedThings []registry.Thing
	UpdatedThings []registry.Thing
	// DeletedThings frees the names, and removes the holds of the things. Memberships and
	// principals of the thing must be removed by the same decision, else ErrConflict. The name stays readable as long as the thing has executions
	// (R-EXE-24): see Reader.ThingName.
	DeletedThings []registry.ThingID

	// CreatedBillingGroups inserts billing groups; the key and the name must be free.
	// UpdatedBillingGroups rewrites their description and version. The things of deleted ones keep
	// the key of their group, which names nothing any more: they may be as many as the fleet has.
	CreatedBillingGroups []registry.BillingGroup
	UpdatedBillingGroups []registry.BillingGroup
	DeletedBillingGroups []registry.BillingGroupID
	// BillingMemberships sets the billing group of things, which UpdatedThings leaves as it is. The
	// thing must exist.
	BillingMemberships []registry.BillingMembership

	CreatedGroups []registry.Group
	UpdatedGroups []registry.Group
	DeletedGroups []registry.GroupID // their memberships vanish with them (R-ID-12)

	// ThingTypes inserts or rewrites by name. UUID and CreatedAt stay as they were.
	ThingTypes        []registry.ThingType
	DeletedThingTypes []string

	AddedMemberships   []registry.Membership
	RemovedMemberships []registry.Membership // by group and thing
	// LeftMemberships remembers memberships that have ended, ForgottenMemberships forgets them.
	// Forgetting one that is not remembered is no change.
	LeftMemberships, ForgottenMemberships []registry.LeftMembership

	// Certificates inserts or rewrites by id. CreatedAt stays as it was.
	Certificates        []registry.Certificate
	DeletedCertificates []string

	// CACertificates inserts or rewrites by id. Subject and CreatedAt stay as they were. The
	// certificates that name a deleted one as their CA stay as they are.
	CACertificates        []registry.CACertificate
	DeletedCACertificates []string

	// Policies inserts or rewrites by name, versions included. CreatedAt stays as it was.
	Policies        []registry.Policy
	DeletedPolicies []string

	// Authorizers inserts or rewrites by name.
	Authorizers        []registry.Authorizer
	DeletedAuthorizers []string

	// Attached and Detached go by policy, kind and key. Adding an attachment that exists is no
	// change, also of the time since which it does; removing one that does not exist is none
	// either.
	Attached, Detached []registry.Attachment

	// ProvisioningTemplates inserts or rewrites by name.
	ProvisioningTemplates        []registry.ProvisioningTemplate
	DeletedProvisioningTemplates []string
	// TemporaryCertificates inserts or rewrites by id, KeptCertificates removes by id: the
	// certificate stays then. Removing one that is not temporary is no change. Both are apart from
	// Certificates: whoever deletes a certificate must keep it first.
	TemporaryCertificates []registry.TemporaryCertificate
	KeptCertificates      []string

	// Principals inserts or rewrites by (thing, certificate).
	Principals        []registry.Principal
	DeletedPrincipals []registry.Principal // by thing and certificate

	// Tagged sets all the tags of resources, in its order; an empty set removes them.
	Tagged []registry.Tagged
}

// Notice says what devices must be told about one thing once the change is committed (R-CON-23).
type Notice struct {
	Thing      registry.ThingID
	Notify     bool // jobs/notify: the pending set changed
	NotifyNext bool // jobs/notify-next: its head changed
}

// AnnouncementBytes is how many bytes of topics and payloads of events, about, are read with one
// page of announcements. A commit of a thousand reports may have some megabytes of them.
const AnnouncementBytes = 4 << 20

// Size is how many bytes the events of an announcement have.
func (a Announcement) Size() (bytes int) {
	for _, e := range a.Events {
		bytes += len(e.Topic) + len(e.Payload)
	}
	return bytes
}

// Announcement is what one commit has to announce: one row, whatever the number of things.
type Announcement struct {
	ID      int64 // grows with every commit that announces something
	Notices []Notice
	Events  []Event
	Nodes   ForNodes
}

// Event is a lifecycle event as it is published: it is kept whole, because what it tells of may be
// gone by then, and a repeat must carry the same eventId (R-EVT-27).
type Event struct {
	Topic   string `json:"topic"`
	Payload []byte `json:"payload"`
}

// Setting is one named fact about the server; what the value holds is the business of who set it.
type Setting struct {
	Name  string
	Value []byte // nil removes the setting
}

// SecretPrefix begins the names of the settings that hold what all servers with the same store share
// and nobody else may know: operator keys, certificate authorities. They are stored encrypted, and
// Reset leaves them.
const SecretPrefix = "secret/"

// OutboxChanges adds announcements. They are removed by the signs of nodes.
type OutboxChanges struct {
	Added []Announcement
	// At is when they were committed. As long as there is a sink, their events are also kept for
	// sinks (Reader.SinkEvents), with this time.
	At time.Time
}

// SessionEntry is one value of an MQTT session that outlives its connection (R-BRK-11, R-BRK-35).
// Seq 0 is the session itself, any other a message that waits for it; what they hold is the
// broker's business.
type SessionEntry struct {
	Client string
	Seq    uint64
	// Value is small. As a change, nil removes the entry; removing Seq 0 removes all entries of the
	// client.
	Value []byte
	// Body is the large part of a message, which not every read returns. Nil: there is none.
	Body []byte
	// Shared is 0 for a body that belongs to this entry alone. Entries with the same other number
	// have the same body: it is stored once, when the first of them is, and removed with the last.
	// Each change gives the body nevertheless.
	Shared uint64
}
