package endpoints_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/internal/endpoints"
)

// What is written is read back, by its owner only, until it is removed. The names are those that
// scripts use.
func TestFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if _, err := endpoints.Read(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("an empty folder: %v", err)
	}
	want := endpoints.File{HTTP: "http://127.0.0.1:8080", Region: "us-east-1", PID: 7}
	if err := want.Write(dir); err != nil {
		t.Fatal(err)
	}
	got, err := endpoints.Read(dir)
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	path := filepath.Join(dir, "endpoints.json")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const golden = `{
  "http": "http://127.0.0.1:8080",
  "https": "",
  "mqtt": "",
  "mqtts": "",
  "admin": "",
  "account": "",
  "region": "us-east-1",
  "ca": "",
  "accessKeyId": "",
  "secretAccessKey": "",
  "pid": 7
}
`
	if diff := cmp.Diff(golden, string(text)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if err := endpoints.Remove(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := endpoints.Read(dir); err == nil {
		t.Error("it was removed and can be read")
	}
}

// A file that is not JSON is an error.
func TestBroken(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "endpoints.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := endpoints.Read(dir); err == nil {
		t.Error("half a file was read")
	}
}
