package store

import (
	"time"

	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
)

// Keys hands out fresh keys inside one transaction.
type Keys interface {
	Thing() registry.ThingID
	Group() registry.GroupID
	BillingGroup() registry.BillingGroupID
	Job() job.Key
	Joined() int64       // registry.Membership.Joined
	Sequence() int64     // job.Execution.Sequence
	Announcement() int64 // Announcement.ID and Client.Claim
	Node() NodeID
}

// Reader reads a consistent state.
type Reader interface {
	JobReader
	DocumentReader
	ExecutionReader
	AttemptReader
	HoldReader
	ConfirmationReader
	ThingReader
	GroupReader
	IdentityReader
	NodeReader
	AuditReader
	SinkReader
	// Announcements returns up to limit announcements that not every node has passed, oldest first,
	// with ID > after. It returns fewer when they are large: none after those that have
	// AnnouncementBytes together.
	Announcements(after int64, limit int) ([]Announcement, error)
	// Setting returns the value of a setting.
	Setting(name string) ([]byte, error)
	// Tags returns the tags of a resource by the kind and name of its ARN, none for one that has
	// none or does not exist.
	Tags(kind, name string) (map[string]string, error)
	// Sessions calls f for every saved session entry, by client, then by Seq, without the bodies.
	Sessions(f func(SessionEntry) error) error
	// SessionsOf calls f as Sessions does for the entries of one client: those under its name and,
	// for further sessions, under $1/NAME, $2/NAME and so on.
	SessionsOf(client string, f func(SessionEntry) error) error
	// SessionMessages returns the entries of a client with first <= Seq <= last, by Seq, with their
	// bodies.
	SessionMessages(client string, first, last uint64) ([]SessionEntry, error)
}

// NodeReader reads nodes and their clients.
type NodeReader interface {
	// Nodes returns all nodes, by number.
	Nodes() ([]Node, error)
	// Turns returns the turns of a client, the first one first.
	Turns(client string) ([]Client, error)
	// ClientsOf returns up to limit turns of a node by name, then by turn, strictly after one.
	ClientsOf(node NodeID, after ClientTurn, limit int) ([]Client, error)
}

// JobReader reads jobs.
type JobReader interface {
	Job(job.Key) (job.Job, error)
	// JobsAhead reads ahead what Job answers for several keys, in one question. A store to which a
	// question costs nothing may do nothing.
	JobsAhead([]job.Key) error
	JobByID(id string) (job.Job, error)
	// Jobs lists jobs, newest first, then by id (R-API-10).
	Jobs(JobQuery) ([]job.Job, error)
	// DueJobs returns up to limit jobs whose State.Due is set and not after now, earliest first,
	// ties by key, strictly after a place in this order.
	DueJobs(after DueCursor, now time.Time, limit int) ([]job.Job, error)
	// JobCount returns how many jobs have the status.
	JobCount(job.Status) (int, error)
	// ActiveJobs returns how many jobs of a selection are SCHEDULED or IN_PROGRESS, ConcurrentJobs
	// how many are job.Concurrent (R-LIM-47).
	ActiveJobs(job.TargetSelection) (int, error)
	ConcurrentJobs() (int, error)
	// RolloutMemberships returns the smallest and the largest job.RolloutMembership; ok is false
	// when no job has one.
	RolloutMemberships() (oldest, newest int64, ok bool, err error)
	// ContinuousJobs returns up to limit active continuous jobs that have the group among
	// job.Definition.TargetGroups, by key, strictly after a key.
	ContinuousJobs(group registry.GroupID, after job.Key, limit int) ([]ContinuousJob, error)
	// EndedJobs returns up to limit jobs that are COMPLETED or CANCELED and have not changed since
	// before, oldest first.
	EndedJobs(before time.Time, limit int) ([]job.Job, error)
	// NextDue returns the earliest time that a job, an execution, a hold or a confirmation waits
	// for; zero when nothing does.
	NextDue() (time.Time, error)
}

// ContinuousJob is an active continuous job of a group. Active is false for one that has ended
// since the store was read: a commit knows of that, and pages by all that were read.
type ContinuousJob struct {
	Key    job.Key
	Active bool
}

// DocumentReader reads what belongs to jobs and does not change with their state: documents,
// templates, and the things that wait for an execution.
type DocumentReader interface {
	// Document returns the job document as given.
	Document(job.Key) (string, error)
	// OriginalDocument returns the document before parameters were filled in (R-SUB-10).
	OriginalDocument(job.Key) (string, error)
	// Template returns a job template, Templates lists them without their documents, newest first,
	// then by id (R-API-35).
	Template(id string) (job.Template, error)
	Templates(after *JobCursor, limit int) ([]job.Template, error)
	// TemplateCount returns how many job templates there are.
	TemplateCount() (int, error)
	// LateJoiners returns up to limit things that wait for an execution of the job, by thing.
	LateJoiners(key job.Key, limit int) ([]registry.ThingID, error)
	// WaitingRetries returns up to limit things that wait for another attempt of the job, by thing.
	WaitingRetries(key job.Key, limit int) ([]WaitingRetry, error)
	// MembershipWork returns up to limit pieces of work that changes of memberships have left, by
	// number.
	MembershipWork(limit int) ([]job.MembershipWork, error)
}

