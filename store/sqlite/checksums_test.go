package sqlite_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/store"
	"github.com/drover-iot/drover/store/sqlite"
	"github.com/drover-iot/drover/store/storetest"
)

// filled makes a file with random facts, closed and without a log.
func filled(t *testing.T, seed uint64) (path string) {
	t.Helper()
	dir := t.TempDir()
	s := open(t, dir)
	storetest.Fill(t, s, seed)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "drover.db")
}

var allTables = sync.OnceValues(sqlite.Tables)

// digest reads all rows of a file and sums them up.
func digest(t *testing.T, path string) (sum string, err error) {
	t.Helper()
	tables, err := allTables()
	if err != nil {
		t.Fatal(err)
	}
	s, err := sqlite.OpenSource(t.Context(), path)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	hash := sha256.New()
	for _, table := range tables {
		for row, err := range s.Rows(t.Context(), table) {
			if err != nil {
				return "", err
			}
			fmt.Fprintln(hash, table.Name, row)
		}
	}
	return fmt.Sprintf("%x", hash.Sum(nil)), nil
}

// flip changes some bits of one byte of a file.
func flip(t *testing.T, path string, at int64, bits byte) {
	t.Helper()
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	var b [1]byte
	_, err = file.ReadAt(b[:], at)
	b[0] ^= bits
	_, err2 := file.WriteAt(b[:], at)
	if err := errors.Join(err, err2, file.Close()); err != nil {
		t.Fatal(err)
	}
}

// Again and again some byte of a file is changed and everything is read: either that is an error that
// names the file, or the answer is what it was. 1,000 times with DROVER_DISK=long. R-BAK-1
func TestFlippedBytes(t *testing.T) {
	t.Parallel()
	flips := 100
	if os.Getenv("DROVER_DISK") != "" {
		flips = 1000
	}
	path := filled(t, 1)
	want, err := digest(t, path)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	seen := 0
	for i := range flips {
		at, bits := random.Int64N(info.Size()), byte(1+random.IntN(255))
		if i < 100 {
			at = int64(i) // every byte of the header, too
		}
		if i == 20 {
			bits = 8 // as if the file never had checksums
		}
		flip(t, path, at, bits)
		switch got, err := digest(t, path); {
		case err != nil && !strings.Contains(err.Error(), path):
			t.Errorf("byte %d, bits %02x: the error does not name the file: %v", at, bits, err)
		case err != nil:
			seen++
		case got != want:
			t.Errorf("byte %d, bits %02x: another answer, and no error", at, bits)
		}
		flip(t, path, at, bits)
	}
	if seen < flips/2 {
		t.Errorf("only %d of %d flips were errors", seen, flips)
	}
	if got, err := digest(t, path); err != nil || got != want {
		t.Errorf("with every byte as it was: %v", err)
	}
}

// A store that has a damaged page answers reads of it with an error that says what to do. R-BAK-1
func TestDamagedPageIsAnError(t *testing.T) {
	t.Parallel()
	path := filled(t, 2)
	damageAll(t, path)
	s, err := sqlite.Open(path)
	if err == nil {
		err = s.Read(t.Context(), func(r store.Reader) error {
			_, err := r.Announcements(0, 100)
			return err
		})
		_ = s.Close()
	}
	if err == nil || !strings.Contains(err.Error(), "the checksum of a page is wrong") ||
		!strings.Contains(err.Error(), path) {
		t.Errorf("got %v, want that a checksum of %s is wrong", err, path)
	}
}

// damageAll changes a byte in the middle of every page but the first.
func damageAll(t *testing.T, path string) {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	for at := int64(4096 + 2000); at < info.Size(); at += 4096 {
		flip(t, path, at, 1)
	}
}

// without makes a file that has no checksums, as an earlier Drover wrote it, with random facts.
func without(t *testing.T, seed uint64) string {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "drover.db")
	if err := sqlite.MakePlain(path); err != nil {
		t.Fatal(err)
	}
	s := open(t, dir)
	storetest.Fill(t, s, seed)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if got := reservedBytes(t, path); got != 0 {
		t.Fatalf("%d bytes of a page are kept free, want none", got)
	}
	return path
}

func reservedBytes(t *testing.T, path string) byte {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil || len(content) < 100 {
		t.Fatalf("%d bytes, %v", len(content), err)
	}
	return content[20]
}

