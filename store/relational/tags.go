package relational

import (
	"errors"

	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

const (
	putTags = `INSERT INTO tagged (kind, name, tags) VALUES (?, ?, ?)
		ON CONFLICT (kind, name) DO UPDATE SET tags = excluded.tags`
	deleteTags = `DELETE FROM tagged WHERE kind = ? AND name = ?`
	selectTags = `SELECT tags FROM tagged WHERE kind = ? AND name = ?`
)

func (t *Tx) setTags(resource registry.Tagged) error {
	if len(resource.Tags) == 0 {
		return t.stmt(deleteTags).text(resource.Kind).text(resource.Name).run()
	}
	return t.stmt(putTags).text(resource.Kind).text(resource.Name).json(resource.Tags).run()
}

func (r reader) Tags(kind, name string) (map[string]string, error) {
	tags, err := one(r.stmt(selectTags).text(kind).text(name), stmt.getMap)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	return tags, err
}
