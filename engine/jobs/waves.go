package jobs

import (
	"context"
	"math"

	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
)

// Rollouts in waves (docs/spec/50, section 6). Package job decides when a wave begins and whether
// its gate opens; here its things are found. A wave of a share of all things walks through all
// targets. One of a group walks through the members of that group, which may be few in a large
// fleet.

// waveStep begins the wave whose turn has come, or judges the gate behind one.
func waveStep(tx *commit.Tx, j job.Job) error {
	w, begins := j.WaveToBegin()
	if !begins {
		j.JudgeWave(tx.Now)
		tx.SetJob(j)
		return nil
	}
	group := registry.Group{}
	if w.Group != "" {
		var err error
		if group, err = tx.GroupByName(w.Group); err != nil && !commit.Missing(err) {
			return err
		}
	}
	j.BeginWave(group.ID, tx.Now)
	tx.SetJob(j)
	return nil
}

// groupWaveSearch is the search for the next things of a wave of a group: for its members now,
// whenever they joined it. A group that does not exist has none.
func groupWaveSearch(group registry.GroupID) targetSearch {
	s := targetSearch{accept: acceptInGroupWave}
	if group != 0 {
		s.sources = []job.Source{{Group: group, NewestMembership: math.MaxInt64}}
	}
	return s
}

// acceptInGroupWave accepts a member of the group of a wave that the rollout takes, and that never
// had an execution of the job.
func acceptInGroupWave(tx *commit.Tx, j job.Job, _ job.Source, m registry.Member) (bool, error) {
	if number, err := tx.LastNumber(j.Key, m.Thing); err != nil || number > 0 {
		return false, err
	}
	memberships, err := tx.Memberships(m.Thing)
	if err != nil {
		return false, err
	}
	_, through, err := reachedThrough(tx, memberships)
	return j.TakesInGroupWave(m.Thing, through), err
}

// checkWaves refuses waves of groups that do not exist, as far as they have not begun.
func checkWaves(r facts, j job.Job) error {
	for _, w := range j.WavesToCome() {
		if w.Group == "" {
			continue
		}
		if _, err := r.GroupByName(w.Group); commit.Missing(err) {
			return fault.New(fault.Invalid, "tags: drover:waves: there is no thing group %s", w.Group)
		} else if err != nil {
			return err
		}
	}
	return nil
}

// ApproveWave opens the gate of a wave that waits for approval, and has the job go on (R-STR-52).
// wave is its number, 0 for the one that waits.
func (s *Service) ApproveWave(ctx context.Context, id string, wave int) error {
	return s.Commits.Do(ctx, func(tx *commit.Tx) error {
		j, err := tx.JobByID(id)
		if err == nil {
			err = j.ApproveWave(wave, tx.Now)
		}
		if err != nil {
			return err
		}
		tx.SetJob(j)
		return nil
	})
}
