package app

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/drover-iot/drover/device/broker"
	"github.com/drover-iot/drover/engine"
	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/engine/nodes"
	"github.com/drover-iot/drover/internal/buildinfo"
	"github.com/drover-iot/drover/internal/disk"
	"github.com/drover-iot/drover/store"
)

// A server with a database is one of several nodes, though there may be no other. What its broker
// and the engine call of each other about that is translated here.

// nodeIDFile is the file of a data folder that tells its server from all others on the database: the
// one that starts on it again takes the place of the one before at once.
const nodeIDFile = "node.id"

// nodeName is the name of this server among the nodes: HOST/ID.
func nodeName(dir string) (string, error) {
	path := filepath.Join(dir, nodeIDFile)
	id, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		random := make([]byte, 4)
		rand.Read(random) // never fails
		id = hex.AppendEncode(nil, random)
		err = disk.Write(path, id, 0o600)
	}
	if err != nil {
		return "", fmt.Errorf("data folder: %w", err)
	}
	return hostName() + "/" + string(id), nil
}

// hostName is the name of this machine.
func hostName() string {
	host, err := os.Hostname()
	if err != nil {
		return "unknown"
	}
	return host
}

// nodeClients implements broker.Nodes and engine.Clients, each by the other.
type nodeClients struct{ server *Server }

// lostClient is what a node records of a client for the one that takes over from it.
type lostClient struct {
	Event broker.PresenceEvent `json:"event"`
	Will  []byte               `json:"will,omitempty"`
}

// presenceOf makes the event of a connection that begins or ends.
func presenceOf(e broker.PresenceEvent, counted bool) func(int64, time.Time) []store.Event {
	return func(version int64, at time.Time) []store.Event {
		if !counted {
			e.Version = version
		}
		e.Timestamp = at.UnixMilli()
		m, exists := e.Message()
		if !exists {
			return nil
		}
		return []store.Event{{Topic: m.Topic, Payload: m.Payload}}
	}
}

// Claim implements broker.Nodes.
func (n nodeClients) Claim(ctx context.Context, c broker.Client) (broker.Claimed, error) {
	value, err := json.Marshal(lostClient{c.Connected, c.Will})
	if err != nil {
		return broker.Claimed{}, err
	}
	answer, err := n.server.engine.Nodes.Claim(ctx, nodes.Connection{
		Client:  c.ID,
		Session: c.Connected.SessionID,
		AsThing: c.Connected.AsThing,
		Value:   value,
	}, presenceOf(c.Connected, false))
	return broker.Claimed(answer), err
}

// Release implements broker.Nodes.
func (n nodeClients) Release(ctx context.Context, client string, claim int64) error {
	return n.server.engine.Nodes.Release(ctx, client, claim)
}

// Leave implements broker.Nodes.
func (n nodeClients) Leave(ctx context.Context, l broker.Left) error {
	end := nodes.End{
		Client:    l.Client,
		Claim:     l.Claim,
		Keep:      l.Keep,
		Quiet:     l.Event == nil,
		MayReturn: n.server.leaving.Load(),
	}
	if l.Event == nil {
		return n.server.engine.Nodes.Leave(ctx, end, nil)
	}
	end.Session, end.Reason = l.Event.SessionID, string(l.Event.Cause)
	return n.server.engine.Nodes.Leave(ctx, end, presenceOf(*l.Event, l.Claim != 0))
}

// Lost implements broker.Nodes.
func (n nodeClients) Lost(
	ctx context.Context, node int64, f func([]broker.LostClient) error,
) error {
	return n.server.engine.Nodes.Lost(ctx, store.NodeID(node), func(page []store.Client) error {
		clients := make([]broker.LostClient, len(page))
		for i, c := range page {
			var lost lostClient
			if len(c.Value) > 0 {
				if err := json.Unmarshal(c.Value, &lost); err != nil {
					n.server.Log.Error("what a lost node knew of a client cannot be read",
						"client", c.Name, "err", err)
				}
			}
			lost.Event.AsThing = c.AsThing
			clients[i] = broker.LostClient{
				Client: broker.Client{ID: c.Name, Connected: lost.Event, Will: lost.Will},
				Claimed: broker.Claimed{
					Number:  c.Claim,
					Turn:    c.Turn,
					Held:    c.Held,
					Version: c.Connections - 1,
				},
				IsConnected: c.Connected,
			}
		}
		return f(clients)
	})
}

// Load implements broker.Nodes.
func (n nodeClients) Load(
	ctx context.Context, clients []string, each func(broker.Change) error,
) error {
	return n.server.engine.Nodes.Load(ctx, clients, func(e store.SessionEntry) error {
		return each(broker.Change(e))
	})
}

// NextShared implements broker.Nodes.
func (n nodeClients) NextShared() uint64 { return n.server.engine.Nodes.NextShared() }

// Claimed implements engine.Clients.
//
// Nobody here knows which heads a client that is on its way here was notified of: notices carry the
// state of the moment, and this node may have been behind the one that had the client, or ahead.
func (n nodeClients) Claimed(client string, claim int64, mine, wasMine bool) {
	if mine {
		n.server.plane.ForgetNotified()
	}
	n.server.broker.Claimed(client, claim, mine, wasMine)
}

// Released implements engine.Clients.
func (n nodeClients) Released(client string, claim int64) {
	n.server.broker.Released(client, claim)
}

// Adopt implements engine.Clients. The heads that this node has notified things of were not those
// that the adopted sessions were given: they would be left out of what is replayed.
func (n nodeClients) Adopt(ctx context.Context, node store.NodeID) error {
	err := n.server.broker.Adopt(ctx, int64(node))
	n.server.plane.ForgetNotified()
	return err
}

// Adopted implements engine.Clients. What was replayed went to the adopted sessions only, with the
// heads of that moment: things with other sessions have not been notified of theirs.
func (n nodeClients) Adopted() {
	n.server.broker.Adopted()
	n.server.plane.ForgetNotified()
}

// Abandon implements engine.Clients. What things were notified of may have gone with the clients: a
// node that takes over from itself notifies them again.
func (n nodeClients) Abandon() {
	n.server.broker.Abandon()
	n.server.plane.ForgetNotified()
}

// node is what the engine needs to be one of several nodes; the zero value without a database.
func (s *Server) node() (c engine.NodeConfig, err error) {
	if s.database == nil {
		return c, nil
	}
	name, err := nodeName(s.Data)
	if err != nil {
		return c, err
	}
	return engine.NodeConfig{
		NodeConfig: commit.NodeConfig{
			Name:       name,
			Version:    buildinfo.Read().Version,
			Shared:     true,
			Status:     s.status,
			Unfinished: func() int64 { return s.broker.Unfinished() },
		},
		Listen:  s.database.Listen,
		Follow:  s.follower.Set,
		Clients: nodeClients{s},
	}, nil
}

// status is what this node says of itself.
func (s *Server) status() (connections int, ready bool) {
	return s.broker.Connections(), s.ready.Load()
}
