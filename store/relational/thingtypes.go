package relational

import "github.com/drover-iot/drover/registry"

// A type keeps its UUID and when it was created.
const putThingType = `INSERT INTO thing_type
	(name, uuid, properties, created_at, deprecated_at) VALUES (?, ?, ?, ?, ?)
	ON CONFLICT (name) DO UPDATE SET
		properties = excluded.properties, deprecated_at = excluded.deprecated_at`

func (t *Tx) putThingType(kind registry.ThingType) error {
	return t.stmt(putThingType).text(kind.Name).text(kind.UUID).json(kind.Properties).
		time(kind.CreatedAt).maybeTime(kind.DeprecatedAt).change()
}

const deleteThingType = `DELETE FROM thing_type WHERE name = ?`

func (t *Tx) deleteThingType(name string) error {
	return t.stmt(deleteThingType).text(name).change()
}

const thingTypeColumns = `name, uuid, properties, created_at, deprecated_at`

func scanThingType(s stmt) (t registry.ThingType) {
	t.Name, t.UUID = s.getText(), s.getText()
	s.getJSON(&t.Properties)
	t.CreatedAt, t.DeprecatedAt = s.getTime(), s.getMaybeTime()
	return t
}

const selectThingType = `SELECT ` + thingTypeColumns + ` FROM thing_type WHERE name = ?`

func (r reader) ThingType(name string) (registry.ThingType, error) {
	return one(r.stmt(selectThingType).text(name), scanThingType)
}

const listThingTypes = `SELECT ` + thingTypeColumns + ` FROM thing_type
	WHERE name >= ? AND name < ? ORDER BY name LIMIT ?`

func (r reader) ThingTypes(prefix, after string, limit int) ([]registry.ThingType, error) {
	return all(
		r.stmt(listThingTypes).text(firstName(prefix, after)).text(afterPrefix(prefix)).limit(limit),
		scanThingType)
}
