package memory

import (
	"cmp"
	"strings"

	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/registry/audit"
	"github.com/drover-iot/drover/registry/sink"
	"github.com/drover-iot/drover/store"
)

// state is everything that one commit left. Copying it is copying a few pointers. The trees marked
// "index" hold nothing of their own: they are kept beside the tree they belong to by one pair of
// functions in apply_*.go.
type state struct {
	jobs      tree[id, job.Job]
	jobIDs    tree[text, id] // index
	documents tree[id, string]
	originals tree[id, string] // of documents that differ
	templates tree[text, job.Template]
	dueJobs   tree[due, struct{}] // index

	lateJoiners    tree[attempt, struct{}] // Number is 0 in the key
	waitingRetries tree[attempt, struct{}] // Number is 0 in the key

	holds         tree[id, job.Hold]  // by thing
	dueHolds      tree[due, struct{}] // index
	confirmations tree[confirmed, job.Confirmation]
	silentAt      tree[due, struct{}] // index

	membershipWork tree[id, job.MembershipWork]

	executions tree[attempt, job.Execution]
	pending    tree[pending, struct{}] // index
	ofThing    tree[ofThing, struct{}] // index
	timers     tree[due, struct{}]     // index
	// used holds the highest number that was dropped, by job and thing (Number is 0 in the key).
	used tree[attempt, int64]

	things     tree[id, registry.Thing]
	thingNames tree[text, id] // index
	// names are those of all things that are there, and of deleted ones that have executions.
	names tree[id, string]

	groups      tree[id, registry.Group]
	groupNames  tree[text, id] // index
	memberships tree[inGroup, registry.Membership]
	// left holds memberships that have ended.
	left     tree[leftGroup, registry.LeftMembership]
	groupsOf tree[groupOf, string] // index: the member's name

	billingGroups tree[id, registry.BillingGroup]
	billingNames  tree[text, id] // index

	thingTypes tree[text, registry.ThingType]
	tagged     tree[resource, map[string]string]

	certificates tree[text, registry.Certificate]
	authorities  tree[text, registry.CACertificate]
	policies     tree[text, registry.Policy]
	authorizers  tree[text, registry.Authorizer]
	attachments  tree[attached, registry.Attachment]
	principals   tree[principal, registry.Principal]

	provisioning tree[text, registry.ProvisioningTemplate]
	temporary    tree[text, registry.TemporaryCertificate]

	announcements tree[id, store.Announcement]
	sessions      tree[entry, store.SessionEntry] // without bodies that they share
	bodies        tree[id, sharedBody]            // by SessionEntry.Shared
	settings      tree[text, []byte]

	// auditLog is the pages of the audit log, by their first records. The last one that was cut is
	// there without its text.
	auditLog  tree[id, audit.Page]
	auditLast int64 // the newest of its keys

	sinks       tree[id, sink.Sink]
	sinkNames   tree[text, id] // index
	sinkEvents  tree[id, store.SinkEvents]
	deadLetters tree[letter, store.DeadLetter]

	nodes     tree[id, store.Node]
	clients   tree[turn, store.Client]
	clientsOf tree[turnOf, struct{}] // index
}

// sharedBody is the body of several session entries.
type sharedBody struct {
	body    []byte
	entries int // how many have it
}

// entry is the key of a session entry.
type entry struct {
	client string
	seq    uint64
}

func (a entry) compare(b entry) int {
	return cmp.Or(strings.Compare(a.client, b.client), cmp.Compare(a.seq, b.seq))
}
