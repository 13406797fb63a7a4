package postgres

import (
	"encoding/json"
	"reflect"
	"time"

	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
	"github.com/drover-iot/drover/store/relational"
)

// tx is a write that reads ahead.
type tx struct {
	*relational.Tx
	conn *conn
}

// Time is that of the database's clock (R-NODE-5).
func (t tx) Time() time.Time { return t.conn.time }

// Apply has the other nodes woken with the commit, unless it is a sign of life only.
func (t tx) Apply(c store.Changes) error {
	sign := c
	sign.Nodes.By, sign.Nodes.Sign = 0, store.Sign{}
	t.conn.wakes = t.conn.wakes || !reflect.ValueOf(sign).IsZero()
	return t.Tx.Apply(c)
}

const listHeads = `SELECT ` + relational.HeadColumns + `
	FROM (SELECT DISTINCT value FROM json_array_elements_text(CAST(? AS json))) n
	JOIN thing t ON t.name = n.value COLLATE "C"
	LEFT JOIN LATERAL (SELECT * FROM execution WHERE thing = t.id AND status <= 1
		ORDER BY status DESC, queued_at, sequence LIMIT ?) e ON true
	ORDER BY t.id, e.status DESC, e.queued_at, e.sequence`

const listLastNumbers = `SELECT n.thing, coalesce((SELECT max(number) FROM (
		SELECT number FROM execution WHERE job = ?1 AND thing = n.thing
		UNION ALL SELECT number FROM dropped_number WHERE job = ?1 AND thing = n.thing) u), 0)
	FROM (SELECT CAST(value AS BIGINT) AS thing
		FROM json_array_elements_text(CAST(?2 AS json)) OFFSET 0) n`

// LastNumbers reads the last number of a job on many things in one round trip.
func (t tx) LastNumbers(
	key job.Key, things []registry.ThingID,
) (map[registry.ThingID]int64, error) {
	list, err := json.Marshal(things)
	if err != nil {
		return nil, err
	}
	rows := t.conn.Prepare(listLastNumbers)
	rows.BindInt(int64(key))
	rows.BindText(string(list))
	last := make(map[registry.ThingID]int64, len(things))
	for rows.Row() {
		thing := registry.ThingID(rows.Int())
		last[thing] = rows.Int()
	}
	return last, rows.End()
}

// Heads reads the first pending executions of many things in one round trip.
func (t tx) Heads(names []string, pending int) ([]store.Head, error) {
	if len(names) == 0 {
		return nil, nil
	}
	list, err := json.Marshal(names)
	if err != nil {
		return nil, err
	}
	rows := t.conn.Prepare(listHeads)
	rows.BindText(string(list))
	rows.BindInt(int64(pending))
	return relational.Heads(rows)
}
