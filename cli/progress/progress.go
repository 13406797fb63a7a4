// Package progress shows on standard error how far a transfer is: as a bar on a terminal, as lines
// elsewhere, or not at all.
package progress

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/drover-iot/drover/cli/transfer"
)

// On returns what fits where the progress is shown: a bar for a terminal, lines for a file or a
// pipe.
func On(out *os.File) transfer.Progress {
	if term.IsTerminal(int(out.Fd())) {
		return &bar{out: out}
	}
	return &lines{out: out}
}

// None shows nothing.
var None transfer.Progress = none{}

type none struct{}

func (none) Begin(string, int64, int64) {}
func (none) Add(int64)                  {}
func (none) End()                       {}

// bar is a line of a terminal that is written again and again, with the rate and the time that is
// left.
type bar struct {
	out io.Writer
	bar *progressbar.ProgressBar
}

// Begin implements transfer.Progress.
func (b *bar) Begin(name string, size, done int64) {
	b.bar = progressbar.NewOptions64(max(size, 1), // a size of 0 would be an unknown one
		progressbar.OptionSetDescription(name),
		progressbar.OptionSetWriter(b.out),
		progressbar.OptionShowBytes(true),
		progressbar.OptionUseIECUnits(true),
		progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionFullWidth(),
		progressbar.OptionSetRenderBlankState(true))
	b.Add(done)
}

// Add implements transfer.Progress. What cannot be shown on a terminal is not worth an error.
func (b *bar) Add(n int64) { _ = b.bar.Add64(n) }

// End implements transfer.Progress. The bar stays where it is.
func (b *bar) End() { fmt.Fprintln(b.out) }

// lines are one line for each tenth of a transfer.
type lines struct {
	out io.Writer

	mu         sync.Mutex
	name       string
	size, done int64
	shown      int64 // tenths
}

// Begin implements transfer.Progress. A transfer that goes on says where.
func (l *lines) Begin(name string, size, done int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.name, l.size, l.done, l.shown = name, size, done, 0
	if done > 0 && done < size {
		fmt.Fprintf(l.out, "%s: goes on at %s of %s\n", name, bytes(done), bytes(size))
		l.shown = l.tenths()
	}
}

// Add implements transfer.Progress.
func (l *lines) Add(n int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.done += n
	if now := l.tenths(); now > l.shown && now < 10 { // the last bytes may still be refused
		l.shown = now
		fmt.Fprintf(l.out, "%s: %d%% of %s\n", l.name, now*10, bytes(l.size))
	}
}

// tenths is how many tenths of the transfer are done.
func (l *lines) tenths() int64 { return l.done * 10 / max(l.size, 1) }

// End implements transfer.Progress.
func (l *lines) End() {
	if l.done == l.size {
		fmt.Fprintf(l.out, "%s: all %s\n", l.name, bytes(l.size))
	}
}

// bytes writes a number of bytes for people: 20.0 MiB.
func bytes(n int64) string {
	number, unit := float64(n), "bytes"
	for _, larger := range []string{"KiB", "MiB", "GiB", "TiB"} {
		if number < 1024 {
			break
		}
		number, unit = number/1024, larger
	}
	if unit == "bytes" {
		return fmt.Sprintf("%d bytes", n)
	}
	return fmt.Sprintf("%.1f %s", number, unit)
}
