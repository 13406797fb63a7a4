package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/device/events"
	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/engine/fleet"
	"github.com/drover-iot/drover/engine/nodes"
	"github.com/drover-iot/drover/internal/clock"
	"github.com/drover-iot/drover/internal/ids"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
	"github.com/drover-iot/drover/store/memory"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// aNode is a stepped engine that notes what it is told to do for its clients and things.
type aNode struct {
	*Engine
	t    *testing.T
	seen []string
	deaf int // so many notices fail
}

func (n *aNode) see(format string, args ...any) {
	n.seen = append(n.seen, fmt.Sprintf(format, args...))
}

func (n *aNode) Claimed(client string, _ int64, mine, wasMine bool) {
	n.see("claimed %s mine=%v was mine=%v", client, mine, wasMine)
}
func (n *aNode) Released(client string, _ int64) { n.see("released %s", client) }
func (n *aNode) Adopt(ctx context.Context, node store.NodeID) error {
	n.see("adopt")
	return n.Nodes.Lost(ctx, node, func(page []store.Client) error {
		for _, c := range page {
			n.see("client %s connected=%v", c.Name, c.Connected)
		}
		return nil
	})
}
func (n *aNode) Adopted() { n.see("adopted") }
func (n *aNode) Abandon() { n.see("abandon") }

var errDeaf = errors.New("deaf")

// want compares what was seen since the last call.
func (n *aNode) want(when string, want ...string) {
	n.t.Helper()
	if diff := cmp.Diff(want, n.seen); diff != "" {
		n.t.Errorf("%s (-want +got):\n%s", when, diff)
	}
	n.seen = nil
}

func (n *aNode) announces() {
	n.t.Helper()
	if err := n.Announce(n.t.Context()); err != nil {
		n.t.Fatal(err)
	}
}

// tells commits something that has to be announced.
func (n *aNode) tells(topic string) {
	n.t.Helper()
	err := n.commits.Do(n.t.Context(), func(tx *commit.Tx) error {
		tx.Publish(store.Event{Topic: topic})
		return nil
	})
	if err != nil {
		n.t.Fatal(err)
	}
}

// notifies commits a change of a thing's pending executions.
func (n *aNode) notifies(thing registry.ThingID) {
	n.t.Helper()
	err := n.commits.Do(n.t.Context(), func(tx *commit.Tx) error {
		tx.Notify(store.Notice{Thing: thing, Notify: true})
		return nil
	})
	if err != nil {
		n.t.Fatal(err)
	}
}

// things names those of notices.
func things(notices []store.Notice) (text string) {
	for _, n := range notices {
		text += fmt.Sprintf(" %d", n.Thing)
	}
	return text
}

func (n *aNode) signs(at time.Duration) (givenUp int) {
	n.t.Helper()
	n.config.Clock.(*clock.Virtual).Set(noon.Add(at))
	lost, err := n.Nodes.Sign(n.t.Context(), at)
	if err != nil {
		n.t.Fatal(err)
	}
	return len(lost)
}

func (n *aNode) claims(client string) nodes.Claimed {
	n.t.Helper()
	none := func(int64, time.Time) []store.Event { return nil }
	answer, err := n.Nodes.Claim(n.t.Context(), nodes.Connection{Client: client, Session: "s"}, none)
	if err != nil {
		n.t.Fatal(err)
	}
	return answer
}

// nodesOn returns nodes that have joined on one store.
func nodesOn(t *testing.T, kept store.Store, names ...string) (all []*aNode) {
	for _, name := range names {
		n := &aNode{t: t}
		n.Engine = New(Config{
			Store: kept, Clock: clock.NewVirtual(noon), IDs: &ids.Counting{},
			Events: events.Renderer{Scope: registry.DefaultScope, IDs: &ids.Counting{}}, Log: slog.New(slog.DiscardHandler), Stepped: true,
			Notify: func(_ context.Context, notices []store.Notice) error {
				if n.deaf--; n.deaf >= 0 {
					return errDeaf
				}
				n.see("notice%s", things(notices))
				return nil
			},
			PublishEvents: func(published []store.Event) {
				for _, e := range published {
					n.see("%s", e.Topic)
				}
			},
			CertificateChanged: func(id string) { n.see("certificate %s", id) },
			AuthorizerChanged:  func(name string) { n.see("authorizer %s", name) },
			PrincipalDetached:  func(certificate, thing string) { n.see("detached %s from %s", certificate, thing) },
			Node:               NodeConfig{NodeConfig: commit.NodeConfig{Name: name, Shared: true}, Clients: n},
		})
		n.signs(0)
		n.announces()
		n.seen = nil
		all = append(all, n)
	}
	return all
}

