package tags

import (
	"context"
	"maps"
	"slices"

	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
)

// The settings of a job are its drover: tags (R-STR-1). So a merge patch of the settings is a
// change of tags, some added and some removed, in one commit.

// PatchSettings changes settings of a job by their names without the prefix: nil removes one
// (RFC 7396). It returns the job with what is in force then. fault.NotFound: the job does not
// exist.
func (s *Service) PatchSettings(
	ctx context.Context, id string, patch map[string]*string,
) (patched job.Job, err error) {
	var given []registry.Tag
	var removed []string
	for _, name := range slices.Sorted(maps.Keys(patch)) {
		key := job.SteeringPrefix + name
		if value := patch[name]; value != nil {
			given = append(given, registry.Tag{Key: key, Value: *value})
			continue
		}
		if err := job.CheckSettingName(name); err != nil {
			return patched, err
		}
		removed = append(removed, key)
	}
	added, err := registry.CheckTags(given)
	if err != nil {
		return patched, err
	}
	err = s.Commits.Do(ctx, func(tx *commit.Tx) error {
		err := change(tx, registry.KindJob, id, func(stored map[string]string) (map[string]string, error) {
			left := registry.RemoveTags(stored, removed)
			return registry.AddTags(left, added, s.Limits().Tags)
		})
		if err != nil {
			return err
		}
		patched, err = tx.JobByID(id)
		return err
	})
	return patched, err
}
