package test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/ncruces/go-sqlite3"

	"github.com/drover-iot/drover/test/testserver"
)

// busyDevices are devices that report all the time, each on its thing, until the server is gone.
type busyDevices struct {
	mu      sync.Mutex
	newest  map[string]int64 // the version of the execution that was acknowledged last, by thing
	workers sync.WaitGroup
}

// keepBusy has every thing of a fleet report on a job.
func (s *server) keepBusy(job string, things int) *busyDevices {
	b := &busyDevices{newest: map[string]int64{}}
	for i := range things {
		b.workers.Go(func() {
			d := dialCrash(s.MQTT, fmt.Sprintf("busy-%d", i))
			if d == nil {
				return
			}
			topic := "$aws/things/" + thingName(i) + "/jobs/" + job + "/update"
			for {
				answer, ok := d.ask(topic, `{"status":"IN_PROGRESS","includeJobExecutionState":true}`)
				if !ok {
					return
				}
				b.mu.Lock()
				b.newest[thingName(i)] = answer.ExecutionState.VersionNumber
				b.mu.Unlock()
			}
		})
	}
	return b
}

// acknowledged is what has been acknowledged up to now.
func (b *busyDevices) acknowledged() map[string]int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return maps.Clone(b.newest)
}

// sum is how many versions that is.
func sum(versions map[string]int64) (n int64) {
	for _, v := range versions {
		n += v
	}
	return n
}

// version is that of an execution.
func (s *server) version(job, thing string) int64 {
	s.t.Helper()
	return must[*iot.DescribeJobExecutionOutput](s.t)(s.Control().DescribeJobExecution(s.t.Context(),
		&iot.DescribeJobExecutionInput{JobId: &job, ThingName: &thing})).Execution.VersionNumber
}

// While devices report, a backup is made; then the server is killed. A server on the restored backup
// has all that was acknowledged before the backup began, nothing that came after it, the same keys
// and the artifacts, and its folder has no faults. R-BAK-4, R-BAK-6, R-BAK-7
func TestBackup(t *testing.T) {
	t.Parallel()
	const things = 8
	s := serve(t)
	s.fleet("g", things)
	s.create("fw", "g", func(*iot.CreateJobInput) {})
	firmware := filepath.Join(t.TempDir(), "fw.bin")
	if err := os.WriteFile(firmware, []byte(strings.Repeat("firmware", 10_000)), 0o600); err != nil {
		t.Fatal(err)
	}
	c := s.line(t)
	c.ok("artifact", "put", firmware)
	devices := s.keepBusy("fw", things)
	eventually(t, "all devices report", func() bool { return len(devices.acknowledged()) == things })

	before := devices.acknowledged()
	file := filepath.Join(t.TempDir(), "drover.tar.zst")
	c.ok("backup", "--data", s.Dir, file)
	after := devices.acknowledged()
	if out := c.ok("verify", "--data", s.Dir); !strings.Contains(out, "no faults") {
		t.Errorf("of the server that runs: %s", out)
	}
	eventually(t, "devices report during and after the backup",
		func() bool { return sum(devices.acknowledged()) > sum(after)+things })
	s.Kill()
	devices.workers.Wait()
	if sum(after) == sum(before) {
		t.Error("no device reported while the backup was made")
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the mode of the backup: %v, %v, want 0600", info.Mode(), err)
	}

	restored := serveRestored(t, file)
	if restored.SecretAccessKey != s.SecretAccessKey {
		t.Error("the restored server has another key")
	}
	for thing, atLeast := range before {
		if got := restored.version("fw", thing); got < atLeast || got > after[thing]+1 {
			t.Errorf("%s: version %d, want from %d, acknowledged before the backup, to %d",
				thing, got, atLeast, after[thing]+1)
		}
	}
	copied := filepath.Join(t.TempDir(), "copy.bin")
	restored.line(t).ok("artifact", "get", "fw.bin", copied)
}

// serveRestored restores a backup, verifies both, and starts a server on it.
func serveRestored(t *testing.T, file string) *server {
	t.Helper()
	restored := &server{Server: testserver.New(t), t: t}
	c := restored.line(t)
	c.ok("restore", "--data", restored.Dir, file)
	for _, words := range [][]string{{"--data", restored.Dir}, {"--file", file}} {
		out := c.ok(append([]string{"verify"}, words...)...)
		if !strings.Contains(out, "no faults") || !strings.Contains(out, "1 artifacts") {
			t.Errorf("verify %s: %s", words[0], out)
		}
	}
	restored.Start()
	return restored
}

