package attack

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/iot"

	"github.com/drover-iot/drover/test/testserver"
)

// stopped returns a server that has run once, with things in its store, and has ended.
func stopped(t *testing.T) *testserver.Server {
	t.Helper()
	s := testserver.Serve(t)
	for _, name := range []string{"a", "b", "c"} {
		s.Thing(name)
	}
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	return s
}

// wantOneSentence starts a server that must refuse its folder: with status 1 and one line that says
// why.
func wantOneSentence(t *testing.T, s *testserver.Server, want string) {
	t.Helper()
	status, printed := s.Refused()
	line, rest, _ := strings.Cut(printed, "\n")
	if status != 1 || rest != "" || !strings.HasPrefix(line, "drover: ") ||
		!strings.Contains(line, want) {
		t.Errorf("status %d, printed:\n%s\nwant status 1 and one line with %q", status, printed, want)
	}
}

// Whatever is in the place of the database, the server says in one sentence why it does not start,
// and leaves the file as it is.
func TestDatabaseThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	const version, program = 60, 68 // the offsets of user_version and application_id in the header
	for _, row := range []struct {
		name   string
		damage func(text []byte) []byte
		want   string
	}{
		{"a later schema", func(b []byte) []byte { return headed(b, version, 9999) }, "was written by a newer Drover"},
		{"cut after a page and a half", func(b []byte) []byte { return b[:6000] }, "drover.db"},
		{"cut in the header", func(b []byte) []byte { return b[:50] }, "drover.db"},
		{"empty", func([]byte) []byte { return nil }, "drover.db is empty"},
		{"text", func([]byte) []byte { return []byte(strings.Repeat("not a database\n", 500)) },
			"not a database"},
		{"zeros", func(b []byte) []byte { return make([]byte, len(b)) }, "drover.db"},
		{"of another program", func(b []byte) []byte { return headed(b, program, 7) },
			"belongs to another program"},
		{"changed on the disk", func(b []byte) []byte {
			b[version+3]++
			return b
		}, "drover.db is damaged: the checksum of a page is wrong"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			s := stopped(t)
			path := filepath.Join(s.Dir, "drover.db")
			damaged := row.damage(must[[]byte](t)(os.ReadFile(path)))
			if err := os.WriteFile(path, damaged, 0o600); err != nil {
				t.Fatal(err)
			}
			wantOneSentence(t, s, row.want)
			if after := must[[]byte](t)(os.ReadFile(path)); string(after) != string(damaged) {
				t.Error("the file was changed")
			}
		})
	}
}

// headed writes a number into the header of a database, as a program does: its first page, of 4,096
// bytes, has a right checksum in its last 8.
func headed(b []byte, at int, number uint32) []byte {
	binary.BigEndian.PutUint32(b[at:], number)
	sums, page := b[4088:4096], b[:4088]
	var even, odd uint32
	for ; len(page) > 0; page = page[8:] {
		even += binary.LittleEndian.Uint32(page) + odd
		odd += binary.LittleEndian.Uint32(page[4:]) + even
	}
	binary.LittleEndian.PutUint32(sums, even)
	binary.LittleEndian.PutUint32(sums[4:], odd)
	return b
}

// A database that was lost is not replaced by a new one, which would look like a fleet without
// jobs.
func TestDatabaseIsLost(t *testing.T) {
	t.Parallel()
	s := stopped(t)
	path := filepath.Join(s.Dir, "drover.db")
	kept := path + ".kept"
	if err := os.Rename(path, kept); err != nil {
		t.Fatal(err)
	}
	wantOneSentence(t, s, "drover.db is missing")
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	wantOneSentence(t, s, "directory")
	if err := errors.Join(os.Remove(path), os.Rename(kept, path)); err != nil {
		t.Fatal(err)
	}
	s.Start()
	wantThings(t, s, 3)
}

