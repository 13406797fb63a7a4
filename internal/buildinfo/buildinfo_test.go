package buildinfo

import (
	"runtime"
	"runtime/debug"
	"testing"
)

func TestString(t *testing.T) {
	t.Parallel()
	last := runtime.Version() + ", " + runtime.GOOS + "/" + runtime.GOARCH + "\n"
	commit := []debug.BuildSetting{
		{Key: "vcs", Value: "git"},
		{Key: "vcs.revision", Value: "0123456789ab"},
		{Key: "vcs.time", Value: "2026-11-29T21:33:42Z"},
		{Key: "vcs.modified", Value: "false"},
	}
	changed := append([]debug.BuildSetting(nil), commit...)
	changed[3].Value = "true"
	for _, tt := range []struct {
		name     string
		version  string
		settings []debug.BuildSetting
		want     string
	}{
		{"outside of a checkout", "(devel)", nil, "drover development\n"},
		{"without anything", "", nil, "drover development\n"},
		{"a release", "v1.4.0", commit, "drover v1.4.0\ncommit 0123456789ab of 2026-11-29 21:33 UTC\n"},
		{"a checkout with changes", "v1.4.1-0.20261129213342-0123456789ab+dirty", changed,
			"drover v1.4.1-0.20261129213342-0123456789ab+dirty\n" +
				"commit 0123456789ab of 2026-11-29 21:33 UTC, with changes that are not committed\n"},
	} {
		info := from(debug.BuildInfo{Main: debug.Module{Version: tt.version}, Settings: tt.settings})
		if got := info.String(); got != tt.want+last {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want+last)
		}
	}
}
