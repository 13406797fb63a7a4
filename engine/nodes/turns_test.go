package nodes

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/store"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// turn is a turn of pump-07.
func turn(node store.NodeID, number int64, change func(*store.Client)) store.Client {
	c := store.Client{
		Name:        "pump-07",
		Turn:        number,
		Node:        node,
		Claim:       number,
		Connections: 1,
		Connected:   true,
		Session:     "s",
		At:          noon,
	}
	if change != nil {
		change(&c)
	}
	return c
}

// A node that has no turn of the client gets one behind all others; one that has the last goes on in
// it (R-NODE-7). The connections are counted over all nodes (R-BRK-33).
func TestClaim(t *testing.T) {
	t.Parallel()
	away := func(ago time.Duration) func(*store.Client) {
		return func(c *store.Client) { c.Connected, c.At, c.Connections = false, noon.Add(-ago), 4 }
	}
	for _, row := range []struct {
		name   string
		turns  []store.Client
		want   Claimed
		turn   store.Client
		from   store.NodeID // of the news; 0: there is none
		remove bool         // the only turn is replaced
	}{
		{"nobody had it", nil, Claimed{9, 9, false, 0}, turn(2, 9, nil), 0, false},
		{
			"the same node", []store.Client{turn(2, 4, nil)}, Claimed{9, 4, false, 1},
			turn(2, 4, func(c *store.Client) { c.Claim, c.Connections = 9, 2 }), 0, false,
		},
		{
			"another node", []store.Client{turn(1, 4, nil)}, Claimed{9, 9, true, 1},
			turn(2, 9, func(c *store.Client) { c.Connections = 2 }), 1, false,
		},
		{
			"behind one that waits", []store.Client{turn(2, 4, nil), turn(3, 5, away(time.Minute))},
			Claimed{9, 9, true, 4}, turn(2, 9, func(c *store.Client) { c.Connections = 5 }), 3, false,
		},
		{
			"in the turn that it waits for", []store.Client{turn(1, 4, nil), turn(2, 5, nil)},
			Claimed{9, 5, true, 1},
			turn(2, 5, func(c *store.Client) { c.Claim, c.Connections = 9, 2 }), 0, false,
		},
		{
			"of a client that is remembered", []store.Client{turn(0, 4, away(time.Minute))},
			Claimed{9, 9, false, 4}, turn(2, 9, func(c *store.Client) { c.Connections = 5 }), 0, true,
		},
		{
			"that was away too long", []store.Client{turn(0, 4, away(2*time.Hour))},
			Claimed{9, 9, false, 0}, turn(2, 9, nil), 0, true,
		},
	} {
		by := Connection{Client: "pump-07", Session: "s"}
		c, answer := claim(row.turns, 2, 9, noon, by)
		if diff := cmp.Diff(row.want, answer); diff != "" {
			t.Errorf("%s: the answer (-want +got):\n%s", row.name, diff)
		}
		if c.asThing {
			t.Errorf("%s: concerns a thing", row.name)
		}
		if diff := cmp.Diff([]store.Client{row.turn}, c.clients.Set); diff != "" {
			t.Errorf("%s: the turn (-want +got):\n%s", row.name, diff)
		}
		var news []store.ClientNews
		if row.from != 0 {
			news = []store.ClientNews{{Client: "pump-07", Claim: 9, From: row.from, To: 2}}
		}
		if diff := cmp.Diff(news, c.news); diff != "" {
			t.Errorf("%s: the news (-want +got):\n%s", row.name, diff)
		}
		if (len(c.clients.Removed) == 1) != row.remove {
			t.Errorf("%s: removed %v", row.name, c.clients.Removed)
		}
	}
}

// The first turn ends, and whoever waits for that learns of it; what is released already stays.
func TestRelease(t *testing.T) {
	t.Parallel()
	three := []store.Client{turn(1, 4, nil), turn(2, 5, nil), turn(3, 6, nil)}
	for _, row := range []struct {
		name  string
		turns []store.Client
		node  store.NodeID
		claim int64
		want  change
	}{
		{"to the next", three, 1, 5, change{
			clients: store.ClientChanges{Removed: []store.ClientTurn{{Name: "pump-07", Turn: 4}}},
			news:    []store.ClientNews{{Client: "pump-07", Claim: 5, From: 1, To: 2, Released: true}},
		}},
		{"in the middle: the first has not ended", three, 2, 6, change{
			clients: store.ClientChanges{Removed: []store.ClientTurn{{Name: "pump-07", Turn: 5}}},
		}},
		{"of another node", three, 3, 5, change{}},
		{"released before", three[1:], 1, 5, change{}},
		{"of nobody", nil, 1, 5, change{}},
	} {
		got := release(row.turns, row.node, row.claim)
		if diff := cmp.Diff(row.want, got, cmp.AllowUnexported(change{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", row.name, diff)
		}
	}
}

// A connection ends: what is left of the client stays with the node or is remembered; one that is
// not the newest of its turn ends without a trace.
func TestLeave(t *testing.T) {
	t.Parallel()
	gone := func(c *store.Client) { c.Connected, c.At, c.Reason = false, noon.Add(time.Second), "WHY" }
	one := []store.Client{turn(1, 4, func(c *store.Client) { c.Value = []byte("will") })}
	for _, row := range []struct {
		name  string
		turns []store.Client
		end   End
		want  change
		ok    bool
	}{
		{
			"with sessions", one, End{Claim: 4, Keep: true},
			change{clients: store.ClientChanges{Set: []store.Client{turn(1, 4, gone)}}}, true,
		},
		{"without", one, End{Claim: 4}, change{clients: store.ClientChanges{Set: []store.Client{
			turn(1, 4, func(c *store.Client) { gone(c); c.Node = 0 }),
		}}}, true},
		{
			"while others wait", []store.Client{one[0], turn(2, 5, nil)}, End{Claim: 4},
			change{clients: store.ClientChanges{Set: []store.Client{turn(1, 4, gone)}}}, true,
		},
		{
			"the last session of a client that is away", []store.Client{turn(1, 4, gone)},
			End{Claim: 4, Quiet: true}, change{clients: store.ClientChanges{Set: []store.Client{
				turn(1, 4, func(c *store.Client) { gone(c); c.Node = 0 }),
			}}}, true,
		},
		{"with its node", one, End{Claim: 4, Keep: true, MayReturn: true}, change{
			clients: store.ClientChanges{Set: []store.Client{
				turn(1, 4, func(c *store.Client) { gone(c); c.MayReturn = true }),
			}},
		}, true},
		{"an older connection of the turn", one, End{Claim: 3, Keep: true}, change{}, true},
		{
			"of a claim that was made without an answer", one, End{Session: "s", Keep: true},
			change{clients: store.ClientChanges{Set: []store.Client{turn(1, 4, gone)}}}, true,
		},
		{"of a claim that was not made", one, End{Session: "other"}, change{}, false},
		{"of a turn of another node", []store.Client{turn(2, 4, nil)}, End{Claim: 4}, change{}, true},
	} {
		row.end.Reason = "WHY"
		got, _, ok := leave(row.turns, 1, noon.Add(time.Second), row.end)
		if diff := cmp.Diff(row.want, got, cmp.AllowUnexported(change{})); diff != "" || ok != row.ok {
			t.Errorf("%s: known %v, want %v (-want +got):\n%s", row.name, ok, row.ok, diff)
		}
	}
}
