package store

import (
	"errors"

	"github.com/drover-iot/drover/registry"
)

// NamesByOne is ThingNames for a store to which a question costs nothing.
func NamesByOne(r ThingReader, things []registry.ThingID) (map[registry.ThingID]string, error) {
	names := make(map[registry.ThingID]string, len(things))
	for _, id := range things {
		switch name, err := r.ThingName(id); {
		case err == nil:
			names[id] = name
		case !errors.Is(err, ErrNotFound):
			return nil, err
		}
	}
	return names, nil
}
