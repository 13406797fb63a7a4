package jobs

import (
	"maps"
	"slices"

	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/job"
)

// Tags whose keys begin with drover: steer their job (docs/spec/50). They stand in the job and not
// with its other tags, so that decisions have them and there is one place for them.

// Steer stages the settings that the drover: tags of a job ask for, when they are others than those
// that it has. In tags are all tags of the job.
func Steer(tx *commit.Tx, j job.Job, tags map[string]string) error {
	s, paused, err := job.ParseSteering(tags)
	if err != nil {
		return err
	}
	had := j.SteeringTags()
	if _, steering := job.SplitTags(tags); maps.Equal(had, steering) {
		return nil
	}
	before := j.WavesToCome()
	if err := j.Steer(s, paused, tx.Now); err != nil {
		return err
	}
	if !slices.Equal(before, j.WavesToCome()) { // a group that has gone since is in nobody's way
		if err := checkWaves(tx, j); err != nil {
			return err
		}
	}
	tx.Changes.Job.Definitions = []job.Job{j}
	tx.SetJob(j)
	return nil
}

// steerNew gives a new job the settings of its drover: tags, and returns its other tags.
func steerNew(d *job.Definition, tags map[string]string) (others map[string]string, paused string, err error) {
	d.Steering, paused, err = job.ParseSteering(tags)
	others, _ = job.SplitTags(tags)
	return others, paused, err
}
