package sim

import (
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/store"
)

// moves lists where a job may go (chapter 20, section 2).
var moves = map[job.Status][]job.Status{
	"SCHEDULED":            {"SCHEDULED", "IN_PROGRESS", "COMPLETED", "CANCELED", "DELETION_IN_PROGRESS"},
	"IN_PROGRESS":          {"IN_PROGRESS", "SCHEDULED", "COMPLETED", "CANCELED", "DELETION_IN_PROGRESS"},
	"COMPLETED":            {"COMPLETED", "DELETION_IN_PROGRESS"},
	"CANCELED":             {"CANCELED", "DELETION_IN_PROGRESS"},
	"DELETION_IN_PROGRESS": {"DELETION_IN_PROGRESS"},
}

// judge evaluates the abort criteria after an outcome, while the job is active (R-ABT-9, R-ABT-11).
func (c *commit) judge(m *model) {
	if active(m.row.Status) && m.abortedBy == "" {
		m.abortedBy = criterionMet(m.row.Abort, m.counts())
	}
}

// criterionMet names the first abort criterion that is met (R-ABT-1 to R-ABT-8), in fractions; "" for none.
func criterionMet(c *job.AbortConfig, n counts) string {
	if c == nil {
		return ""
	}
	executed := n.executed()
	for i, criterion := range c.Criteria {
		failures := map[job.FailureType]int64{
			"FAILED": n[job.ExecutionFailed], "REJECTED": n[job.ExecutionRejected], "TIMED_OUT": n[job.ExecutionTimedOut], "ALL": executed - n[job.ExecutionSucceeded],
		}[criterion.FailureType]
		if failures == 0 || executed < criterion.MinExecuted {
			continue
		}
		if big.NewRat(failures, executed).Cmp(big.NewRat(criterion.ThresholdHundredths, 10000)) >= 0 {
			return fmt.Sprintf("criterion %d (%s)", i+1, criterion.FailureType)
		}
	}
	return ""
}

// updating says which update is asked for: one that has no member of a kind must not be taken for a change of it.
func (r *rules) updating(in *iot.UpdateJobRequest) { r.update = in }

// defined notes what an update of a job changes (R-UPD-11, R-UPD-13).
func (c *commit) defined(j job.Job) {
	m, asked := c.jobs[j.Key], c.update
	if m == nil {
		return
	}
	c.associated(m, j)
	m.row.Definition = j.Definition
	if j.Status == "IN_PROGRESS" && !m.started && !m.over(c.now) {
		c.begin(m)
	}
	if asked == nil || string(asked.JobID) != j.ID {
		return
	}
	if asked.JobExecutionsRolloutConfig != nil {
		m.ramp.restart(m.counts()[job.ExecutionSucceeded])
	}
	if asked.AbortConfig != nil {
		c.judge(m)
	}
}

// job checks one job that the commit touched, as it is afterwards.
func (c *commit) job(key job.Key) {
	m := c.jobs[key]
	if m == nil {
		return
	}
	j, err := c.Reader.Job(key)
	if errors.Is(err, store.ErrNotFound) {
		switch {
		case len(m.rows) > 0:
			c.fail("R-JOB-10", "%s is gone before its executions", m.id)
		case m.row.Status != "DELETION_IN_PROGRESS" && c.deleting != m.id && !m.purged(c):
			c.fail("R-JOB-8, R-LIM-44", "%s is gone, it was %s, and nobody deleted it", m.id, m.row.Status)
		}
		delete(c.jobs, key)
		return
	}
	c.must("job", err)
	c.statuses(m, j)
	c.progress(m, j)
	c.byItself(m, j)
	c.flipped(m, j)
	if m.dropping && j.Status != "DELETION_IN_PROGRESS" && !m.purged(c) {
		c.fail("R-EXE-40", "executions of %s are deleted, which is %s", m.id, j.Status)
	}
	m.row, m.abortedBy, m.noRetry, m.ended, m.dropping = j, "", nil, nil, false
}

// statuses checks the counters and the move of the job.
func (c *commit) statuses(m *model, j job.Job) {
	n := m.counts()
	for status, counted := range j.Counts {
		if counted != n[job.ExecutionStatus(status)] {
			c.fail("R-JOB-45, R-JOB-49", "%s counts %v, there are %v", m.id, j.Counts, n)
		}
	}
	if !slices.Contains(moves[m.row.Status], j.Status) {
		c.fail("chapter 20 section 2", "%s went from %s to %s", m.id, m.row.Status, j.Status)
	}
	for _, was := range m.ended {
		if active(j.Status) || j.Status == "COMPLETED" || was.Status == job.ExecutionInProgress && !j.ForceCanceled {
			c.fail("R-JOB-22, R-ABT-12", "%+v is CANCELED in %s, which is %s", was, m.id, j.Status)
		}
	}
}

// progress checks that the job is exactly as far as its executions say.
func (c *commit) progress(m *model, j job.Job) {
	n := m.counts()
	goesOn := active(j.Status) || j.Status == "COMPLETED"
	aborted := active(m.row.Status) && j.Status == "CANCELED" && j.ReasonCode == "ABORT_CRITERIA_MET"
	switch {
	case goesOn && m.abortedBy != "":
		c.fail("R-ABT-2, R-ABT-15", "%s is %s though %s was met: %v", m.id, j.Status, m.abortedBy, n)
	case aborted && m.abortedBy == "":
		c.fail("R-ABT-2", "%s is aborted though no criterion was met: %v", m.id, n)
	case aborted && !strings.Contains(j.Comment, m.abortedBy):
		c.fail("R-ABT-1", "%s is aborted with %q, first was %s", m.id, j.Comment, m.abortedBy)
	case (goesOn || aborted) && len(m.noRetry) > 0:
		c.fail("R-RTY-5, R-RTY-10", "%s: %v are not retried", m.id, m.noRetry)
	case j.Status == "COMPLETED" && active(m.row.Status) && (n.pending() > 0 || !m.exhausted(c.Reader, c.now)):
		c.fail("R-JOB-11 to R-JOB-13", "%s is COMPLETED with %d pending, waiting %v", m.id, n.pending(), m.waiting(c.Reader))
	case active(j.Status) && j.Progress.Finished && len(m.waiting(c.Reader)) > 0 && !m.over(c.now):
		c.fail("R-ROLL-13", "%s has finished its rollout, waiting %v", m.id, m.waiting(c.Reader))
	case active(j.Status) && j.Progress.Finished && n.pending() == 0 && m.exhausted(c.Reader, c.now):
		c.fail("R-JOB-11, R-JOB-13", "%s has finished its rollout, has nothing pending and is %s", m.id, j.Status)
	case j.Status == "COMPLETED" != !j.CompletedAt.IsZero():
		c.fail("R-JOB-17", "%s is %s, completed at %s", m.id, j.Status, j.CompletedAt)
	}
}

// exhausted says whether no execution will be created any more.
func (m *model) exhausted(r store.Reader, now time.Time) bool {
	if m.row.TargetSelection == "CONTINUOUS" {
		return m.past(now)
	}
	return m.over(now) || m.started && len(m.waiting(r)) == 0
}