// The commands of docs/backup.md work as they are written, in the folder beside the data folder of a
// server that runs.
func TestBackupPage(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.fleet("g", 3)
	c := s.readmeShell(t)
	if err := os.Symlink(s.Dir, filepath.Join(c.dir, "drover-data")); err != nil {
		t.Fatal(err)
	}
	out := ""
	for _, section := range []string{"Back up", "Restore", "Verify", "Checksums of pages"} {
		out += c.ok(pageCommands(t, "../docs/backup.md", section))
	}
	if n := strings.Count(out, "no faults: every page"); n != 4 {
		t.Errorf("%d of 4 verifications found no faults:\n%s", n, out)
	}
}

// Of a server that was killed a backup is made, too, and one that is restored through standard input
// and output. A folder that is not empty is left alone. R-BAK-4, R-BAK-6
func TestBackupOfAStoppedServer(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.fleet("g", 3)
	s.Kill()
	dir := t.TempDir()
	file, to := filepath.Join(dir, "b"), filepath.Join(dir, "new")
	script := fmt.Sprintf("%[1]s backup --data %[2]s - > %[3]s && %[1]s restore --data %[4]s - < %[3]s",
		testserver.Binary, s.Dir, file, to)
	c := s.line(t)
	commandLine{t: t, program: []string{"sh", "-c"}, env: c.env, dir: dir}.ok(script)
	if _, problem, status := c.run("restore", "--data", to, file); status != 1 ||
		!strings.Contains(problem, "is not empty") {
		t.Errorf("restored into a folder with a server: status %d, %s", status, problem)
	}
	restored := &server{Server: testserver.New(t), t: t}
	restored.Dir = to
	restored.Start()
	groups := must[*iot.ListThingsInThingGroupOutput](t)(restored.Control().ListThingsInThingGroup(t.Context(),
		&iot.ListThingsInThingGroupInput{ThingGroupName: aws.String("g")}))
	if len(groups.Things) != 3 {
		t.Errorf("things %v, want 3", groups.Things)
	}
}

// A page that has changed on the disk is an error for the requests that need it, which the log
// explains; all others go on. R-BAK-1
func TestDamagedPage(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.fleet("g", 1)
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(s.Dir, "drover.db")
	page := rootPage(t, path, "job_template_by_time")
	content := must[[]byte](t)(os.ReadFile(path))
	content[(page-1)*4096+2000] ^= 16
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	s.Start()
	_, err := s.Control().ListJobTemplates(t.Context(), &iot.ListJobTemplatesInput{},
		func(o *iot.Options) { o.RetryMaxAttempts = 1 })
	wantError(t, err, "InternalFailureException")
	if log := s.Output.String(); !strings.Contains(log, "drover.db is damaged: the checksum of a page is wrong") {
		t.Errorf("the log does not say what is wrong:\n%s", log)
	}
	if err := s.createThing("pump-07"); err != nil {
		t.Errorf("a request that does not need the page: %v", err)
	}
	out, _, status := s.line(t).run("verify", "--data", s.Dir)
	if status != 1 || !strings.Contains(out, fmt.Sprintf("page %d", page)) {
		t.Errorf("verify: status %d, %s, want page %d", status, out, page)
	}
}

// rootPage is the number of the first page of a table or index.
func rootPage(t *testing.T, path, name string) (page int) {
	t.Helper()
	db, err := sqlite3.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	s, _, err := db.Prepare("SELECT rootpage FROM sqlite_schema WHERE name = " + sqlite3.Quote(name))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if !s.Step() {
		t.Fatalf("there is no %s: %v", name, s.Err())
	}
	return s.ColumnInt(0)
}

// createThing makes a thing, with one try.
func (s *server) createThing(name string) error {
	_, err := s.Control().CreateThing(s.t.Context(), &iot.CreateThingInput{
		ThingName: &name,
	}, func(o *iot.Options) { o.RetryMaxAttempts = 1 })
	return err
}
