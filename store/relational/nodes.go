package relational

import "github.com/drover-iot/drover/store"

const (
	insertNode = `INSERT INTO node
		(id, name, version, since, seen, position, connections, ready, heir)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL)`
	signNode = `UPDATE node SET seen = ?, position = ?, connections = ?, ready = ?
		WHERE id = ? AND heir IS NULL`
	giveUpNode = `UPDATE node SET heir = ? WHERE id = ?`
	deleteNode = `DELETE FROM node WHERE id = ?`
	listNodes  = `SELECT id, name, version, since, seen, position, connections, ready, heir
		FROM node ORDER BY id`

	deletePassed = `DELETE FROM announcement WHERE id <= (SELECT min(position) FROM node)`
)

func (t *Tx) joinNode(n store.Node) error {
	return t.stmt(insertNode).int(int64(n.ID)).text(n.Name).text(n.Version).time(n.Since).
		time(n.Seen).int(n.Position).int(int64(n.Connections)).bool(n.Ready).change()
}

func (t *Tx) giveUpNode(g store.GivenUp) error {
	return t.stmt(giveUpNode).int(int64(g.Heir)).int(int64(g.Node)).change()
}

func (t *Tx) removeNode(id store.NodeID) error { return t.stmt(deleteNode).int(int64(id)).run() }

// sign stores the sign of the node that writes, and removes what all have passed.
func (t *Tx) sign(c store.NodeChanges) error {
	err := t.stmt(signNode).time(c.Sign.Seen).int(c.Sign.Position).int(int64(c.Sign.Connections)).
		bool(c.Sign.Ready).int(int64(c.By)).Change(store.ErrNodeLost)
	if err != nil {
		return err
	}
	return t.stmt(deletePassed).run()
}

func (r reader) Nodes() ([]store.Node, error) {
	return all(r.stmt(listNodes), func(s stmt) store.Node {
		return store.Node{
			ID:      store.NodeID(s.getInt()),
			Name:    s.getText(),
			Version: s.getText(),
			Since:   s.getTime(),
			Sign: store.Sign{
				Seen:        s.getTime(),
				Position:    s.getInt(),
				Connections: int(s.getInt()),
				Ready:       s.getBool(),
			},
			Heir: store.NodeID(s.getInt()), // NULL reads as 0
		}
	})
}