// wantThings ends the test unless the server has so many things.
func wantThings(t *testing.T, s *testserver.Server, want int) {
	t.Helper()
	list := must[*iot.ListThingsOutput](t)(
		s.Control().ListThings(t.Context(), &iot.ListThingsInput{}))
	if len(list.Things) != want {
		t.Errorf("%d things, want %d", len(list.Things), want)
	}
}

// A database that is removed or replaced under a server ends it, and nothing that was acknowledged
// is lost: it is in a file beside.
func TestDatabaseIsRemovedWhileServing(t *testing.T) {
	t.Parallel()
	s := testserver.Serve(t)
	path := filepath.Join(s.Dir, "drover.db")
	s.Thing("a")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	s.Thing("b") // before the server has noticed
	eventually(t, patience, "the server has ended", func() bool { return !s.Running() })
	printed := s.Output.String()
	if !strings.Contains(printed, "drover.db was removed or replaced while the server ran") {
		t.Errorf("it ended with:\n%s", printed)
	}
	rescued := must[[]string](t)(filepath.Glob(path + ".rescued-*"))
	if len(rescued) != 1 {
		t.Fatalf("rescued files: %v\n%s", rescued, printed)
	}
	wantMode(t, rescued[0])
	if err := os.Rename(rescued[0], path); err != nil {
		t.Fatal(err)
	}
	s.Start()
	wantThings(t, s, 2)
}

// Pages of noise in the database never end in a panic: the server says why it does not start, or
// starts, answers errors for what is damaged, and ends as it should.
func TestDamagedPages(t *testing.T) {
	t.Parallel()
	whole := stopped(t)
	text := must[[]byte](t)(os.ReadFile(filepath.Join(whole.Dir, "drover.db")))
	for seed := range scale(6, 60) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(uint64(seed), 0))
			s := testserver.New(t)
			copyFolder(t, whole.Dir, s.Dir)
			damaged := append([]byte(nil), text...)
			const page = 4096
			for range 1 + random.IntN(8) {
				at := page * (1 + random.IntN(len(damaged)/page-1)) // not the header
				for i := range page {
					damaged[at+i] = byte(random.Uint32())
				}
			}
			if err := os.WriteFile(filepath.Join(s.Dir, "drover.db"), damaged, 0o600); err != nil {
				t.Fatal(err)
			}
			s.StartOrEnd()
			if s.Running() {
				for range 3 { // an error is as good as an answer here
					_, _ = s.Control().ListThings(t.Context(), &iot.ListThingsInput{})
					_, _ = s.Control().ListJobs(t.Context(), &iot.ListJobsInput{})
				}
				s.Signal(syscall.SIGTERM)
			}
			eventually(t, patience, "the server has ended", func() bool { return !s.Running() })
			if printed := s.Output.String(); strings.Contains(printed, "goroutine ") {
				t.Errorf("a panic:\n%s", printed)
			}
		})
	}
}

