package nodes

import (
	"context"
	"math/rand/v2"
	"syscall"
	"time"
)

// The faults, and the order in which they come: a deck of cards for the nodes and one for the
// database, each shuffled anew when it is used up, so that every fault comes early and in any
// company. What is drawn follows from the seed.

// A fault is something that goes wrong for a while.
type fault struct {
	name        string
	database    bool          // a fault of the database, which all nodes meet
	least, most time.Duration // how long it lasts
	silent      bool          // explains that nodes do not answer at all
	long        bool          // comes in the long form only
	do          doing
}

// A doing is what a fault does to a node, which faults of the database have no use for. It returns
// when the fault is over.
type doing func(ctx context.Context, c *cluster, n *node, length time.Duration) error

// pulled makes a fault of conditions of a node's links.
func pulled(apply func(*node) []func()) doing {
	return func(ctx context.Context, _ *cluster, n *node, length time.Duration) error {
		undo := apply(n)
		sleep(ctx, length)
		for _, f := range undo {
			f()
		}
		return nil
	}
}

// cutFromDatabase and the like are faults of links.
func cutFromDatabase(n *node) []func() { return []func(){n.place.toDatabase().cut()} }
func cutFromClients(n *node) []func()  { return []func(){n.place.toClients().cut()} }
func cutFromBoth(n *node) []func() {
	return append(cutFromDatabase(n), cutFromClients(n)...)
}
func slowNetwork(n *node) []func() {
	return []func(){n.place.toDatabase().slow(), n.place.toClients().slow()}
}

// kill kills a node, which is started again after a while.
func kill(ctx context.Context, _ *cluster, n *node, length time.Duration) error {
	n.kill(length)
	sleep(ctx, length)
	for { // it is away until it serves again
		if _, ok := n.ready(); ok || !sleep(ctx, 20*time.Millisecond) {
			return nil
		}
	}
}

// suspend stops a node without its knowledge, as a machine does that is moved to another host.
func suspend(ctx context.Context, _ *cluster, n *node, length time.Duration) error {
	n.signal(syscall.SIGSTOP)
	sleep(ctx, length)
	n.signal(syscall.SIGCONT)
	return nil
}

func ofDatabase(f func(*database, context.Context, time.Duration) error) doing {
	return func(ctx context.Context, c *cluster, _ *node, length time.Duration) error {
		return f(c.database, ctx, length)
	}
}

const second = time.Second

// faults are all of them. Lengths are on both sides of what the rules name: 5, 10 and 30 seconds.
func faults(long bool) (all []fault) {
	table := []fault{
		{name: "node cut off from the database", least: 3 * second, most: 12 * second,
			do: pulled(cutFromDatabase)},
		{name: "node cut off from the database for long", least: 31 * second, most: 45 * second,
			long: true, do: pulled(cutFromDatabase)},
		{name: "node cut off from devices", least: 3 * second, most: 9 * second,
			silent: true, do: pulled(cutFromClients)},
		{name: "node cut off from both", least: 3 * second, most: 14 * second,
			silent: true, do: pulled(cutFromBoth)},
		{name: "slow network of a node", least: 4 * second, most: 8 * second,
			silent: true, do: pulled(slowNetwork)},
		{name: "node killed", least: second / 10, most: 3 * second, silent: true, do: kill},
		{name: "node killed for long", least: 12 * second, most: 20 * second,
			silent: true, long: true, do: kill},
		{name: "node suspended", least: 2 * second, most: 14 * second, silent: true, do: suspend},
		{name: "database killed", least: second / 10, most: 4 * second,
			database: true, do: ofDatabase((*database).restart)},
		{name: "database stopped for a while", least: 2 * second, most: 7 * second,
			database: true, do: ofDatabase((*database).freeze)},
		{name: "slow disk of the database", least: 4 * second, most: 8 * second,
			database: true, silent: true, do: ofDatabase((*database).drag)},
		{name: "standby promoted", least: second / 10, most: 2 * second,
			database: true, long: true, do: ofDatabase((*database).promote)},
	}
	for _, f := range table {
		if long || !f.long {
			all = append(all, f)
		}
	}
	return all
}

// disturb makes faults of one kind, one after the other, until ctx ends. It returns when the last
// one is over.
func (w *world) disturb(ctx context.Context, database bool, random *rand.Rand) {
	var deck []fault
	pause := 1000 // at least, in milliseconds
	if database {
		pause = 3000 // all nodes meet these
	}
	for sleep(ctx, time.Duration(pause+random.IntN(4000))*time.Millisecond) {
		if len(deck) == 0 {
			deck = w.deck(database)
			random.Shuffle(len(deck), func(i, j int) { deck[i], deck[j] = deck[j], deck[i] })
		}
		if len(deck) > 0 {
			w.make(ctx, deck[0], random)
			deck = deck[1:]
		}
	}
}

// deck is the faults of one kind.
func (w *world) deck(database bool) (deck []fault) {
	for _, f := range faults(w.long) {
		if f.database == database && w.faults.MatchString(f.name) {
			deck = append(deck, f)
		}
	}
	return deck
}

// make makes one fault happen, to a node at random or to the database, and waits until it is over.
func (w *world) make(ctx context.Context, f fault, random *rand.Rand) {
	length := f.least + time.Duration(random.Int64N(int64(f.most-f.least)))
	node, place := everyNode, "the database"
	n := w.cluster.nodes[0]
	if !f.database {
		node = random.IntN(len(w.cluster.nodes))
		n = w.cluster.nodes[node]
		place = n.name
	}
	w.progress("%s: %s for %v", place, f.name, length.Round(time.Millisecond))
	end := w.history.table.begin(f, node, w.history.now)
	if err := f.do(ctx, w.cluster, n, length); err != nil {
		w.problem("%s: %s: %v", place, f.name, err)
	}
	end()
}
