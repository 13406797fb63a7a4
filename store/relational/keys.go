package relational

import (
	"sync/atomic"

	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// The kinds of key. The numbers are stored; never renumber them.
const (
	ThingKey = iota
	GroupKey
	JobKey
	JoinedKey
	SequenceKey
	AnnouncementKey
	BillingGroupKey
	NodeKey
	KeyKinds
)

// Keys are the counters of keys by kind: the last of each that was handed out. The holder of a
// store's turn to write changes them; anybody may look.
type Keys struct{ Last [KeyKinds]atomic.Int64 }

func (k *Keys) next(kind int) int64 { return k.Last[kind].Add(1) }

// Thing and the like are store.Keys.
func (k *Keys) Thing() registry.ThingID { return registry.ThingID(k.next(ThingKey)) }
func (k *Keys) Group() registry.GroupID { return registry.GroupID(k.next(GroupKey)) }
func (k *Keys) BillingGroup() registry.BillingGroupID {
	return registry.BillingGroupID(k.next(BillingGroupKey))
}
func (k *Keys) Job() job.Key        { return job.Key(k.next(JobKey)) }
func (k *Keys) Joined() int64       { return k.next(JoinedKey) }
func (k *Keys) Sequence() int64     { return k.next(SequenceKey) }
func (k *Keys) Announcement() int64 { return k.next(AnnouncementKey) }
func (k *Keys) Node() store.NodeID  { return store.NodeID(k.next(NodeKey)) }