// copyFolder copies the files of a data folder.
func copyFolder(t *testing.T, from, to string) {
	t.Helper()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	// Private again: what is copied gets the mode that the umask lets it have.
	for _, file := range must[[]string](t)(filepath.Glob(filepath.Join(to, "*"))) {
		if info := must[os.FileInfo](t)(os.Stat(file)); info.Mode().IsRegular() {
			if err := os.Chmod(file, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// A second server is refused, also when somebody has removed the lock.
func TestSecondServer(t *testing.T) {
	t.Parallel()
	s := testserver.Serve(t)
	second := testserver.New(t)
	second.Dir = s.Dir
	wantOneSentence(t, second, fmt.Sprint("is in use by another drover (process ", s.PID, ")"))
	if err := os.Remove(filepath.Join(s.Dir, "drover.lock")); err != nil {
		t.Fatal(err)
	}
	wantOneSentence(t, second, "is in use by another drover")
	s.Thing("a")
}

// wantMode ends the test unless a file is readable by its owner only.
func wantMode(t *testing.T, file string) {
	t.Helper()
	if mode := must[os.FileInfo](t)(os.Stat(file)).Mode().Perm(); mode != 0o600 {
		t.Errorf("%s has mode %04o, want 0600", filepath.Base(file), mode)
	}
}

// Whatever the umask and the folder's mode are, only the certificates of the authorities and of the
// server are readable by others.
func TestFilesArePrivate(t *testing.T) {
	t.Parallel()
	s := testserver.New(t)
	s.Umask = "000"
	if err := os.Mkdir(s.Dir, 0o755); err != nil {
		t.Fatal(err)
	}
	s.Start()
	s.Thing("a")
	s.Policy("p", testserver.WidePolicy)
	s.Identify("a", "p")
	public := regexp.MustCompile(`^(ca|device-ca|server)\.pem$`)
	var seen int
	for _, file := range must[[]string](t)(filepath.Glob(filepath.Join(s.Dir, "*"))) {
		info := must[os.FileInfo](t)(os.Stat(file))
		if public.MatchString(info.Name()) || info.IsDir() {
			continue
		}
		seen++
		wantMode(t, file)
	}
	if seen < 8 {
		t.Errorf("only %d files to look at in the folder", seen)
	}
}

// A database that an earlier version made readable by others is made private.
func TestOpenDatabaseBecomesPrivate(t *testing.T) {
	t.Parallel()
	s := stopped(t)
	path := filepath.Join(s.Dir, "drover.db")
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	s.Start()
	wantMode(t, path)
}

// A key that others could have read is refused by name.
func TestOpenKeys(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"keys.json", "s3-keys.json", "token.key", "ca.key", "server.key",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := stopped(t)
			path := filepath.Join(s.Dir, name)
			if err := os.Chmod(path, 0o644); err != nil {
				t.Fatal(err)
			}
			wantOneSentence(t, s, name+" is open to other users (mode 0644)")
			if err := os.Chmod(path, 0o600); err != nil {
				t.Fatal(err)
			}
			s.Start()
		})
	}
}

// The command line does not follow an endpoints.json that others could have put there: what it
// sends would go to the address in it.
func TestPreparedFolder(t *testing.T) {
	t.Parallel()
	s := testserver.Serve(t)
	call := func() (string, error) {
		command := exec.CommandContext(t.Context(), testserver.Binary, "iot", "list-things")
		command.Env = []string{"DROVER_DATA=" + s.Dir, "HOME=" + t.TempDir()}
		out, err := command.CombinedOutput()
		return string(out), err
	}
	if out, err := call(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if err := os.Chmod(filepath.Join(s.Dir, "endpoints.json"), 0o666); err != nil {
		t.Fatal(err)
	}
	out, err := call()
	if err == nil || !strings.Contains(out, "endpoints.json is open to other users (mode 0666)") {
		t.Errorf("%v: %s", err, out)
	}
	clock := exec.CommandContext(t.Context(), testserver.Binary, "clock", "--data", s.Dir)
	if out, err := clock.CombinedOutput(); err == nil ||
		!strings.Contains(string(out), "open to other users") {
		t.Errorf("drover clock: %v: %s", err, out)
	}
}

// Plain MQTT, on which everybody may act as any device, is off when others reach the server, unless
// it is asked for; and the greeting says what it lets its clients do (R-BRK-39).
func TestPlainMQTTIsADoor(t *testing.T) {
	t.Parallel()
	s := testserver.Serve(t)
	const note = "no credentials: every program on this machine may act as any device"
	eventually(t, patience, "a greeting with "+note, func() bool {
		return strings.Contains(s.Output.String(), note)
	})
	open := testserver.New(t)
	open.Flags = []string{"--http", "127.0.0.1:0", "--https", "0.0.0.0:0", "--mqtts", "0.0.0.0:0"}
	open.Start()
	if open.MQTT != "" {
		t.Errorf("plain MQTT is served at %s beside a listener for everybody", open.MQTT)
	}
	if strings.Contains(open.Output.String(), "no credentials") {
		t.Errorf("greeting:\n%s", open.Output)
	}
}
