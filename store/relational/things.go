package relational

import (
	"errors"

	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// The key of a thing that was deleted is never used again: executions refer to it.
const insertThing = `INSERT INTO thing
	(id, name, uuid, type, attributes, version, created_at, billing_group)
	SELECT CAST(?1 AS BIGINT), CAST(?2 AS TEXT), CAST(?3 AS TEXT), CAST(?4 AS TEXT),
		CAST(?5 AS TEXT), CAST(?6 AS BIGINT), CAST(?7 AS BIGINT), CAST(?8 AS BIGINT)
	WHERE NOT EXISTS (SELECT 1 FROM deleted_thing WHERE id = ?1)`

func (t *Tx) createThing(thing registry.Thing) error {
	return t.stmt(insertThing).int(int64(thing.ID)).text(thing.Name).text(thing.UUID).
		text(thing.Type).maybeMap(thing.Attributes).int(thing.Version).time(thing.CreatedAt).
		int(int64(thing.BillingGroup)).change()
}

const updateThing = `UPDATE thing SET type = ?, attributes = ?, version = ? WHERE id = ?`

func (t *Tx) updateThing(thing registry.Thing) error {
	return t.stmt(updateThing).text(thing.Type).maybeMap(thing.Attributes).int(thing.Version).
		int(int64(thing.ID)).change()
}

const (
	keepThingName = `INSERT INTO deleted_thing (id, name) SELECT id, name FROM thing WHERE id = ?1
		AND EXISTS (SELECT 1 FROM execution WHERE thing = ?1)`

	deleteThing = `DELETE FROM thing WHERE id = ?1
		AND NOT EXISTS (SELECT 1 FROM membership WHERE thing = ?1)
		AND NOT EXISTS (SELECT 1 FROM principal WHERE thing = ?1)`

	deleteThingName = `DELETE FROM deleted_thing WHERE id = ?1
		AND NOT EXISTS (SELECT 1 FROM execution WHERE thing = ?1)`
)

// deleteThing keeps the name of the thing for its executions, and removes its hold. A thing that is in a group or has a
// principal is a conflict: whoever deletes it removes those before.
func (t *Tx) deleteThing(id registry.ThingID) error {
	if err := t.stmt(keepThingName).int(int64(id)).run(); err != nil {
		return err
	}
	if err := t.stmt(deleteThing).int(int64(id)).change(); err != nil {
		return err
	}
	return t.release(id)
}

const thingColumns = `id, name, uuid, type, attributes, version, created_at, billing_group`

func scanThing(s stmt) registry.Thing {
	return registry.Thing{
		ID:         registry.ThingID(s.getInt()),
		Name:       s.getText(),
		UUID:       s.getText(),
		Type:       s.getText(),
		Attributes: s.getMap(),
		Version:    s.getInt(),
		CreatedAt:  s.getTime(),

		BillingGroup: registry.BillingGroupID(s.getInt()),
	}
}

const selectThing = `SELECT ` + thingColumns + ` FROM thing WHERE id = ?`

func (r reader) Thing(id registry.ThingID) (registry.Thing, error) {
	return one(r.stmt(selectThing).int(int64(id)), scanThing)
}

const selectThingID = `SELECT id FROM thing WHERE name = ?`

func (r reader) ThingID(name string) (registry.ThingID, error) {
	id, err := one(r.stmt(selectThingID).text(name), stmt.getInt)
	return registry.ThingID(id), err
}

const selectThingByName = `SELECT ` + thingColumns + ` FROM thing WHERE name = ?`

func (r reader) ThingByName(name string) (registry.Thing, error) {
	return one(r.stmt(selectThingByName).text(name), scanThing)
}

const selectThingName = `SELECT name FROM thing WHERE id = ?1
	UNION ALL SELECT name FROM deleted_thing WHERE id = ?1`

func (r reader) ThingName(id registry.ThingID) (string, error) {
	return one(r.stmt(selectThingName).int(int64(id)), stmt.getText)
}

// ThingNames asks for one after the other: a database in this process answers each at once.
func (r reader) ThingNames(ids []registry.ThingID) (map[registry.ThingID]string, error) {
	return store.NamesByOne(r, ids)
}

// orZero takes what is not there for zero.
func orZero(v int64, err error) (int64, error) {
	if errors.Is(err, store.ErrNotFound) {
		return 0, nil
	}
	return v, err
}

const (
	listThings = `SELECT ` + thingColumns + ` FROM thing WHERE name >= ?1 ORDER BY name LIMIT ?2`

	listThingsByType = `SELECT ` + thingColumns + ` FROM thing INDEXED BY thing_by_type
		WHERE type <> '' AND type = ?3 AND name >= ?1 ORDER BY name LIMIT ?2`

	listThingsByBillingGroup = `SELECT ` + thingColumns + `
		FROM thing INDEXED BY thing_by_billing_group
		WHERE billing_group <> 0 AND billing_group = ?3 AND name >= ?1 ORDER BY name LIMIT ?2`
)

func (r reader) Things(q store.ThingQuery) ([]registry.Thing, error) {
	page := func(sql string) stmt { return r.stmt(sql).text(firstName(q.From, q.After)).limit(q.Limit) }
	switch {
	case q.Type != "":
		return all(page(listThingsByType).text(q.Type), scanThing)
	case q.BillingGroup != 0:
		return all(page(listThingsByBillingGroup).int(int64(q.BillingGroup)), scanThing)
	}
	return all(page(listThings), scanThing)
}
