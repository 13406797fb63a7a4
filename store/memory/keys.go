package memory

import (
	"cmp"
	"time"

	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// The keys of the trees. Each names an order that some read of the contract promises.
type (
	id   int64
	text string

	// attempt orders executions by job, thing, number.
	attempt job.ExecutionKey

	// pending orders the executions that have not ended: by thing, then as R-ORD-1 and R-ORD-2 say.
	pending struct {
		thing    registry.ThingID
		rank     int // 0 IN_PROGRESS, else queuedRank
		queuedAt time.Time
		sequence int64
		key      attempt
	}

	// ofThing finds the executions of one thing.
	ofThing struct {
		thing registry.ThingID
		key   attempt
	}

	// confirmed orders confirmations by thing, then by job.
	confirmed store.ConfirmationCursor

	// due orders what waits for a time; for a job or a thing, key holds nothing else.
	due struct {
		at       time.Time
		sequence int64
		key      attempt
	}

	// leftGroup orders memberships that have ended by group, then by name, then as they began.
	leftGroup struct {
		inGroup
		joined int64
	}

	// inGroup orders the members of a group by name.
	inGroup struct {
		group registry.GroupID
		name  string
	}

	// groupOf orders the groups of a thing.
	groupOf struct {
		thing registry.ThingID
		group registry.GroupID
	}

	// attached orders attachments by policy, kind and key.
	attached struct {
		policy string
		kind   registry.TargetKind
		key    string
	}

	// turn orders the turns of clients, turnOf those of a node.
	turn   store.ClientTurn
	turnOf struct {
		node store.NodeID
		turn
	}

	// resource names what has tags, as its ARN does.
	resource struct{ kind, name string }

	// principal orders principals by thing and certificate.
	principal struct {
		thing       registry.ThingID
		certificate string
	}
)

// queuedRank puts what is QUEUED behind what is IN_PROGRESS.
const queuedRank = 1

func (a id) compare(b id) int     { return cmp.Compare(a, b) }
func (a text) compare(b text) int { return cmp.Compare(a, b) }

func (a attempt) compare(b attempt) int {
	return cmp.Or(
		cmp.Compare(a.Job, b.Job), cmp.Compare(a.Thing, b.Thing), cmp.Compare(a.Number, b.Number))
}

func (a pending) compare(b pending) int {
	return cmp.Or(cmp.Compare(a.thing, b.thing), cmp.Compare(a.rank, b.rank),
		a.queuedAt.Compare(b.queuedAt), cmp.Compare(a.sequence, b.sequence), a.key.compare(b.key))
}

func (a ofThing) compare(b ofThing) int {
	return cmp.Or(cmp.Compare(a.thing, b.thing), a.key.compare(b.key))
}

func (a due) compare(b due) int {
	return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.sequence, b.sequence), a.key.compare(b.key))
}

func (a confirmed) compare(b confirmed) int {
	return cmp.Or(cmp.Compare(a.Thing, b.Thing), cmp.Compare(a.Job, b.Job))
}

func (a inGroup) compare(b inGroup) int {
	return cmp.Or(cmp.Compare(a.group, b.group), cmp.Compare(a.name, b.name))
}

func (a leftGroup) compare(b leftGroup) int {
	return cmp.Or(a.inGroup.compare(b.inGroup), cmp.Compare(a.joined, b.joined))
}

func (a groupOf) compare(b groupOf) int {
	return cmp.Or(cmp.Compare(a.thing, b.thing), cmp.Compare(a.group, b.group))
}

func (a attached) compare(b attached) int {
	return cmp.Or(
		cmp.Compare(a.policy, b.policy), cmp.Compare(a.kind, b.kind), cmp.Compare(a.key, b.key))
}

// attachedKey is the key of an attachment.
func attachedKey(a registry.Attachment) attached { return attached{a.Policy, a.Kind, a.Key} }

func (a turn) compare(b turn) int {
	return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Turn, b.Turn))
}

func (a turnOf) compare(b turnOf) int {
	return cmp.Or(cmp.Compare(a.node, b.node), a.turn.compare(b.turn))
}

func (a resource) compare(b resource) int {
	return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.name, b.name))
}

func (a principal) compare(b principal) int {
	return cmp.Or(cmp.Compare(a.thing, b.thing), cmp.Compare(a.certificate, b.certificate))
}
