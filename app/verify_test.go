package app

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ncruces/go-sqlite3"
)

// execSQL changes a database.
func execSQL(t *testing.T, path, sql string) {
	t.Helper()
	db, err := sqlite3.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.Exec(sql); err != nil {
		t.Fatal(err)
	}
}

// objectFile is the file of an object with these bytes.
func objectFile(t *testing.T, dir, content string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, artifactDir, "objects", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if text, err := os.ReadFile(file); err == nil && string(text) == content {
			return file
		}
	}
	t.Fatalf("no file has %q", content)
	return ""
}

// Each part of a data folder that is damaged is named, in the folder and in a backup of it. R-BAK-7
func TestVerify(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name, want string
		damage     func(t *testing.T, dir string)
	}{
		{"a row", "each job has its document and its state: a document or a state is of job number 9",
			func(t *testing.T, dir string) {
				execSQL(t, filepath.Join(dir, storeFile), "INSERT INTO job_document VALUES (9, '', NULL)")
			}},
		{"the audit log", "the audit log: record 1", func(t *testing.T, dir string) {
			execSQL(t, filepath.Join(dir, storeFile),
				"INSERT OR REPLACE INTO audit_page VALUES (1, '{}', zeroblob(32))")
		}},
		{"an artifact", "artifact fw.bin: its bytes have changed", func(t *testing.T, dir string) {
			file := objectFile(t, dir, "firmware")
			if err := os.WriteFile(file, []byte("firmwarf"), 0o600); err != nil {
				t.Fatal(err)
			}
		}},
		{"a part", "artifact large.bin: its bytes have changed", func(t *testing.T, dir string) {
			if err := os.WriteFile(objectFile(t, dir, "two"), []byte("TWO"), 0o600); err != nil {
				t.Fatal(err)
			}
		}},
		{"a shorter artifact", "has 7 bytes, and must have 8", func(t *testing.T, dir string) {
			if err := os.Truncate(objectFile(t, dir, "firmware"), 7); err != nil {
				t.Fatal(err)
			}
		}},
		{"a missing artifact", "artifact fw.bin: its file", func(t *testing.T, dir string) {
			if err := os.Remove(objectFile(t, dir, "firmware")); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			dir := ran(t)
			row.damage(t, dir)
			faults, v := faultsOf(t, dir)
			wantFault(t, "the folder", faults, row.want)
			if v.Faults != len(faults) {
				t.Errorf("%d faults are counted, %d were reported", v.Faults, len(faults))
			}
			faults = nil
			_, err := VerifyBackup(t.Context(), VerifyOptions{
				Report:   func(fault string) { faults = append(faults, fault) },
				Progress: func(string, int64, int64) {},
			}, bytes.NewReader(backedUp(t, dir)), t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			wantFault(t, "the backup", faults, row.want)
		})
	}
}

func wantFault(t *testing.T, of string, faults []string, want string) {
	t.Helper()
	if len(faults) != 1 || !strings.Contains(faults[0], want) {
		t.Errorf("%s has faults %q, want %q", of, faults, want)
	}
}

// A page that has changed is a fault that names the file, and the rest is verified. R-BAK-1, R-BAK-7
func TestVerifyChangedPages(t *testing.T) {
	t.Parallel()
	dir := ran(t)
	path := filepath.Join(dir, storeFile)
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for at := 10*4096 + 100; at < len(content); at += 4096 {
		content[at] ^= 1
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	faults, v := faultsOf(t, dir)
	if len(faults) == 0 || !strings.Contains(strings.Join(faults, "\n"), storeFile) || v.Artifacts != 2 {
		t.Errorf("faults %q, %+v", faults, v)
	}
}