// JobQuery pages jobs: all, those with a status, or those of a target. Status and Target are not
// given together.
type JobQuery struct {
	Status job.Status
	Target string // job.Target.Resource of a target that the job lists (R-API-12)
	After  *JobCursor
	Limit  int
}

// DueCursor is the place of one job in the order of DueJobs. The zero value is before all.
type DueCursor struct {
	Due time.Time
	Job job.Key
}

// JobCursor is the place of one job in the order of Jobs, or of one template in the order of
// Templates.
type JobCursor struct {
	CreatedAt time.Time
	ID        string
}

// ExecutionReader reads executions. Whether their things are held is filled in by every read.
type ExecutionReader interface {
	Execution(job.ExecutionKey) (job.Execution, error)
	// Latest returns the execution with the highest number of the job on the thing (R-CON-11).
	Latest(job.Key, registry.ThingID) (job.Execution, error)
	// LastNumber returns the highest number that was ever used for the job on the thing, deleted
	// ones included; 0 when there was none (R-CON-14).
	LastNumber(job.Key, registry.ThingID) (int64, error)
	// UsedNumbers returns up to limit things on which a number of the job stays used though its
	// execution was deleted, by thing.
	UsedNumbers(key job.Key, limit int) ([]registry.ThingID, error)
	// Pending returns up to limit executions of the thing that have not ended: IN_PROGRESS first,
	// then by queuedAt, then by sequence (R-ORD-1, R-ORD-2).
	Pending(thing registry.ThingID, limit int) ([]job.Execution, error)
	// QueuedOfThing returns up to limit QUEUED executions of the thing, by queuedAt, then by
	// sequence, strictly after the cursor.
	QueuedOfThing(
		thing registry.ThingID, after job.QueueCursor, limit int) ([]job.Execution, error)
	// PendingWindowed is Pending of jobs with maintenance windows only.
	PendingWindowed(thing registry.ThingID, limit int) ([]job.Execution, error)
	// PendingOfJob returns up to limit executions of the job in the status, which is QUEUED or
	// IN_PROGRESS, by thing, then by number, strictly after the thing and number given.
	PendingOfJob(
		key job.Key, status job.ExecutionStatus, after job.ExecutionCursor,
		limit int) ([]job.Execution, error)
	// SomeOfJob returns up to limit executions of the job in no particular order.
	SomeOfJob(job.Key, int) ([]job.Execution, error)
	// ExecutionsOfJob lists by thing name, then by number descending (R-API-26).
	ExecutionsOfJob(JobExecutionQuery) ([]NamedExecution, error)
	// NthThing returns the place after the n-th thing that has executions of the job, in that
	// order, counted from the thing of after on; ErrNotFound when there are fewer.
	NthThing(key job.Key, after *JobExecutionCursor, n int) (JobExecutionCursor, error)
	// ExecutionsOfThing lists by queuedAt descending, then by job id, then by number descending
	// (R-API-27).
	ExecutionsOfThing(ThingExecutionQuery) ([]NamedExecution, error)
	// DueExecutions returns up to limit executions whose TimesOutAt is not after now, earliest
	// first, ties by sequence.
	DueExecutions(now time.Time, limit int) ([]job.Execution, error)
}

// HoldReader reads which things are held.
type HoldReader interface {
	// HoldOf returns the hold of a thing.
	HoldOf(registry.ThingID) (job.Hold, error)
	// Holds lists by thing, strictly after one.
	Holds(after registry.ThingID, limit int) ([]job.Hold, error)
	// DueHolds returns up to limit holds whose Until is set and not after now, earliest first, ties
	// by thing.
	DueHolds(now time.Time, limit int) ([]job.Hold, error)
}

// ConfirmationReader reads what waits to be confirmed.
type ConfirmationReader interface {
	// Confirmations lists by thing, then by job, strictly after a place in this order.
	Confirmations(after ConfirmationCursor, limit int) ([]NamedConfirmation, error)
	// ConfirmationsOf returns up to limit of a thing, by job.
	ConfirmationsOf(thing registry.ThingID, limit int) ([]job.Confirmation, error)
	// ConfirmationsOfJob returns up to limit of a job, by thing.
	ConfirmationsOfJob(key job.Key, limit int) ([]job.Confirmation, error)
	// DueConfirmations returns up to limit whose Until is not after now, earliest first, ties by
	// job, then by thing.
	DueConfirmations(now time.Time, limit int) ([]job.Confirmation, error)
}

