package nodes

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// The table of operations and faults: how many requests of each operation met each fault, how many
// of those were answered that the service is away, and how many got no answer. A request meets a
// fault of its node, or of the database, when it was under way at any time during it.

// An operation is a row: what the load asks for.
type operation string

const (
	opConnect        operation = "CONNECT"
	opTakeover       operation = "CONNECT, taken over"
	opSubscribe      operation = "SUBSCRIBE"
	opNotifyNext     operation = "notify-next"
	opGetPending     operation = "GetPendingJobExecutions"
	opGetNext        operation = "DescribeJobExecution of $next"
	opGetJob         operation = "DescribeJobExecution of a device"
	opStartNext      operation = "StartNextPendingJobExecution"
	opProgress       operation = "UpdateJobExecution to IN_PROGRESS"
	opSucceed        operation = "UpdateJobExecution to SUCCEEDED"
	opFail           operation = "UpdateJobExecution to FAILED"
	opReject         operation = "UpdateJobExecution to REJECTED"
	opCreateSnapshot operation = "CreateJob, snapshot"
	opCreateForever  operation = "CreateJob, continuous"
	opUpdateJob      operation = "UpdateJob"
	opCancelJob      operation = "CancelJob"
	opForceCancelJob operation = "CancelJob with force"
	opDeleteJob      operation = "DeleteJob with force"
	opAssociate      operation = "AssociateTargetsWithJob"
	opDescribeJob    operation = "DescribeJob"
	opGetDocument    operation = "GetJobDocument"
	opListJobs       operation = "ListJobs"
	opDescribe       operation = "DescribeJobExecution"
	opListForJob     operation = "ListJobExecutionsForJob"
	opListForThing   operation = "ListJobExecutionsForThing"
	opCancel         operation = "CancelJobExecution"
	opForceCancel    operation = "CancelJobExecution with force"
	opDelete         operation = "DeleteJobExecution with force"
	opJoinGroup      operation = "AddThingToThingGroup"
	opLeaveGroup     operation = "RemoveThingFromThingGroup"
)

// operations are all rows, in the order in which they are printed.
var operations = []operation{
	opConnect, opTakeover, opSubscribe, opNotifyNext, opGetPending, opGetNext, opGetJob,
	opStartNext, opProgress, opSucceed, opFail, opReject, opCreateSnapshot, opCreateForever,
	opUpdateJob, opCancelJob, opForceCancelJob, opDeleteJob, opAssociate,
	opDescribeJob, opGetDocument,
	opListJobs,
	opDescribe, opListForJob, opListForThing, opCancel, opForceCancel, opDelete, opJoinGroup,
	opLeaveGroup,
}

// everyNode is the node of a fault that all nodes meet.
const everyNode = -1

// A period is when a fault was there.
type period struct {
	fault
	node       int
	begin, end time.Duration // end is 0 while it lasts
}

// A cell counts the requests of an operation that met a fault; of a whole row, all requests.
type cell struct{ requests, away, silent int }

type table struct {
	mu      sync.Mutex
	periods []*period
	cells   map[operation]map[string]cell
	total   map[operation]cell
	unknown map[operation]bool // operations without a row
}

func newTable() *table {
	t := &table{
		cells:   map[operation]map[string]cell{},
		total:   map[operation]cell{},
		unknown: map[operation]bool{},
	}
	for _, op := range operations {
		t.cells[op] = map[string]cell{}
	}
	return t
}

// begin notes that a fault begins, and returns what notes its end. A node that was killed counts as
// faulty until it serves again.
func (t *table) begin(f fault, node int, clock func() time.Duration) (end func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	p := &period{fault: f, node: node, begin: clock()}
	t.periods = append(t.periods, p)
	return func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		p.end = clock()
	}
}

// count counts a request that has ended: once in its row, and once in each column whose fault it
// met, however many faults of that name there were meanwhile.
func (t *table) count(c *call) {
	t.mu.Lock()
	defer t.mu.Unlock()
	row := t.cells[c.operation]
	if row == nil {
		t.unknown[c.operation] = true
		return
	}
	t.total[c.operation] = t.total[c.operation].plus(c.answer)
	met := map[string]bool{}
	for _, p := range t.periods {
		if p.since(c.sent) && !met[p.name] && p.concerns(c.node) {
			met[p.name] = true
			row[p.name] = row[p.name].plus(c.answer)
		}
	}
}

// quiet reports whether there has been no fault since a time.
func (t *table) quiet(since time.Duration) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return !slices.ContainsFunc(t.periods, func(p *period) bool { return p.since(since) })
}

// mayBeSilent reports whether a fault explains that a node does not answer at all what was sent
// since a time.
func (t *table) mayBeSilent(node int, since time.Duration) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.ContainsFunc(t.periods, func(p *period) bool {
		return p.silent && p.since(since) && p.concerns(node)
	})
}

// since reports whether the fault was there after a time.
func (p *period) since(at time.Duration) bool { return p.end == 0 || p.end >= at }

// concerns reports whether a node meets the fault.
func (p *period) concerns(node int) bool { return p.node == everyNode || p.node == node }

func (c cell) plus(a answer) cell {
	c.requests++
	switch {
	case a.away:
		c.away++
	case a.unknown:
		c.silent++
	}
	return c
}

// check fails the test when an operation has no row or was not asked for, and, when all are to meet
// faults, when one met none.
func (t *table) check(tb testing.TB, all bool) {
	tb.Helper()
	t.mu.Lock()
	defer t.mu.Unlock()
	for op := range t.unknown {
		tb.Errorf("the operation %q has no row in the table of operations and faults", op)
	}
	for _, op := range operations {
		switch {
		case t.total[op].requests == 0:
			tb.Errorf("the load never asked for %s", op)
		case all && len(t.cells[op]) == 0:
			tb.Errorf("no fault met %s", op)
		}
	}
}

// String prints the table: requests that met the fault, those of them that were told that the
// service is away, and those without an answer.
func (t *table) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	var faults []string
	for _, p := range t.periods {
		if !slices.Contains(faults, p.name) {
			faults = append(faults, p.name)
		}
	}
	slices.Sort(faults)
	var b strings.Builder
	for i, fault := range faults {
		fmt.Fprintf(&b, "%40s %c: %s\n", "", 'A'+i, fault)
	}
	fmt.Fprintf(&b, "%-40s %13s", "operation", "all")
	for i := range faults {
		fmt.Fprintf(&b, " %13c", 'A'+i)
	}
	for _, op := range operations {
		fmt.Fprintf(&b, "\n%-40s %13s", op, t.total[op])
		for _, fault := range faults {
			fmt.Fprintf(&b, " %13s", t.cells[op][fault])
		}
	}
	return b.String()
}

func (c cell) String() string {
	if c.requests == 0 {
		return "-"
	}
	return fmt.Sprintf("%d/%d/%d", c.requests, c.away, c.silent)
}
