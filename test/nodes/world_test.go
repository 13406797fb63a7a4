package nodes

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Options are what a run is made of. The environment sets them: DROVER_NODES=long for the long
// form, and DROVER_NODES_ followed by COUNT, DEVICES, DURATION, SEED, NETWORK, FAULTS or REPORT for
// one of them.
type options struct {
	long      bool
	nodes     int
	devices   int
	groups    int
	operators int
	pause     time.Duration // of an operator, between two requests
	duration  time.Duration // of the faults, or of the two programs side by side
	seed      uint64
	network   string         // loopback or namespaces
	faults    *regexp.Regexp // of the names of those that come
	report    string         // the folder for what is written about a failure
}

// optionsOf reads the options of a test, with the duration of its short form.
func optionsOf(t testing.TB, duration time.Duration) options {
	t.Helper()
	o := options{
		nodes:     3,
		devices:   40,
		groups:    4,
		operators: 3,
		pause:     150 * time.Millisecond,
		duration:  duration,
		seed:      13,
		network:   "loopback",
		faults:    regexp.MustCompile(""), // all
	}
	if o.long = os.Getenv("DROVER_NODES") == "long"; o.long {
		o.seed = rand.Uint64() // the short form has the same faults each time
		o.devices, o.groups, o.operators = 200, 10, 6
		o.pause, o.duration = 800*time.Millisecond, 20*time.Minute
	}
	set(t, "COUNT", &o.nodes, strconv.Atoi)
	set(t, "DEVICES", &o.devices, strconv.Atoi)
	set(t, "DURATION", &o.duration, time.ParseDuration)
	set(t, "SEED", &o.seed, func(s string) (uint64, error) { return strconv.ParseUint(s, 10, 64) })
	same := func(s string) (string, error) { return s, nil }
	set(t, "NETWORK", &o.network, same)
	set(t, "FAULTS", &o.faults, regexp.Compile)
	set(t, "REPORT", &o.report, func(s string) (string, error) { return s, os.MkdirAll(s, 0o700) })
	if o.report == "" {
		// Not the test's own folder, which goes when it ends.
		o.report = filepath.Join(os.TempDir(), fmt.Sprintf("drover-nodes-%d", o.seed))
	}
	return o
}

// set sets an option from the environment.
func set[T any](t testing.TB, name string, option *T, parse func(string) (T, error)) {
	t.Helper()
	text := os.Getenv("DROVER_NODES_" + name)
	if text == "" {
		return
	}
	value, err := parse(text)
	if err != nil {
		t.Fatalf("DROVER_NODES_%s: %v", name, err)
	}
	*option = value
}

// A world is what all parts of a run share.
type world struct {
	options
	t       testing.TB
	cluster *cluster
	history *history
	jobs    *jobs
	calm    atomic.Bool // nobody goes elsewhere for no reason any more

	silences atomic.Int64 // requests that a node was silent about for no reason

	mu       sync.Mutex
	problems map[string]int
}

// problem fails the test, and says so once for all failures of a kind, after a few of them.
func (w *world) problem(format string, args ...any) {
	w.mu.Lock()
	w.problems[format]++
	n := w.problems[format]
	w.mu.Unlock()
	switch {
	case n < 10:
		at := w.history.now().Round(time.Millisecond)
		w.t.Errorf("%v: "+format, append([]any{at}, args...)...)
	case n == 10:
		w.t.Errorf("more of these are not printed: "+format, args...)
	}
}

// progress prints what goes on, with the time on the clock of the history.
func (w *world) progress(format string, args ...any) {
	w.t.Logf("%6.1f s: "+format, append([]any{w.history.now().Seconds()}, args...)...)
}

// randomFor is the source of chance of one part of the run. All follow from the seed; what they
// decide still depends on when answers come.
func (w *world) randomFor(part string) *rand.Rand {
	h := w.seed
	for _, c := range part {
		h = h*1099511628211 + uint64(c)
	}
	return rand.New(rand.NewPCG(w.seed, h))
}

// operator is one operator, with its own source of chance.
func (w *world) operator(name string) *operator {
	return &operator{world: w, name: name, random: w.randomFor(name)}
}

// A thing is in the group of its number, until an operator takes it out.
func thingName(i int) string { return fmt.Sprintf("thing-%03d", i) }
func groupName(i int) string { return fmt.Sprintf("group-%d", i) }
func numberOf(thing string) int {
	n, _ := strconv.Atoi(thing[len("thing-"):]) // made by thingName
	return n
}

func (w *world) groupOf(thing string) string { return groupName(numberOf(thing) % w.groups) }

// members are the things of a group.
func (w *world) members(group string) (things []string) {
	for i := range w.devices {
		if thing := thingName(i); w.groupOf(thing) == group {
			things = append(things, thing)
		}
	}
	return things
}