// NamedConfirmation is a confirmation with the name of its thing, empty for one that was deleted.
type NamedConfirmation struct {
	job.Confirmation
	ThingName string
}

// ConfirmationCursor is the place of one confirmation in the order of Confirmations. The zero value
// is before all.
type ConfirmationCursor struct {
	Thing registry.ThingID
	Job   job.Key
}

// NamedExecution is an execution with the names that the API shows for its keys.
type NamedExecution struct {
	job.Execution
	JobID     string
	Namespace string // of the job
	ThingName string
}

// JobExecutionQuery pages the executions of one job.
type JobExecutionQuery struct {
	Job    job.Key
	Status *job.ExecutionStatus
	After  *JobExecutionCursor
	Things int // look at so many things at the most, counted from that of After on; 0 looks at all
	Limit  int
}

// JobExecutionCursor is the place of one execution in the order of ExecutionsOfJob.
type JobExecutionCursor struct {
	ThingName string
	Thing     registry.ThingID // things of one name (a deleted one and its successor) go by key
	Number    int64
}

// ThingExecutionQuery pages the executions of one thing.
type ThingExecutionQuery struct {
	Thing registry.ThingID
	Job   job.Key // only those of this job; 0 for all
	After *ThingExecutionCursor
	Limit int
}

// ThingExecutionCursor is the place of one execution in the order of ExecutionsOfThing.
type ThingExecutionCursor struct {
	QueuedAt time.Time
	JobID    string
	Number   int64
}

// ThingReader reads things, their types and their billing groups.
type ThingReader interface {
	Thing(registry.ThingID) (registry.Thing, error)
	// ThingID is Thing for hot paths: only the key of a name.
	ThingID(name string) (registry.ThingID, error)
	ThingByName(name string) (registry.Thing, error)
	// ThingName returns the name that a thing has or, when it was deleted and has executions, had.
	ThingName(registry.ThingID) (string, error)
	// ThingNames is ThingName for many things in one question; those without a name are not in it.
	ThingNames([]registry.ThingID) (map[registry.ThingID]string, error)
	// Things lists by name.
	Things(ThingQuery) ([]registry.Thing, error)
	ThingType(name string) (registry.ThingType, error)
	// ThingTypes lists by name those whose names begin with the prefix, strictly after a name.
	ThingTypes(prefix, after string, limit int) ([]registry.ThingType, error)
	BillingGroup(registry.BillingGroupID) (registry.BillingGroup, error)
	BillingGroupByName(name string) (registry.BillingGroup, error)
	// BillingGroups lists by name those whose names begin with the prefix, strictly after a name.
	BillingGroups(prefix, after string, limit int) ([]registry.BillingGroup, error)
}

// ThingQuery pages things: those of a type, those of a billing group, or all. Type and BillingGroup
// are not given together.
type ThingQuery struct {
	Type         string
	BillingGroup registry.BillingGroupID
	After        string // name
	From         string // the first name that is wanted, or what comes before it; empty for all
	Limit        int
}

// GroupReader reads thing groups and memberships.
type GroupReader interface {
	Group(registry.GroupID) (registry.Group, error)
	GroupByName(name string) (registry.Group, error)
	GroupByUUID(uuid string) (registry.Group, error)
	// Groups lists by name.
	Groups(GroupQuery) ([]registry.Group, error)
	// DynamicGroups returns the groups that have a query, by key; at most
	// registry.MaxDynamicGroups.
	DynamicGroups() ([]registry.Group, error)
	// GroupsWithWork returns up to limit groups that have Work, by key.
	GroupsWithWork(limit int) ([]registry.Group, error)
	// Members lists the direct members of a group by name, strictly after a name.
	Members(group registry.GroupID, after string, limit int) ([]registry.Membership, error)
	// CountBetween counts direct members of a group without returning them. looked is how many it has
	// looked at: up to the limit of the query, whatever it counts of them.
	CountBetween(MemberRange) (counted, looked int, err error)
	// Memberships returns the groups that a thing is a direct member of, by group key; at most a
	// few (R-ID-11).
	Memberships(registry.ThingID) ([]registry.Membership, error)
	// GroupsOfThings returns the groups that things are direct members of whose names lie between
	// two, both included, by the name of the thing, then by group.
	GroupsOfThings(first, last string) ([]ThingGroup, error)
	// CountMembers counts things by the groups that they are in. It looks at all of them: only
	// questions that operators ask may.
	CountMembers(MemberCount) (int64, error)
	// LeftMembers lists the memberships of a group that have ended and that a rollout counts which
	// began at a membership number (registry.LeftMembership), by the name of the thing.
	LeftMembers(
		group registry.GroupID, number int64, after string, limit int,
	) ([]registry.LeftMembership, error)
	// LeftBefore returns up to limit memberships that ended with a number up to this one, in the
	// order in which they ended.
	LeftBefore(number int64, limit int) ([]registry.LeftMembership, error)
	// LastJoined returns a number that no membership made so far exceeds and every later one does:
	// the newest Membership.Joined that was handed out, or more after a restart.
	LastJoined() (int64, error)
}

