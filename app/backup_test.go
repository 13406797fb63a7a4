package app

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"github.com/drover-iot/drover/artifact"
	"github.com/drover-iot/drover/backup"
	"github.com/drover-iot/drover/store/sqlite"
)

// ran is the data folder of a server that has run, with two artifacts, one of them in parts.
func ran(t *testing.T) (dir string) {
	t.Helper()
	c := onFreePorts(t)
	run(t, c, func(*Server) {})
	s, err := artifact.Open(t.Context(), filepath.Join(c.Data, artifactDir), slog.Default())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Put(t.Context(), "fw.bin", nil, strings.NewReader("firmware")); err != nil {
		t.Fatal(err)
	}
	upload, err := s.CreateUpload(t.Context(), "large.bin", nil)
	if err != nil {
		t.Fatal(err)
	}
	var parts []artifact.PartName
	for i, text := range []string{"one", "two"} {
		etag, err := s.PutPart(t.Context(), "large.bin", upload, i+1, strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, artifact.PartName{Number: i + 1, ETag: etag})
	}
	if _, err := s.Complete(t.Context(), "large.bin", upload, parts); err != nil {
		t.Fatal(err)
	}
	return c.Data
}

// backupOptions are options of a quiet backup.
func backupOptions(t *testing.T, dir string) BackupOptions {
	return BackupOptions{Data: dir, Temporary: t.TempDir(), Progress: func(string, int64, int64) {}}
}

// backedUp is a backup of a folder.
func backedUp(t *testing.T, dir string) []byte {
	t.Helper()
	var to bytes.Buffer
	if _, err := Backup(t.Context(), backupOptions(t, dir), &to); err != nil {
		t.Fatal(err)
	}
	return to.Bytes()
}

