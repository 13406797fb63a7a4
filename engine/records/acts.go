package records

import (
	"encoding/json"
	"time"

	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/registry/audit"
)

// shownJob is what a record shows of a job that the server has changed by itself. The members are
// named as the API has them.
type shownJob struct {
	Status       job.Status    `json:"status"`
	ReasonCode   string        `json:"reasonCode,omitzero"`
	Comment      string        `json:"comment,omitzero"`
	Paused       string        `json:"paused,omitzero"`
	RolloutEnded bool          `json:"rolloutEnded,omitzero"`
	Observed     []observation `json:"observed,omitempty"`
	GatesJudged  int           `json:"gatesJudged,omitzero"` // of waves
}

// observation is an observation as the API has it.
type observation struct {
	At        time.Time  `json:"at"`
	Criterion int        `json:"criterion,omitzero"`
	Failures  int64      `json:"failures"`
	Executed  int64      `json:"executed"`
	Action    job.Action `json:"action"`
}

// show shows a job in a record.
func show(j *job.Job) ([]byte, error) {
	shown := shownJob{
		Status:       j.Status,
		ReasonCode:   j.ReasonCode,
		Comment:      j.Comment,
		Paused:       j.Paused,
		RolloutEnded: j.RolloutEnded,
	}
	if j.Steered != nil {
		for _, o := range j.Steered.Observed {
			shown.Observed = append(shown.Observed, observation(o))
		}
		for _, w := range j.Steered.Waves {
			if w.Judged {
				shown.GatesJudged++
			}
		}
	}
	return json.Marshal(shown)
}

// difference shows what has changed of a job.
func difference(before, after *job.Job) (was, is []byte, err error) {
	if was, err = show(before); err != nil {
		return nil, nil, err
	}
	if is, err = show(after); err != nil {
		return nil, nil, err
	}
	return audit.Difference(was, is)
}

// JobChanged records what the server does to a job by itself (R-AUD-1). It is a hook of every
// commit.
func JobChanged(tx *commit.Tx, before, after *job.Job) error {
	if before == nil || after == nil || !tx.RecordsActs() {
		return nil
	}
	for _, act := range job.ActsOf(*before, *after) {
		was, is, err := difference(before, after)
		if err != nil {
			return err
		}
		tx.Record(audit.Entry{
			Operator:  audit.Operator{Name: audit.Server},
			Operation: string(act),
			Resource:  registry.KindJob + "/" + after.ID,
			Before:    was,
			After:     is,
		})
	}
	return nil
}
