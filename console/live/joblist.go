package live

import (
	"bytes"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/drover-iot/drover/control"
	"github.com/drover-iot/drover/engine/jobs"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/job"
)

const (
	// listedInProgress is how many jobs that are IN_PROGRESS are looked at, the newest; listedNewest
	// how many jobs of any status. unlisted is how many more that are known from before.
	listedInProgress, listedNewest, unlisted = 200, 50, 200
	// shownFor is how many samples a job is part of the state for that is not IN_PROGRESS and does
	// not change: a minute.
	shownFor = int(time.Minute / interval)
)

// jobList is the topic of the list of jobs. Its state is {"jobs": [row, …]}: each job that is
// IN_PROGRESS or has changed in the last minute. A change has the rows that differ, also of jobs
// that are new, and the ids of jobs that were deleted: {"jobs": [row, …], "deleted": [id, …]}.
type jobList struct {
	plane   *control.Plane
	known   map[string]*listedJob // by id
	sampled bool
}

// A listedJob is a job that was looked at.
type listedJob struct {
	row        []byte
	inProgress bool
	left       int // for how many samples it is shown
}

func (j *listedJob) shown() bool { return j.inProgress || j.left > 0 }

func newJobList(plane *control.Plane) *jobList {
	return &jobList{plane: plane, known: map[string]*listedJob{}}
}

// Sample reads bounded lists, and each job that is shown and has dropped out of them.
func (l *jobList) Sample(ctx context.Context) (s Sample, err error) {
	found, err := l.list(ctx)
	if err != nil {
		return s, err
	}
	deleted, err := l.followUnlisted(ctx, found)
	if err != nil {
		return s, err
	}
	var all, changed [][]byte
	known := make(map[string]*listedJob, len(found))
	for _, id := range slices.Sorted(maps.Keys(found)) {
		j := l.look(found[id])
		known[id] = j
		if j.left == shownFor {
			changed = append(changed, j.row)
		}
		if j.shown() {
			all = append(all, j.row)
		}
	}
	l.known, l.sampled = known, true
	s.State = append(appendRows(nil, all), '}')
	if len(changed)+len(deleted) > 0 {
		s.Change = append(appendIDs(appendRows(nil, changed), deleted), '}')
	}
	return s, nil
}

// list reads the lists.
func (l *jobList) list(ctx context.Context) (map[string]job.Job, error) {
	found := map[string]job.Job{}
	for _, f := range []jobs.Filter{
		{Status: job.InProgress, Limit: listedInProgress},
		{Status: job.Scheduled, Limit: listedNewest},
		{Limit: listedNewest},
	} {
		page, err := l.plane.Jobs.ListJobs(ctx, f)
		if err != nil {
			return nil, err
		}
		for _, j := range page.Jobs {
			found[j.ID] = j
		}
	}
	return found, nil
}

// followUnlisted adds the jobs that were looked at before, are not in the lists now and are still
// to be shown, and returns the ids of those that were deleted.
func (l *jobList) followUnlisted(
	ctx context.Context, found map[string]job.Job,
) (deleted []string, err error) {
	room := unlisted
	for id, known := range l.known {
		if _, listed := found[id]; listed || room == 0 {
			continue
		}
		room--
		j, err := l.plane.Jobs.DescribeJob(ctx, id)
		switch {
		case fault.Is(err, fault.NotFound):
			deleted = append(deleted, id)
		case err != nil:
			return nil, err
		case known.shown():
			found[id] = j
		}
	}
	slices.Sort(deleted)
	return deleted, nil
}

// look compares a job with what is known of it. One that differs, or is new, has changed, but for
// the first sample: of that only what is IN_PROGRESS is of interest.
func (l *jobList) look(j job.Job) *listedJob {
	now := &listedJob{row: control.WatchedRow(j), inProgress: j.Status == job.InProgress}
	switch before := l.known[j.ID]; {
	case before == nil && !l.sampled:
	case before != nil && bytes.Equal(before.row, now.row):
		now.left = max(0, before.left-1)
	default:
		now.left = shownFor
	}
	return now
}

// appendRows begins an object with the rows. It is not closed.
func appendRows(dst []byte, rows [][]byte) []byte {
	dst = append(dst, `{"jobs":[`...)
	dst = append(dst, bytes.Join(rows, []byte(","))...)
	return append(dst, ']')
}

// appendIDs goes on with the ids of deleted jobs, if there are any. Ids need no escapes.
func appendIDs(dst []byte, ids []string) []byte {
	for i, id := range ids {
		dst = append(dst, []string{`,"deleted":["`, `","`}[min(i, 1)]...)
		dst = append(dst, id...)
	}
	if len(ids) > 0 {
		dst = append(dst, `"]`...)
	}
	return dst
}
