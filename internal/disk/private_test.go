package disk

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Who may have a hand in a file that holds a secret: its user alone, or root and a group that
// reads.
func TestCheckPrivate(t *testing.T) {
	t.Parallel()
	const root, me, other = 0, 1000, 1001
	for _, row := range []struct {
		owner, user int
		mode        fs.FileMode
		want        string // in the error; "" for none
	}{
		{me, me, 0o600, ""},
		{me, me, 0o400, ""},
		{me, me, 0o640, "mode 0640"},
		{me, me, 0o604, "mode 0604"},
		{me, me, 0o620, "mode 0620"},
		{me, me, 0o601, "mode 0601"},
		{root, me, 0o640, ""},
		{root, me, 0o440, ""},
		{root, me, 0o644, "mode 0644"},
		{root, me, 0o660, "mode 0660"},
		{root, root, 0o600, ""},
		{root, root, 0o640, "mode 0640"},
		{other, me, 0o600, "user 1001"},
		{other, me, 0o666, "user 1001"},
		{other, root, 0o600, "user 1001"},
	} {
		err := checkPrivate(row.owner, row.user, row.mode)
		if row.want == "" && err != nil ||
			row.want != "" && (err == nil || !strings.Contains(err.Error(), row.want)) {
			t.Errorf("owner %d, user %d, mode %04o: %v, want %q",
				row.owner, row.user, row.mode, err, row.want)
		}
	}
}

// A private file is read; one that is open to others is refused, with its path.
func TestReadPrivate(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "ca.key")
	if _, err := ReadPrivate(path); !os.IsNotExist(err) {
		t.Errorf("a file that is not there: %v", err)
	}
	if err := Write(path, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	if text, err := ReadPrivate(path); err != nil || string(text) != "secret" {
		t.Errorf("%q, %v", text, err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if text, err := ReadPrivate(path); err == nil || text != nil ||
		!strings.HasPrefix(err.Error(), path+" is open to other users") {
		t.Errorf("open to others: %q, %v", text, err)
	}
}
