package relational

import "github.com/drover-iot/drover/store"

const (
	putClient = `INSERT INTO client (name, node, claim, claimant, entry, connections, connected,
		as_thing, session, at, reason, value) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (name) DO UPDATE SET node = excluded.node, claim = excluded.claim,
			claimant = excluded.claimant, entry = excluded.entry, connections = excluded.connections, connected = excluded.connected,
			as_thing = excluded.as_thing, session = excluded.session, at = excluded.at,
			reason = excluded.reason, value = excluded.value`
	deleteClient  = `DELETE FROM client WHERE name = ?`
	clientColumns = `name, node, claim, claimant, entry, connections, connected, as_thing,
		session, at, reason, value`
	selectClient  = `SELECT ` + clientColumns + ` FROM client WHERE name = ?`
	listClientsOf = `SELECT ` + clientColumns + ` FROM client WHERE node = ? AND name > ?
		ORDER BY name LIMIT ?`
)

func (t *Tx) putClient(c store.Client) error {
	return t.stmt(putClient).text(c.Name).int(int64(c.Node)).int(c.Claim).int(int64(c.Claimant)).
		int(c.Entry).int(c.Connections).bool(c.Connected).bool(c.AsThing).text(c.Session).
		time(c.At).text(c.Reason).maybeBlob(c.Value).change()
}

func (t *Tx) removeClient(name string) error { return t.stmt(deleteClient).text(name).run() }

func (r reader) Client(name string) (store.Client, error) {
	return one(r.stmt(selectClient).text(name), scanClient)
}

func (r reader) ClientsOf(
	node store.NodeID, after string, limit int,
) ([]store.Client, error) {
	return all(r.stmt(listClientsOf).int(int64(node)).text(after).limit(limit), scanClient)
}

func scanClient(s stmt) store.Client {
	return store.Client{
		Name:        s.getText(),
		Node:        store.NodeID(s.getInt()),
		Claim:       s.getInt(),
		Claimant:    store.NodeID(s.getInt()),
		Entry:       s.getInt(),
		Connections: s.getInt(),
		Connected:   s.getBool(),
		AsThing:     s.getBool(),
		Session:     s.getText(),
		At:          s.getTime(),
		Reason:      s.getText(),
		Value:       s.getBlob(),
	}
}
