package jobs

import (
	"context"
	"encoding/json"
	"time"

	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/store"
)

// eventsSetting is the name of the setting that holds the EventConfigurations.
const eventsSetting = "event-configurations"

// EventConfigurations says which kinds of lifecycle event are published. Its times are zero until
// the first update (R-EVT-4).
type EventConfigurations struct {
	Enabled    map[string]bool `json:"enabled,omitempty"`
	CreatedAt  time.Time       `json:"createdAt,omitzero"`
	ModifiedAt time.Time       `json:"modifiedAt,omitzero"`
}

// settings is what holds the EventConfigurations: a read of the store, or a commit in progress.
type settings interface {
	Setting(name string) ([]byte, error)
}

func readEventConfigurations(r settings) (c EventConfigurations, err error) {
	value, err := r.Setting(eventsSetting)
	if commit.Missing(err) {
		return c, nil
	}
	if err != nil {
		return c, err
	}
	return c, json.Unmarshal(value, &c)
}

// EventConfigurations returns which kinds of event are published.
func (s *Service) EventConfigurations(ctx context.Context) (c EventConfigurations, err error) {
	err = s.Store.Read(ctx, func(r store.Reader) error {
		c, err = readEventConfigurations(r)
		return err
	})
	return c, err
}

// UpdateEventConfigurations switches kinds of event on and off; kinds that are not named stay as
// they are (R-EVT-1). The change counts for what is committed after it (R-EVT-5).
func (s *Service) UpdateEventConfigurations(ctx context.Context, enabled map[string]bool) error {
	return s.Commits.Do(ctx, func(tx *commit.Tx) error {
		c, err := readEventConfigurations(tx)
		if err != nil {
			return err
		}
		if c.Enabled == nil {
			c.Enabled, c.CreatedAt = map[string]bool{}, tx.Now
		}
		for kind, on := range enabled {
			c.Enabled[kind] = on
		}
		c.ModifiedAt = tx.Now
		value, err := json.Marshal(c)
		tx.Changes.Settings = []store.Setting{{Name: eventsSetting, Value: value}}
		return err
	})
}
