package nodes

import (
	"cmp"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/drover-iot/drover/test/testserver"
)

// Nodes of the program before this one are replaced by nodes of this one under load, one after the
// other (R-NODE-11). Between the first replacement and the second, both work side by side on the
// newer schema; that is most of the time. A single node is replaced as a whole: its successor goes
// on where it was.
//
// The program before this one is that of the newest release, as long as there is none that of the
// commit before this one; DROVER_UPGRADE_FROM names another commit.
func TestUpgrade(t *testing.T) {
	t.Parallel()
	before := buildBefore(t)
	w := newWorld(t, 15*time.Second)
	programs := make([]string, w.nodes)
	for i := range programs {
		programs[i] = before
	}
	w.cluster = startCluster(w, programs, false)
	load := w.startLoad()
	sleep(t.Context(), w.duration/3)
	for i, n := range w.cluster.nodes {
		w.upgrade(n, i)
		if i == 0 {
			sleep(t.Context(), w.duration)
		}
	}
	sleep(t.Context(), w.duration/3)
	load.calmDown()
	w.checkEnd(load)
	w.sayWaits()
	w.sayHowToRepeat()
}

// upgrade replaces the program of a node by this one.
func (w *world) upgrade(n *node, number int) {
	w.progress("%s: the program is replaced", n.name)
	upgraded := fault{name: "node upgraded", silent: true}
	end := w.history.table.begin(upgraded, number, w.history.now)
	defer end()
	n.replace(testserver.Binary)
	n.awaitProgram(w.t, testserver.Binary)
}

// replace has another program run from now on, after the one that runs has stopped.
func (n *node) replace(program string) {
	n.mu.Lock()
	n.program, n.killed, n.away, n.isReady = program, true, 0, false
	n.mu.Unlock()
	n.signal(syscall.SIGTERM)
}

// buildBefore builds the program before this one.
func buildBefore(t testing.TB) (program string) {
	t.Helper()
	revision := cmp.Or(os.Getenv("DROVER_UPGRADE_FROM"), newestRelease())
	if revision == "" {
		revision = "HEAD~1"
	}
	folder := t.TempDir()
	source := filepath.Join(folder, "source")
	archive := filepath.Join(folder, "source.tar")
	if err := os.Mkdir(source, 0o700); err != nil {
		t.Fatal(err)
	}
	program = filepath.Join(folder, "drover")
	for _, step := range []struct {
		in   string
		args []string
	}{
		// The tests run in a folder of the repository, and what is archived is all of it.
		{"../..", []string{"git", "archive", "-o", archive, revision}},
		{source, []string{"tar", "-xf", archive}},
		{source, []string{"go", "build", "-trimpath", "-o", program, "./cmd/drover"}},
	} {
		command := exec.Command(step.args[0], step.args[1:]...)
		command.Dir = step.in
		if printed, err := command.CombinedOutput(); err != nil {
			t.Fatalf("build the program of %s: %s: %v\n%s\nThe test needs the history of the "+
				"repository as far as there; git fetch --unshallow gets it.",
				revision, strings.Join(step.args, " "), err, printed)
		}
	}
	t.Logf("the program before this one is that of %s", revision)
	return program
}

// newestRelease is the newest tag of a release before this commit, "" when there is none.
func newestRelease() string {
	describe := exec.Command(
		"git", "describe", "--tags", "--abbrev=0", "--match", "v*", "HEAD~1")
	tag, err := describe.Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(tag))
}

// sayWaits prints how long devices have waited for answers to their reports.
func (w *world) sayWaits() {
	waits := w.history.waits(opProgress, opSucceed, opFail, opReject)
	if len(waits) == 0 {
		w.problem("no report was answered")
		return
	}
	slices.Sort(waits)
	w.t.Logf("%d reports were answered, half of them within %v, 99 %% within %v, all within %v",
		len(waits), waits[len(waits)/2], waits[len(waits)*99/100], waits[len(waits)-1])
}

// waits are how long answered requests of some operations took.
func (h *history) waits(operations ...operation) (all []time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, c := range h.calls {
		answered := c.returned != 0 && !c.answer.unknown
		if answered && slices.Contains(operations, c.operation) {
			all = append(all, c.returned-c.sent)
		}
	}
	return all
}

// awaitProgram waits until a node runs a program and serves.
func (n *node) awaitProgram(t testing.TB, program string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	for sleep(ctx, 20*time.Millisecond) {
		n.mu.Lock()
		serves := n.isReady && n.runs == program
		n.mu.Unlock()
		if serves {
			return
		}
	}
	t.Fatalf("%s does not serve after its upgrade:\n%s", n.name, n.lastPrinted())
}