func logged(t *testing.T, kept store.Store) (entries int) {
	t.Helper()
	err := kept.Read(t.Context(), func(r store.Reader) error {
		found, err := r.Announcements(0, 100)
		entries = len(found)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return entries
}

// Every node announces what any of them has committed, in one order; what all have announced is
// removed with their signs (R-NODE-6).
func TestEveryNodeAnnounces(t *testing.T) {
	t.Parallel()
	kept := memory.Open()
	all := nodesOn(t, kept, "a", "b")
	a, b := all[0], all[1]
	a.tells("1")
	b.tells("2")
	a.tells("3")
	a.announces()
	a.want("node a", "1", "2", "3")
	a.signs(0)
	if n := logged(t, kept); n != 3 {
		t.Errorf("%d entries wait for node b, want 3", n)
	}
	b.announces()
	b.want("node b", "1", "2", "3")
	b.signs(0)
	if n := logged(t, kept); n != 0 {
		t.Errorf("%d entries are left", n)
	}
}

// A client goes from one node to another: both learn of the claim in the log, then the new one of
// the release (R-NODE-7).
func TestClaimsInTheLog(t *testing.T) {
	t.Parallel()
	all := nodesOn(t, memory.Open(), "a", "b", "c")
	a, b, c := all[0], all[1], all[2]
	if first := a.claims("x"); first.Held {
		t.Error("nobody else has the client")
	}
	claimed := b.claims("x")
	if !claimed.Held || claimed.Version != 1 {
		t.Errorf("claimed %+v", claimed)
	}
	for _, n := range all {
		n.announces()
	}
	a.want("the old node", "claimed x mine=false was mine=true")
	b.want("the new node", "claimed x mine=true was mine=false")
	c.want("another node", "claimed x mine=false was mine=false")
	if err := a.Nodes.Release(t.Context(), "x", claimed.Turn); err != nil {
		t.Fatal(err)
	}
	for _, n := range all {
		n.announces()
	}
	a.want("after the release")
	b.want("the new node", "released x")
	c.want("after the release")
}

// A node that gives no signs is given up. Its heir adopts its clients, and lets them have what was
// announced since; the lost node writes nothing any more, and joins anew (R-NODE-8).
func TestHeir(t *testing.T) {
	t.Parallel()
	kept := memory.Open()
	all := nodesOn(t, kept, "a", "b")
	a, b := all[0], all[1]
	a.claims("x")
	a.tells("before")
	for _, n := range all {
		n.announces()
		n.signs(0)
	}
	a.want("node a", "before")
	b.want("node b", "before")
	a.tells("after 1")
	b.tells("after 2")
	b.announces() // and node a does not
	b.want("node b", "after 1", "after 2")
	for at := time.Second; at < 7*time.Second; at += 2 * time.Second {
		if b.signs(at) != 0 {
			t.Fatalf("given up after %v", at)
		}
	}
	b.signs(8 * time.Second)
	if b.signs(9*time.Second) != 0 { // it was the last sign
		t.Error("given up twice")
	}
	b.announces()
	b.want("the heir", "adopt", "client x connected=true", "after 1", "after 2", "adopted")
	b.signs(10 * time.Second)
	if n := logged(t, kept); n != 0 {
		t.Errorf("%d entries are left", n)
	}
	err := a.commits.Do(t.Context(), func(*commit.Tx) error { return nil })
	if !errors.Is(err, commit.ErrGivenUp) {
		t.Fatalf("a commit of the lost node: %v", err)
	}
	if err := a.SaveSessions(t.Context(), nil); !errors.Is(err, commit.ErrGivenUp) {
		t.Errorf("sessions of the lost node: %v", err)
	}
	if !a.Rejoin() {
		t.Fatal("the node does not know that it was given up")
	}
	before := b.NodeID()
	a.signs(11 * time.Second)
	a.want("the lost node", "abandon")
	if a.NodeID() <= before {
		t.Errorf("it joins as %d", a.NodeID())
	}
	if again := a.claims("x"); !again.Held {
		t.Error("the heir does not have the client")
	}
}

// An heir that is lost before it has taken over leaves that to its own heir: from where the first
// node was.
func TestHeirOfHeir(t *testing.T) {
	t.Parallel()
	kept := memory.Open()
	all := nodesOn(t, kept, "a", "b", "c")
	a, b, c := all[0], all[1], all[2]
	a.claims("x")
	for _, n := range all {
		n.announces()
		n.signs(0)
	}
	a.tells("1")
	for at := time.Second; at < 10*time.Second; at += 2 * time.Second {
		b.signs(at)
		c.signs(at)
	}
	for at := 10 * time.Second; at < 20*time.Second; at += 2 * time.Second {
		c.signs(at)
	}
	c.announces()
	c.want("the heir of both", "1",
		"adopt", "client x connected=true", "1", "adopted",
		"adopt", "1", "adopted")
}

// An heir that fails in the middle takes over again, until the adopted clients have missed nothing.
func TestHeirFails(t *testing.T) {
	t.Parallel()
	all := nodesOn(t, memory.Open(), "a", "b")
	a, b := all[0], all[1]
	a.claims("x")
	a.tells("1")
	a.notifies(1)
	b.announces()
	b.want("node b", "1", "notice 1")
	b.signs(0)
	begin := positionOf(t, a)
	for at := time.Second; at < 10*time.Second; at += 2 * time.Second {
		b.signs(at)
	}
	b.deaf = 1
	if err := b.Announce(t.Context()); !errors.Is(err, errDeaf) {
		t.Fatalf("announced: %v", err)
	}
	b.want("while it fails", "adopt", "client x connected=true")
	b.signs(10 * time.Second)
	if position := positionOf(t, b); position != begin {
		t.Errorf("its position is %d: the next heir would not read again from %d on", position, begin)
	}
	b.announces()
	b.want("again", "adopt", "notice 1", "1", "adopted")
	b.signs(11 * time.Second)
	if position := positionOf(t, b); position == begin {
		t.Error("what all have passed is held")
	}
}

// An heir notifies a thing once of what the lost node has not announced any more, however often it
// has changed; but what came before a client has moved to another node is announced before that, so
// that it is in the session that moves (R-MQTT-43, R-NODE-8).
func TestHeirNotifiesOnce(t *testing.T) {
	t.Parallel()
	all := nodesOn(t, memory.Open(), "a", "b", "c")
	a, b, c := all[0], all[1], all[2]
	a.claims("x")
	for _, n := range all {
		n.announces()
		n.signs(0)
		n.seen = nil
	}
	a.notifies(1)
	a.notifies(2)
	a.notifies(1)
	c.claims("x")
	a.notifies(2)
	a.notifies(2)
	for at := time.Second; at < 10*time.Second; at += 2 * time.Second {
		b.signs(at)
		c.signs(at)
	}
	b.announces()
	claimed := "claimed x mine=false was mine="
	b.want("the heir", "notice 1", "notice 2", "notice 1", claimed+"false", "notice 2", "notice 2",
		"adopt", "client x connected=true", "notice 1 2", claimed+"true", "notice 2", "adopted")
}

// positionOf is the position of a node as it is stored.
func positionOf(t *testing.T, n *aNode) (position int64) {
	t.Helper()
	err := n.config.Store.Read(t.Context(), func(r store.Reader) error {
		all, err := r.Nodes()
		for _, found := range all {
			if found.ID == n.NodeID() {
				position = found.Position
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return position
}

// A node that stops gives its clients to another one at once.
func TestLeave(t *testing.T) {
	t.Parallel()
	all := nodesOn(t, memory.Open(), "a", "b")
	a, b := all[0], all[1]
	a.claims("x")
	a.leave(t.Context())
	b.announces()
	b.want("the other node", "adopt", "client x connected=true", "adopted")
	b.leave(t.Context()) // to nobody
	again := nodesOn(t, b.config.Store, "b")[0]
	again.claims("y")
	if held := again.claims("x").Held; held {
		t.Error("the next server on the same folder does not have the client")
	}
}

// What somebody may do is asked anew on every node when it was changed on one (R-BRK-19).
func TestAccessIsAskedAnew(t *testing.T) {
	t.Parallel()
	all := nodesOn(t, memory.Open(), "a", "b")
	a, b := all[0], all[1]
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(a.Identity.AddCertificate(t.Context(), registry.Certificate{ID: "c", Status: registry.CertificateActive}))
	_, err := a.Fleet.CreateThing(t.Context(), fleet.NewThing{Name: "t"})
	must(err)
	must(a.Identity.AttachPrincipal(t.Context(), "t", "c", false))
	b.announces()
	b.seen = nil
	version := b.Identity.AccessVersion()
	must(a.Identity.DetachPrincipal(t.Context(), "t", "c"))
	must(a.Identity.SetCertificateStatus(t.Context(), "c", registry.CertificateInactive))
	b.announces()
	b.want("node b", "detached c from t", "certificate c")
	if b.Identity.AccessVersion() == version {
		t.Error("connections of node b are not asked anew")
	}

	must(a.Identity.CreateAuthorizer(t.Context(), registry.Authorizer{
		Name: "door", Function: "https://a", SigningDisabled: true, Status: registry.AuthorizerActive,
	}, nil)) // R-ID-95
	b.announces()
	b.seen = nil
	version, inactive := b.Identity.AccessVersion(), registry.AuthorizerInactive
	must(a.Identity.UpdateAuthorizer(t.Context(), "door", registry.AuthorizerUpdate{Status: &inactive}))
	must(a.Identity.DeleteAuthorizer(t.Context(), "door"))
	b.announces()
	b.want("node b", "authorizer door", "authorizer door")
	if b.Identity.AccessVersion() == version {
		t.Error("connections of node b are not asked anew about an authorizer")
	}
}

// A virtual clock that is moved on one node is moved on all (R-NODE-5).
func TestVirtualClockOfNodes(t *testing.T) {
	t.Parallel()
	all := nodesOn(t, memory.Open(), "a", "b", "c")
	a, b, c := all[0], all[1], all[2]
	v := a.config.Clock.(*clock.Virtual)
	v.Set(noon.Add(time.Hour))
	a.tells("at one")
	b.announces()
	if at := b.Now(); !at.Equal(noon.Add(time.Hour)) {
		t.Errorf("where it is announced it is %v", at)
	}
	var committed time.Time
	err := c.commits.Do(t.Context(), func(tx *commit.Tx) error {
		committed = tx.Now
		return nil
	})
	if err != nil || !committed.Equal(noon.Add(time.Hour)) {
		t.Errorf("a commit is made at %v, %v", committed, err)
	}
}

// A reset on one node is one on all: the others find that they are no nodes any more, and both
// forget their clients.
func TestResetOfNodes(t *testing.T) {
	t.Parallel()
	all := nodesOn(t, memory.Open(), "a", "b")
	a, b := all[0], all[1]
	a.claims("x")
	if err := a.Reset(t.Context()); err != nil {
		t.Fatal(err)
	}
	a.want("node a", "abandon")
	a.signs(0)
	_, err := b.Nodes.Sign(t.Context(), 0)
	if !errors.Is(err, commit.ErrGivenUp) || !b.Rejoin() {
		t.Errorf("the other node: %v", err)
	}
	b.signs(0)
	if b.claims("x").Held {
		t.Error("a client of before the reset is held")
	}
	b.want("node b", "abandon")
}

// A client that left nothing behind is remembered for an hour, because its connections are counted,
// and for ever if it is named like a thing that is there (R-BRK-33, R-ID-40).
func TestClientsAreForgotten(t *testing.T) {
	t.Parallel()
	kept := memory.Open()
	n := nodesOn(t, kept, "a")[0]
	if _, err := n.Fleet.CreateThing(t.Context(), fleet.NewThing{Name: "thing"}); err != nil {
		t.Fatal(err)
	}
	none := func(int64, time.Time) []store.Event { return nil }
	for i := range 12 { // more than one sign looks at
		client := fmt.Sprintf("client-%02d", i)
		if i == 11 {
			client = "thing"
		}
		answer, err := n.Nodes.Claim(t.Context(), nodes.Connection{Client: client, Session: "s", AsThing: i >= 10}, none)
		if err == nil {
			err = n.Nodes.Leave(t.Context(), nodes.End{Client: client, Claim: answer.Number, Session: "s"}, none)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	remembered := func() (names []string) {
		err := kept.Read(t.Context(), func(r store.Reader) error {
			found, err := r.ClientsOf(0, store.ClientTurn{}, 100)
			for _, c := range found {
				names = append(names, c.Name)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return names
	}
	for range 3 {
		n.signs(time.Hour)
	}
	if got := len(remembered()); got != 12 {
		t.Errorf("%d clients are remembered after an hour, want 12", got)
	}
	for range 3 {
		n.signs(time.Hour + 2*time.Minute)
	}
	if diff := cmp.Diff([]string{"thing"}, remembered()); diff != "" {
		t.Errorf("remembered later (-want +got):\n%s", diff)
	}
}