// A file without checksums gets them, with a log that was left behind, and nothing else changes. The
// second time there is nothing to do. R-BAK-3
func TestAddChecksums(t *testing.T) {
	t.Parallel()
	path := without(t, 3)
	want, err := digest(t, path)
	if err != nil {
		t.Fatal(err)
	}
	for _, first := range []bool{true, false} {
		added, err := sqlite.AddChecksums(t.Context(), path, sqlite.Progress{})
		if added != first || err != nil {
			t.Errorf("added %v, %v, want %v", added, err, first)
		}
		if got := reservedBytes(t, path); got != 8 {
			t.Errorf("%d bytes of a page are kept free, want 8", got)
		}
		if got, err := digest(t, path); got != want || err != nil {
			t.Errorf("another content: %v", err)
		}
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 1 {
		t.Errorf("in the folder: %v, %v, want the file alone", entries, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

// A copy that cannot be made leaves the file as it was. R-BAK-3
func TestAddChecksumsFails(t *testing.T) {
	t.Parallel()
	path := without(t, 4)
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(path+".checksums", "in the way"), 0o700); err != nil {
		t.Fatal(err)
	}
	if added, err := sqlite.AddChecksums(t.Context(), path, sqlite.Progress{}); added || err == nil {
		t.Errorf("added %v, %v, want an error", added, err)
	}
	if after, err := os.ReadFile(path); err != nil || !bytes.Equal(before, after) {
		t.Errorf("the file was changed: %v", err)
	}
}

// crashed makes a file with a log of n commits, as a process leaves it that was killed.
func crashed(t *testing.T, n int) (path string) {
	t.Helper()
	from, to := t.TempDir(), t.TempDir()
	s := open(t, from)
	for i := range n {
		saved := []store.SessionEntry{{Client: fmt.Sprint(i), Value: make([]byte, 10_000)}}
		err := s.Write(t.Context(), func(tx store.Tx) error {
			return tx.Apply(store.Changes{Sessions: saved})
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"drover.db", "drover.db-wal"} {
		content, err := os.ReadFile(filepath.Join(from, name))
		if err == nil {
			err = os.WriteFile(filepath.Join(to, name), content, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(to, "drover.db")
}

// lastCommit is where the frames of the last commit of a log begin.
func lastCommit(t *testing.T, log string) int64 {
	t.Helper()
	content, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	const frame = 24 + 4096
	var commits []int64
	for at := 32; at+frame <= len(content); at += frame {
		if binary.BigEndian.Uint32(content[at+4:]) != 0 {
			commits = append(commits, int64(at+frame))
		}
	}
	if len(commits) < 2 {
		t.Fatalf("the log has commits that end at %v", commits)
	}
	return commits[len(commits)-2]
}

// A byte of the log that has changed before the last commit is an error, because SQLite would take
// the log as ended there. What is cut off or damaged in the last commit is as after a power cut: all
// commits before it are there. R-BAK-2
func TestDamagedLog(t *testing.T) {
	t.Parallel()
	const commits = 20
	path := crashed(t, commits)
	log := path + "-wal"
	whole, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	last := lastCommit(t, log)
	random := rand.New(rand.NewPCG(3, 4))
	for i := range 60 {
		at := random.Int64N(last)
		if i < 24 {
			at = int64(i) // the header
		}
		flip(t, log, at, 1<<random.IntN(8))
		if s, err := sqlite.Open(path); err == nil {
			t.Errorf("byte %d of the log was changed, and the store opens", at)
			_ = s.Close()
			return // it has changed the files
		} else if !strings.Contains(err.Error(), log) {
			t.Errorf("the error does not name the log: %v", err)
		}
		if err := os.WriteFile(log, whole, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, cut := range []int64{last, last + 5000, int64(len(whole)) - 1} {
		there := copyOf(t, path, whole[:cut])
		wantSessions(t, there, commits-1)
	}
	flip(t, log, last+100, 1)
	wantSessions(t, path, commits-1)
}

// copyOf copies a database with another log.
func copyOf(t *testing.T, path string, log []byte) string {
	t.Helper()
	there := filepath.Join(t.TempDir(), "drover.db")
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	err = errors.Join(os.WriteFile(there, content, 0o600), os.WriteFile(there+"-wal", log, 0o600))
	if err != nil {
		t.Fatal(err)
	}
	return there
}

// wantSessions compares which sessions a file has: those of the first n commits.
func wantSessions(t *testing.T, path string, n int) {
	t.Helper()
	s, err := sqlite.Open(path)
	if err != nil {
		t.Errorf("open: %v", err)
		return
	}
	defer s.Close()
	got, want := []string{}, []string{}
	err = s.Read(t.Context(), func(r store.Reader) error {
		return r.Sessions(func(e store.SessionEntry) error {
			got = append(got, e.Client)
			return nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		want = append(want, fmt.Sprint(i))
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("sessions (-want +got):\n%s", diff)
	}
}

// A new file whose first page is in its log only has its checksums already. R-BAK-3
func TestAddChecksumsAfterCrash(t *testing.T) {
	t.Parallel()
	path := crashed(t, 2)
	if added, err := sqlite.AddChecksums(t.Context(), path, sqlite.Progress{}); added || err != nil {
		t.Errorf("added %v, %v, want nothing to do", added, err)
	}
	wantSessions(t, path, 2)
}

// What another program has written without checksums is refused, until the checksums are written
// anew; then everything is there. R-BAK-9
func TestRenewChecksums(t *testing.T) {
	t.Parallel()
	path := filled(t, 5)
	want, err := digest(t, path)
	if err != nil {
		t.Fatal(err)
	}
	clearChecksums(t, path)
	if _, err := digest(t, path); err == nil {
		t.Error("pages without checksums were read")
	}
	renewed, err := sqlite.RenewChecksums(t.Context(), path)
	if renewed == 0 || err != nil {
		t.Errorf("%d renewed, %v", renewed, err)
	}
	if got, err := digest(t, path); got != want || err != nil {
		t.Errorf("another content: %v", err)
	}
	if renewed, err := sqlite.RenewChecksums(t.Context(), path); renewed != 0 || err != nil {
		t.Errorf("the second time: %d renewed, %v", renewed, err)
	}
	for at := int64(4096); at < 4096*40; at += 4096 {
		flip(t, path, at, 0xff) // the kind of page
	}
	if _, err := sqlite.RenewChecksums(t.Context(), path); err == nil {
		t.Error("the checksums of damaged tables were written anew")
	}
	if _, err := sqlite.RenewChecksums(t.Context(), without(t, 6)); err == nil {
		t.Error("checksums of a file without any were written anew")
	}
}

// clearChecksums writes zeros in place of all checksums but that of the first page.
func clearChecksums(t *testing.T, path string) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for end := 8192; end <= len(content); end += 4096 {
		clear(content[end-8 : end])
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}
