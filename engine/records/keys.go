package records

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/registry/audit"
	"github.com/drover-iot/drover/store"
)

// Operator keys are not the engine's: other processes make and delete them, in a file or in the
// database. The log remembers which it knows of, and the difference is what is recorded. Nothing of
// a secret comes here.

// keysSetting is the name of the setting that holds the keys that the log knows, as JSON.
const keysSetting = "audit/keys"

// FollowKeys records which operator keys were made and deleted since it was last called, by any
// node, and reports whether there were any. keys are those that there are now.
func (s *Service) FollowKeys(ctx context.Context, keys []audit.Key) error {
	if s.Kept == 0 {
		return nil
	}
	same := false
	err := s.Store.Read(ctx, func(r store.Reader) error {
		known, err := knownKeys(r)
		same = len(audit.KeyChanges(known, keys, audit.Operator{}, "")) == 0
		return err
	})
	if err != nil || same {
		return err
	}
	return s.Commits.Do(ctx, func(tx *commit.Tx) error {
		c, entries, err := KeyChanges(tx, keys, audit.Operator{Name: audit.Server}, "")
		tx.Changes.Settings = c
		for _, e := range entries {
			tx.Record(e)
		}
		return err
	})
}

// settingReader reads settings: a read of the store, or a commit.
type settingReader interface {
	Setting(name string) ([]byte, error)
}

// knownKeys are the keys that the log knows.
func knownKeys(r settingReader) (known []audit.Key, err error) {
	text, err := r.Setting(keysSetting)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return known, json.Unmarshal(text, &known)
}

// KeyChanges are the records of the keys that were made, changed and deleted since the log was told
// of them, and the settings by which it knows of them then; neither when there are none.
func KeyChanges(
	r settingReader, keys []audit.Key, by audit.Operator, source string,
) (settings []store.Setting, entries []audit.Entry, err error) {
	known, err := knownKeys(r)
	if err != nil {
		return nil, nil, err
	}
	if entries = audit.KeyChanges(known, keys, by, source); len(entries) == 0 {
		return nil, nil, nil
	}
	text, err := json.Marshal(keys)
	return []store.Setting{{Name: keysSetting, Value: text}}, entries, err
}
