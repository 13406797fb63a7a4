package relational

import "github.com/drover-iot/drover/store"

const (
	putClient = `INSERT INTO client (name, turn, node, claim, connections, connected, as_thing,
		session, at, reason, may_return, value) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (name, turn) DO UPDATE SET node = excluded.node, claim = excluded.claim,
			connections = excluded.connections, connected = excluded.connected,
			as_thing = excluded.as_thing, session = excluded.session, at = excluded.at,
			reason = excluded.reason, may_return = excluded.may_return, value = excluded.value`
	deleteClient  = `DELETE FROM client WHERE name = ? AND turn = ?`
	clientColumns = `name, turn, node, claim, connections, connected, as_thing, session, at,
		reason, may_return, value, CASE WHEN EXISTS (SELECT 1 FROM client earlier
			WHERE earlier.name = client.name AND earlier.turn < client.turn) THEN 1 ELSE 0 END`
	listTurns     = `SELECT ` + clientColumns + ` FROM client WHERE name = ? ORDER BY turn`
	listClientsOf = `SELECT ` + clientColumns + ` FROM client
		WHERE node = ? AND (name, turn) > (?, ?) ORDER BY name, turn LIMIT ?`

	adoptTurns = `UPDATE client SET node = ? WHERE node <> 0 AND NOT EXISTS
		(SELECT 1 FROM node WHERE node.id = client.node)`
	adoptUnowned = `INSERT INTO client (name, turn, node, claim, connections, connected, as_thing,
		session, at, reason, may_return)
		SELECT DISTINCT owned.name, 0, CAST(? AS BIGINT), 0, 0, 0, 0, '', 0, '', 0 FROM
			(SELECT CASE WHEN ` + isFurther + ` THEN ` + ofFurther + ` ELSE client END AS name
				FROM session WHERE seq = 0 AND client <> '') owned
		WHERE NOT EXISTS (SELECT 1 FROM client WHERE client.name = owned.name)`
)

func (t *Tx) putClient(c store.Client) error {
	return t.stmt(putClient).text(c.Name).int(c.Turn).int(int64(c.Node)).int(c.Claim).
		int(c.Connections).bool(c.Connected).bool(c.AsThing).text(c.Session).time(c.At).
		text(c.Reason).bool(c.MayReturn).maybeBlob(c.Value).change()
}

func (t *Tx) removeClient(c store.ClientTurn) error {
	return t.stmt(deleteClient).text(c.Name).int(c.Turn).run()
}

func (t *Tx) adoptUnowned(node store.NodeID) error {
	if node == 0 {
		return nil
	}
	if err := t.stmt(adoptTurns).int(int64(node)).run(); err != nil {
		return err
	}
	return t.stmt(adoptUnowned).int(int64(node)).run()
}

func (r reader) Turns(client string) ([]store.Client, error) {
	return all(r.stmt(listTurns).text(client), scanClient)
}

func (r reader) ClientsOf(
	node store.NodeID, after store.ClientTurn, limit int,
) ([]store.Client, error) {
	return all(r.stmt(listClientsOf).int(int64(node)).text(after.Name).int(after.Turn).
		limit(limit), scanClient)
}

func scanClient(s stmt) store.Client {
	return store.Client{
		Name:        s.getText(),
		Turn:        s.getInt(),
		Node:        store.NodeID(s.getInt()),
		Claim:       s.getInt(),
		Connections: s.getInt(),
		Connected:   s.getBool(),
		AsThing:     s.getBool(),
		Session:     s.getText(),
		At:          s.getTime(),
		Reason:      s.getText(),
		MayReturn:   s.getBool(),
		Value:       s.getBlob(),
		Held:        s.getBool(),
	}
}
