package settings_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/cli/settings"
)

// A key is set in its place; everything else stays (R-CMD-132).
func TestEdit(t *testing.T) {
	t.Parallel()
	region := settings.Edit{Heads: []string{"profile dev", `profile "dev"`}, Key: "region", Value: "r-2"}
	inner := settings.Edit{Heads: []string{"default"}, Key: "s3", Inner: "max", Value: "5"}
	for _, row := range []struct {
		name         string
		edit         settings.Edit
		before, want string
	}{
		{"a new file", region, "", "[profile dev]\nregion = r-2\n"},
		{"a new section", region, "# mine\n[default]\na = b\n", "# mine\n[default]\na = b\n[profile dev]\nregion = r-2\n"},
		{"a new key", region, "[profile dev]\na = b\n\n[other]\nregion = x\n", "[profile dev]\na = b\nregion = r-2\n\n[other]\nregion = x\n"},
		{"another value", region, "[profile \"dev\"]\nregion=old\n; note\na = b\n", "[profile \"dev\"]\nregion = r-2\n; note\na = b\n"},
		{"an empty section", region, "[profile dev]", "[profile dev]\nregion = r-2\n"},
		{"a table before", region, "[profile dev]\nregion =\n  x = y\na = b\n", "[profile dev]\nregion = r-2\na = b\n"},
		{"a new table", inner, "[default]\na = b\n", "[default]\na = b\ns3 =\n  max = 5\n"},
		{"in a table", inner, "[default]\ns3 =\n  min = 1\n  max = 2\na = b\n", "[default]\ns3 =\n  min = 1\n  max = 5\na = b\n"},
	} {
		if diff := cmp.Diff(row.want, row.edit.Apply(row.before)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", row.name, diff)
		}
	}
}

// The file is its owner's, also through a link, and a folder that is missing is made.
func TestEditFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path, link := filepath.Join(dir, "aws", "config"), filepath.Join(dir, "link")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	edit := settings.Edit{Heads: []string{"default"}, Key: "region", Value: "r-1"}
	for _, name := range []string{path, link} {
		if err := edit.Write(name); err != nil {
			t.Fatal(err)
		}
		info, err := os.Lstat(path)
		if err != nil || info.Mode() != 0o600 {
			t.Errorf("%v, %v, want a file with mode 0600", info.Mode(), err)
		}
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is gone: %v", err)
	}
}