// MemberCount says which things are counted: those with a membership that began with a number up to
// Joined, in one of the groups or in a group below one, each thing once. With Within, they must be
// members of one of those groups or of a group below it too, since whenever.
type MemberCount struct {
	Groups []registry.GroupID
	Joined int64
	Within []registry.GroupID
}

// GroupQuery filters and pages groups.
type GroupQuery struct {
	// Children, when set, keeps the direct children of this group; 0 keeps root groups.
	Children *registry.GroupID
	Prefix   string
	After    string // name
	Limit    int
}

// MemberRange says which members of a group are counted: those whose names come after one and before
// another, both left out, and that joined with a number up to this one.
type MemberRange struct {
	Group         registry.GroupID
	After, Before string // an empty Before is no bound
	Joined        int64
	Limit         int
}

// IdentityReader reads certificates, policies and what they are attached to, and authorizers.
type IdentityReader interface {
	Certificate(id string) (registry.Certificate, error)
	// Certificates lists by creation time, then by id.
	Certificates(IdentityQuery) ([]registry.Certificate, error)
	// CertificatesOfCA lists those that name a CA certificate as theirs, in the same order.
	CertificatesOfCA(ca string, q IdentityQuery) ([]registry.Certificate, error)
	CACertificate(id string) (registry.CACertificate, error)
	// CACertificates lists by creation time, then by id.
	CACertificates(IdentityQuery) ([]registry.CACertificate, error)
	// CACertificatesOf returns those with a subject, by id; at most
	// registry.MaxCACertificatesOfSubject.
	CACertificatesOf(subject string) ([]registry.CACertificate, error)
	Policy(name string) (registry.Policy, error)
	// Policies lists by creation time, then by name.
	Policies(IdentityQuery) ([]registry.Policy, error)
	// PoliciesOf returns the policies attached to one target, by name; at most ten (R-ID-22).
	PoliciesOf(registry.TargetKind, string) ([]registry.Policy, error)
	// TargetsOf lists the attachments of a policy, by kind, then by key, resuming after the one
	// given.
	TargetsOf(policy string, after registry.Attachment, limit int) ([]registry.Attachment, error)
	// TargetsByTime lists the attachments of a policy by the time they were made, then by kind,
	// then by key.
	TargetsByTime(TargetQuery) ([]registry.Attachment, error)
	Authorizer(name string) (registry.Authorizer, error)
	// Authorizers returns all authorizers, by name; at most registry.MaxAuthorizers.
	Authorizers() ([]registry.Authorizer, error)
	// PrincipalsOfThing lists by certificate id.
	PrincipalsOfThing(thing registry.ThingID, after string, limit int) ([]registry.Principal, error)
	// ThingsOfPrincipal lists by thing name.
	ThingsOfPrincipal(certificate, after string, limit int) ([]registry.Principal, error)
	// Principal returns the attachment of a certificate to a thing.
	Principal(registry.ThingID, string) (registry.Principal, error)
	ProvisioningTemplate(name string) (registry.ProvisioningTemplate, error)
	// ProvisioningTemplates lists by name, strictly after one.
	ProvisioningTemplates(after string, limit int) ([]registry.ProvisioningTemplate, error)
	// ProvisioningTemplateCount returns how many provisioning templates there are.
	ProvisioningTemplateCount() (int, error)
	TemporaryCertificate(id string) (registry.TemporaryCertificate, error)
	// TemporaryCertificates returns up to limit whose Until is not after now, earliest first, ties by
	// id.
	TemporaryCertificates(now time.Time, limit int) ([]registry.TemporaryCertificate, error)
}

// TargetQuery pages the attachments of one policy.
type TargetQuery struct {
	Policy    string
	Ascending bool                 // the default is the whole order reversed: newest first (R-ID-3)
	After     *registry.Attachment // by AttachedAt, Kind and Key
	Limit     int
}

// IdentityQuery pages certificates or policies by creation.
type IdentityQuery struct {
	Ascending bool // the default is the whole order reversed: newest first (R-ID-3)
	After     *IdentityCursor
	Limit     int
}

// IdentityCursor is the place of one certificate or policy.
type IdentityCursor struct {
	CreatedAt time.Time
	Key       string
}