// filesOf are the files of a folder by their paths, without those of a process and of the store,
// which is written anew.
func filesOf(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil || ofProcess(name) || strings.HasPrefix(filepath.Base(name), "index.db") {
			return err
		}
		content, err := os.ReadFile(path)
		files[name] = string(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// faultsOf are the faults of a folder.
func faultsOf(t *testing.T, dir string) (faults []string, v Verified) {
	t.Helper()
	v, err := Verify(t.Context(), VerifyOptions{
		Data:     dir,
		Report:   func(fault string) { faults = append(faults, fault) },
		Progress: func(string, int64, int64) {},
	})
	if err != nil {
		t.Fatal(err)
	}
	return faults, v
}

// What is restored has every file as it was, for its owner only, and no faults; a server starts on
// it. R-BAK-4, R-BAK-5, R-BAK-6
func TestBackupAndRestore(t *testing.T) {
	t.Parallel()
	dir, to := ran(t), filepath.Join(t.TempDir(), "new")
	m, err := Restore(t.Context(), to, bytes.NewReader(backedUp(t, dir)))
	if err != nil {
		t.Fatal(err)
	}
	if m.Schema != sqlite.SchemaVersion() || m.Version == "" || len(m.Members) == 0 {
		t.Errorf("the manifest: %+v", m.About)
	}
	if diff := cmp.Diff(filesOf(t, dir), filesOf(t, to)); diff != "" {
		t.Errorf("the files (-backed up +restored):\n%s", diff)
	}
	if info, err := os.Stat(filepath.Join(to, "ca.key")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("ca.key: %v, %v", info, err)
	}
	faults, v := faultsOf(t, to)
	if len(faults) > 0 || v.Artifacts != 2 || !v.Store || v.WithoutChecksums || v.IsLive {
		t.Errorf("faults %q, %+v", faults, v)
	}
	c := onFreePorts(t)
	c.Data = to
	run(t, c, func(s *Server) {
		if s.Fresh {
			t.Error("the server takes the restored folder for a new one")
		}
		if faults, v := faultsOf(t, to); len(faults) > 0 || !v.IsLive {
			t.Errorf("while a server runs: faults %q, %+v", faults, v)
		}
	})
}

// A backup goes to a file for its owner only, replaces another one when it is whole, and is not
// written into the folder. Artifacts can be left out. R-BAK-4
func TestBackupFile(t *testing.T) {
	t.Parallel()
	dir := ran(t)
	path := filepath.Join(t.TempDir(), "drover.tar.zst")
	if err := os.WriteFile(path, []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	o := backupOptions(t, filepath.Join(dir, "missing"))
	if _, err := BackupFile(t.Context(), o, path); err == nil {
		t.Error("a folder that is not there was backed up")
	}
	if content, err := os.ReadFile(path); string(content) != "old" || err != nil {
		t.Errorf("the old backup is %q, %v", content, err)
	}
	o = backupOptions(t, dir)
	o.WithoutArtifacts = true
	m, err := BackupFile(t.Context(), o, path)
	if err != nil {
		t.Fatal(err)
	}
	if slices.ContainsFunc(m.Members, func(m backup.Member) bool {
		return strings.HasPrefix(m.Name, "artifacts")
	}) || m.Artifacts {
		t.Errorf("artifacts are in the backup: %+v", m)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v, want 0600", info.Mode(), err)
	}
	if entries, err := os.ReadDir(filepath.Dir(path)); len(entries) != 1 || err != nil {
		t.Errorf("beside the backup: %v, %v", entries, err)
	}
	for _, name := range []string{dir, filepath.Join(dir, artifactDir)} {
		_, err := BackupFile(t.Context(), o, filepath.Join(name, "b"))
		if err == nil || !strings.Contains(err.Error(), "is in the data folder") {
			t.Errorf("into %s: %v", name, err)
		}
	}
	if _, err := Backup(t.Context(), backupOptions(t, t.TempDir()), io.Discard); err == nil ||
		!strings.Contains(err.Error(), "is no data folder") {
		t.Errorf("of an empty folder: %v", err)
	}
}

// What is not a whole backup of a schema that is known is refused, and the folder is as it was: not
// there or empty. R-BAK-6
func TestRestoreRefuses(t *testing.T) {
	t.Parallel()
	whole := backedUp(t, ran(t))
	plain := unpacked(t, whole)
	changed := bytes.Replace(plain, []byte("BEGIN CERTIFICATE"), []byte("begin certificate"), 1)
	for _, row := range []struct {
		name, want string
		content    []byte
	}{
		{"cut", "it is not whole", whole[:len(whole)*2/3]},
		{"cut in the manifest", "it is not whole", packed(t, plain[:len(plain)-1600])},
		{"a member changed", "is damaged: its SHA-256 is", packed(t, changed)},
		{"text", "no backup of drover", []byte(strings.Repeat("text", 1000))},
		{"empty", "no backup of drover", nil},
		{"newer schema", "written by a newer Drover, v9", written(t, backup.About{Version: "v9", Schema: 1000}, "a")},
		{"outside", "is not a file of a data folder", written(t, backup.About{}, "../a")},
		{"absolute", "is not a file of a data folder", written(t, backup.About{}, "/a")},
		{"twice", "file exists", written(t, backup.About{}, "a", "a")},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			_, err := Restore(t.Context(), dir, bytes.NewReader(row.content))
			if err == nil || !strings.Contains(err.Error(), row.want) {
				t.Errorf("got %v, want %q", err, row.want)
			}
			if entries, err := os.ReadDir(dir); len(entries) > 0 || err != nil {
				t.Errorf("left in the folder: %v, %v", entries, err)
			}
		})
	}
}

// unpacked is a backup without its compression, and packed is one with it.
func unpacked(t *testing.T, content []byte) []byte {
	t.Helper()
	r, err := zstd.NewReader(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	plain, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return plain
}

func packed(t *testing.T, plain []byte) []byte {
	t.Helper()
	var to bytes.Buffer
	w, err := zstd.NewWriter(&to)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(plain); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return to.Bytes()
}

// written is a backup of files with these names.
func written(t *testing.T, about backup.About, names ...string) []byte {
	t.Helper()
	var to bytes.Buffer
	w, err := backup.NewWriter(&to, about)
	for _, name := range names {
		err = errors.Join(err, w.Add(name, 1, 0o600, strings.NewReader("x")))
	}
	_, closing := w.Close()
	if err := errors.Join(err, closing); err != nil {
		t.Fatal(err)
	}
	return to.Bytes()
}

// A folder with something in it is left alone. R-BAK-6
func TestRestoreIntoUsedFolder(t *testing.T) {
	t.Parallel()
	dir := ran(t)
	before := filesOf(t, dir)
	_, err := Restore(t.Context(), dir, bytes.NewReader(backedUp(t, dir)))
	if err == nil || !strings.Contains(err.Error(), "is not empty") {
		t.Errorf("got %v", err)
	}
	if diff := cmp.Diff(before, filesOf(t, dir)); diff != "" {
		t.Errorf("the folder (-before +after):\n%s", diff)
	}
}

// No server starts on what an interrupted restore has left, and nothing is backed up of it; another
// restore begins anew. R-BAK-6
func TestInterruptedRestore(t *testing.T) {
	t.Parallel()
	whole := backedUp(t, ran(t))
	dir := t.TempDir()
	for name, content := range map[string]string{restoreFile: "", "ca.pem": "half", storeFile: "half"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c := onFreePorts(t)
	c.Data = dir
	const want = "was not brought back to its end"
	if _, err := Open(t.Context(), c); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("a server: %v", err)
	}
	if _, err := Backup(t.Context(), backupOptions(t, dir), io.Discard); err == nil ||
		!strings.Contains(err.Error(), want) {
		t.Errorf("a backup: %v", err)
	}
	if _, err := Restore(t.Context(), dir, bytes.NewReader(whole)); err != nil {
		t.Fatal(err)
	}
	if faults, _ := faultsOf(t, dir); len(faults) > 0 {
		t.Errorf("faults %q", faults)
	}
	run(t, c, func(*Server) {})
}

// A restore that is canceled leaves nothing. R-BAK-6
func TestCanceledRestore(t *testing.T) {
	t.Parallel()
	whole := backedUp(t, ran(t))
	ctx, cancel := context.WithCancel(t.Context())
	dir := t.TempDir()
	from := io.MultiReader(bytes.NewReader(whole[:len(whole)/2]), readerFunc(func(p []byte) (int, error) {
		cancel()
		return 0, nil
	}))
	if _, err := Restore(ctx, dir, from); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if entries, err := os.ReadDir(dir); len(entries) > 0 || err != nil {
		t.Errorf("left in the folder: %v, %v", entries, err)
	}
}

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }
