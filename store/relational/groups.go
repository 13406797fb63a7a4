package relational

import (
	"strconv"

	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

const insertGroup = `INSERT INTO thing_group (` + groupColumns + `)
	VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`

func (t *Tx) createGroup(g registry.Group) error {
	return t.stmt(insertGroup).int(int64(g.ID)).text(g.Name).text(g.UUID).int(int64(g.Parent)).
		text(g.Description).maybeMap(g.Attributes).int(g.Version).time(g.CreatedAt).
		text(g.Query).text(string(g.Work)).text(g.Scanned).change()
}

const updateGroup = `UPDATE thing_group SET description = ?, attributes = ?, version = ?,
	query = ?, work = ?, scanned = ? WHERE id = ?`

func (t *Tx) updateGroup(g registry.Group) error {
	return t.stmt(updateGroup).text(g.Description).maybeMap(g.Attributes).int(g.Version).
		text(g.Query).text(string(g.Work)).text(g.Scanned).int(int64(g.ID)).change()
}

const (
	deleteGroup       = `DELETE FROM thing_group WHERE id = ?`
	deleteMemberships = `DELETE FROM membership WHERE thing_group = ?`
)

// deleteGroup deletes a group with its memberships, which may be as many as the fleet has things.
func (t *Tx) deleteGroup(id registry.GroupID) error {
	if err := t.stmt(deleteGroup).int(int64(id)).change(); err != nil {
		return err
	}
	return t.stmt(deleteMemberships).int(int64(id)).run()
}

const insertMembership = `INSERT INTO membership (thing_group, name, thing, joined) VALUES (
	(SELECT id FROM thing_group WHERE id = ?1), (SELECT name FROM thing WHERE id = ?2), ?2, ?3)`

// addMembership stores the name of the thing beside its key: the list of a group's things is by
// name, and names do not change. A thing or a group that is gone has none, which is a conflict.
func (t *Tx) addMembership(m registry.Membership) error {
	return t.stmt(insertMembership).int(int64(m.Group)).int(int64(m.Thing)).int(m.Joined).change()
}

const deleteMembership = `DELETE FROM membership WHERE thing = ? AND thing_group = ?`

func (t *Tx) removeMembership(m registry.Membership) error {
	return t.stmt(deleteMembership).int(int64(m.Thing)).int(int64(m.Group)).change()
}

const (
	insertLeftMembership = `INSERT INTO left_membership (thing_group, name, joined, ended, thing)
		VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (thing_group, name, joined) DO UPDATE
			SET ended = excluded.ended, thing = excluded.thing`

	deleteLeftMembership = `DELETE FROM left_membership
		WHERE thing_group = ? AND name = ? AND joined = ?`
)

func (t *Tx) rememberMembership(m registry.LeftMembership) error {
	return t.stmt(insertLeftMembership).int(int64(m.Group)).text(m.Name).int(m.Joined).
		int(m.Left).int(int64(m.Thing)).run()
}

func (t *Tx) forgetMembership(m registry.LeftMembership) error {
	return t.stmt(deleteLeftMembership).int(int64(m.Group)).text(m.Name).int(m.Joined).run()
}

const groupColumns = `id, name, uuid, parent, description, attributes, version, created_at,
	query, work, scanned`

func scanGroup(s stmt) registry.Group {
	return registry.Group{
		ID:          registry.GroupID(s.getInt()),
		Name:        s.getText(),
		UUID:        s.getText(),
		Parent:      registry.GroupID(s.getInt()),
		Description: s.getText(),
		Attributes:  s.getMap(),
		Version:     s.getInt(),
		CreatedAt:   s.getTime(),
		Query:       s.getText(),
		Work:        registry.GroupWork(s.getText()),
		Scanned:     s.getText(),
	}
}

const selectGroup = `SELECT ` + groupColumns + ` FROM thing_group WHERE id = ?`

func (r reader) Group(id registry.GroupID) (registry.Group, error) {
	return one(r.stmt(selectGroup).int(int64(id)), scanGroup)
}

const selectGroupByName = `SELECT ` + groupColumns + ` FROM thing_group WHERE name = ?`

func (r reader) GroupByName(name string) (registry.Group, error) {
	return one(r.stmt(selectGroupByName).text(name), scanGroup)
}

const selectGroupByUUID = `SELECT ` + groupColumns + ` FROM thing_group WHERE uuid = ?`

func (r reader) GroupByUUID(uuid string) (registry.Group, error) {
	return one(r.stmt(selectGroupByUUID).text(uuid), scanGroup)
}

// The children of a group are found by its key; the other lists are in the order of the names.
const (
	listGroups = `SELECT ` + groupColumns + ` FROM thing_group
		WHERE name >= ?1 AND name < ?2 ORDER BY name LIMIT ?3`

	listChildren = `SELECT ` + groupColumns + ` FROM thing_group INDEXED BY thing_group_child
		WHERE parent = ?4 AND name >= ?1 AND name < ?2 ORDER BY name LIMIT ?3`
)

func (r reader) Groups(q store.GroupQuery) ([]registry.Group, error) {
	sql := listGroups
	if q.Children != nil {
		sql = listChildren
	}
	s := r.stmt(sql).text(firstName(q.Prefix, q.After)).text(afterPrefix(q.Prefix)).limit(q.Limit)
	if q.Children != nil {
		s.int(int64(*q.Children))
	}
	return all(s, scanGroup)
}

const (
	listDynamicGroups = `SELECT ` + groupColumns + ` FROM thing_group INDEXED BY thing_group_dynamic
		WHERE query <> '' ORDER BY id`

	listBusyGroups = `SELECT ` + groupColumns + ` FROM thing_group INDEXED BY thing_group_busy
		WHERE work <> '' ORDER BY id LIMIT ?`
)

func (r reader) DynamicGroups() ([]registry.Group, error) {
	return all(r.stmt(listDynamicGroups), scanGroup)
}

func (r reader) GroupsWithWork(limit int) ([]registry.Group, error) {
	return all(r.stmt(listBusyGroups).limit(limit), scanGroup)
}

// firstName is the least name that begins with a prefix and comes after a name: SQLite searches an
// index from one lower bound only, and would read everything between the two. No name has a control
// character, so nothing stands between a name and the same with one more.
func firstName(prefix, after string) string {
	if after == "" {
		return prefix
	}
	return max(prefix, after+"\x01")
}

// afterPrefix is a bound above every name with the prefix and below every later one; no name has
// the last character of Unicode.
func afterPrefix(prefix string) string { return prefix + "\U0010ffff" }

const listMembers = `SELECT thing_group, thing, name, joined FROM membership
	WHERE thing_group = ? AND name > ? ORDER BY name LIMIT ?`

func (r reader) Members(
	group registry.GroupID, after string, limit int,
) ([]registry.Membership, error) {
	return all(r.stmt(listMembers).int(int64(group)).text(after).limit(limit), scanMembership)
}

// The groups of a count are a text of their keys between commas, so that one statement is for any
// number of them.
const (
	countedTree = `WITH RECURSIVE tree (id) AS (
		SELECT id FROM thing_group WHERE ?1 LIKE '%,' || id || ',%'
		UNION SELECT g.id FROM tree CROSS JOIN thing_group g ON g.parent = tree.id)`

	countTree = countedTree + ` SELECT count(*) FROM tree`

	// Of one group no thing is a member twice.
	countOfGroup = countedTree + `
		SELECT count(*) FROM tree CROSS JOIN membership m ON m.thing_group = tree.id WHERE m.joined <= ?2`

	countOfGroups = countedTree + `
		SELECT count(DISTINCT m.thing) FROM tree CROSS JOIN membership m ON m.thing_group = tree.id
		WHERE m.joined <= ?2`

	countWithin = countedTree + `, within (id) AS (
		SELECT id FROM thing_group WHERE ?3 LIKE '%,' || id || ',%'
		UNION SELECT g.id FROM within CROSS JOIN thing_group g ON g.parent = within.id)
		SELECT count(DISTINCT w.thing) FROM within CROSS JOIN membership w ON w.thing_group = within.id
		WHERE EXISTS (SELECT 1 FROM membership m WHERE m.thing = w.thing AND m.joined <= ?2
			AND m.thing_group IN (SELECT id FROM tree))`
)

func (r reader) CountMembers(c store.MemberCount) (int64, error) {
	groups, count := keyList(c.Groups), func(s stmt) int64 { return s.getInt() }
	if len(c.Within) > 0 {
		return one(r.stmt(countWithin).text(groups).int(c.Joined).text(keyList(c.Within)), count)
	}
	sql := countOfGroups
	if n, err := one(r.stmt(countTree).text(groups), count); err != nil || n == 0 {
		return 0, err
	} else if n == 1 {
		sql = countOfGroup
	}
	return one(r.stmt(sql).text(groups).int(c.Joined), count)
}

// keyList is keys between commas: ,1,2,
func keyList(keys []registry.GroupID) string {
	text := ","
	for _, key := range keys {
		text += strconv.FormatInt(int64(key), 10) + ","
	}
	return text
}

// countBetween reads only as many rows as it may look at. No name comes after the bound that stands
// for none.
const countBetween = `SELECT count(CASE WHEN joined <= ?4 THEN 1 END), count(*) FROM (
	SELECT joined FROM membership
	WHERE thing_group = ?1 AND name > ?2 AND name < ?3 ORDER BY name LIMIT ?5) AS looked`

func (r reader) CountBetween(q store.MemberRange) (counted, looked int, err error) {
	before := q.Before
	if before == "" {
		before = afterPrefix("")
	}
	s := r.stmt(countBetween).int(int64(q.Group)).text(q.After).text(before).int(q.Joined).limit(q.Limit)
	n, err := one(s, func(s stmt) [2]int64 { return [2]int64{s.getInt(), s.getInt()} })
	return int(n[0]), int(n[1]), err
}

const listMemberships = `SELECT thing_group, thing, name, joined
	FROM membership INDEXED BY membership_of_thing
	WHERE thing = ? ORDER BY thing_group`

func (r reader) Memberships(thing registry.ThingID) ([]registry.Membership, error) {
	return all(r.stmt(listMemberships).int(int64(thing)), scanMembership)
}

const listGroupsOfThings = `SELECT m.thing, m.thing_group
	FROM thing t CROSS JOIN membership m INDEXED BY membership_of_thing ON m.thing = t.id
	WHERE t.name >= ? AND t.name <= ? ORDER BY t.name, m.thing_group`

func (r reader) GroupsOfThings(first, last string) ([]store.ThingGroup, error) {
	return all(r.stmt(listGroupsOfThings).text(first).text(last), scanThingGroup)
}

func scanThingGroup(s stmt) store.ThingGroup {
	return store.ThingGroup{Thing: registry.ThingID(s.getInt()), Group: registry.GroupID(s.getInt())}
}

func scanMembership(s stmt) (m registry.Membership) {
	m.Group, m.Thing = registry.GroupID(s.getInt()), registry.ThingID(s.getInt())
	m.Name, m.Joined = s.getText(), s.getInt()
	return m
}

const (
	listLeftMembers = `SELECT thing_group, thing, name, joined, ended FROM left_membership
		WHERE thing_group = ?1 AND name > ?2 AND joined <= ?3 AND ended > ?3
		ORDER BY name, joined LIMIT ?4`

	listLeftBefore = `SELECT thing_group, thing, name, joined, ended
		FROM left_membership INDEXED BY left_membership_by_end
		WHERE ended <= ? ORDER BY ended LIMIT ?`
)

func (r reader) LeftMembers(
	group registry.GroupID, number int64, after string, limit int,
) ([]registry.LeftMembership, error) {
	s := r.stmt(listLeftMembers).int(int64(group)).text(after).int(number).limit(limit)
	return all(s, scanLeftMembership)
}

func (r reader) LeftBefore(number int64, limit int) ([]registry.LeftMembership, error) {
	return all(r.stmt(listLeftBefore).int(number).limit(limit), scanLeftMembership)
}

func scanLeftMembership(s stmt) registry.LeftMembership {
	return registry.LeftMembership{Membership: scanMembership(s), Left: s.getInt()}
}

// LastJoined asks the counter, which a write that has not committed yet may have counted on without
// harm.
func (r reader) LastJoined() (int64, error) { return r.db.LastJoined() }
