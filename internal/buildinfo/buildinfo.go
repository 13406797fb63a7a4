// Package buildinfo says which program this is: its version, the commit that it was built from, and
// when that was made. The go command writes them into the binary when it builds in a checkout of
// git; nothing is set by flags, so two builds of a commit are the same.
package buildinfo

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"time"
)

// Info is what a binary says of itself.
type Info struct {
	// Version is that of the module, such as v1.4.0, or v0.0.0- with the time and the commit for one
	// without a tag. It is "development" for what was built outside of a checkout.
	Version string
	// Commit is the hash of the commit, empty when it is not known.
	Commit string
	// Time is when the commit was made, zero when it is not known.
	Time time.Time
	// Modified says that the checkout had changes that were not committed.
	Modified bool
}

// Read returns what this binary says.
func Read() Info {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return from(debug.BuildInfo{})
	}
	return from(*info)
}

// from reads what the go command has written.
func from(info debug.BuildInfo) Info {
	i := Info{Version: info.Main.Version}
	if i.Version == "" || i.Version == "(devel)" {
		i.Version = "development"
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			i.Commit = s.Value
		case "vcs.time":
			i.Time, _ = time.Parse(time.RFC3339, s.Value) // zero for one that cannot be read
		case "vcs.modified":
			i.Modified = s.Value == "true"
		}
	}
	return i
}

// String is the text for people, several lines: the version stands alone in the first.
func (i Info) String() string {
	text := "drover " + i.Version + "\n"
	if i.Commit != "" {
		text += fmt.Sprintf("commit %s of %s", i.Commit, i.Time.UTC().Format("2006-01-02 15:04 UTC"))
		if i.Modified {
			text += ", with changes that are not committed"
		}
		text += "\n"
	}
	return text + fmt.Sprintf("%s, %s/%s\n", runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
