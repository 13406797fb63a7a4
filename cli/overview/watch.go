package overview

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/drover-iot/drover/api"
	"github.com/drover-iot/drover/cli/follow"
	"github.com/drover-iot/drover/cli/terminal"
	"github.com/drover-iot/drover/client"
)

// The live view of a job. It has the terminal's second screen to itself, and leaves the first as
// it was, with the last view below, however it ends (R-CMD-158).

const (
	lookEvery  = 2 * time.Second        // while the server answers
	sizeEvery  = 250 * time.Millisecond // how often the terminal's size is asked for
	lookSlower = 10 * time.Second       // while it does not
)

// The words that a terminal understands.
const (
	// The second screen, without a cursor; what is wider than the screen stays on its line.
	enter = "\x1b[?1049h\x1b[?25l\x1b[?7l"
	leave = "\x1b[?7h\x1b[?25h\x1b[?1049l"
	home  = "\x1b[H"
	clear = "\x1b[J"     // from here to the end of the screen
	wipe  = "\x1b[K\r\n" // the rest of the line, and to the next
)

// A Watch is a live view of one job on a terminal.
type Watch struct {
	Client *client.Client // makes one attempt
	ID     string
	Screen *os.File // a terminal whose cursor moves
	Keys   *os.File // where keys come from; no keys when it is no terminal
	Colors bool
}

// seenLook is what one look brought.
type seenLook struct {
	snapshot Snapshot
	err      error
}

// Run shows the job until it has ended, q is pressed, or the context ends. The error is that of a
// job that has not gone well, as of follow.Outcome, or why the job cannot be looked at.
func (w *Watch) Run(ctx context.Context) error {
	// A job that is not there is said before anything is drawn.
	l := newLooker(w.Client, w.ID)
	_, rows := w.size()
	first, err := l.look(ctx, room(rows))
	if err != nil {
		return fmt.Errorf("job %s: %w", w.ID, err)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	last, err := w.draw(ctx, cancel, l, first)
	if last.Job != nil {
		columns, _ := w.size()
		lines := View(last, columns, header+room(header*2), w.Colors)
		fmt.Fprintln(w.Screen, strings.Join(lines[:len(lines)-1], "\n"))
	}
	return err
}

// size is the size of the terminal, and that of the oldest ones where it does not say: a serial line.
func (w *Watch) size() (columns, rows int) {
	if columns, rows = terminal.Size(w.Screen); columns == 0 || rows == 0 {
		return 80, 24
	}
	return columns, rows
}

// draw is Run with the second screen.
func (w *Watch) draw(
	ctx context.Context, cancel context.CancelCauseFunc, l *looker, s Snapshot,
) (last Snapshot, err error) {
	restore := w.begin(cancel)
	defer restore()
	looks := make(chan seenLook, 1)
	ticker := time.NewTicker(sizeEvery)
	defer ticker.Stop()
	next, asked := time.Now(), true
	looks <- seenLook{snapshot: s}
	for columns, rows := 0, 0; ; {
		select {
		case <-ctx.Done():
			if errors.Is(context.Cause(ctx), errQuit) {
				return s, nil
			}
			return s, fmt.Errorf("job %s: %w", w.ID, follow.ErrLeft)
		case seen := <-looks:
			asked, next = false, time.Now().Add(lookEvery)
			over, err := w.take(&s, seen, &next)
			if over {
				return s, err
			}
			columns = 0 // draw anew
		case <-ticker.C:
		}
		if c, r := w.size(); c != columns || r != rows {
			columns, rows = c, r
			w.show(View(s, columns, rows, w.Colors))
		}
		if !asked && time.Now().After(next) {
			asked = true
			most := room(rows)
			go func() {
				snapshot, err := l.look(ctx, most)
				looks <- seenLook{snapshot, err}
			}()
		}
	}
}

// take puts what was seen into the snapshot, and says whether that is the end.
func (w *Watch) take(s *Snapshot, seen seenLook, next *time.Time) (over bool, err error) {
	switch {
	case seen.err == nil:
		*s = seen.snapshot
		s.History.Add(time.Now(), follow.CountsOf(s.Job))
		return follow.Outcome(s.Job, false)
	case errors.Is(seen.err, api.ResourceNotFound):
		return true, fmt.Errorf("job %s was deleted", w.ID)
	case client.MayPass(seen.err) && !errors.Is(seen.err, context.Canceled):
		*next = time.Now().Add(lookSlower)
		s.Problem = "the server does not answer; this was seen before: " + seen.err.Error()
		return false, nil
	case errors.Is(seen.err, context.Canceled):
		return false, nil
	}
	return true, fmt.Errorf("job %s: %w", w.ID, seen.err)
}

// show draws lines over those that were there.
func (w *Watch) show(lines []string) {
	var out strings.Builder
	out.WriteString(home)
	for i, line := range lines {
		out.WriteString(line)
		if i < len(lines)-1 {
			out.WriteString(wipe)
		}
	}
	out.WriteString("\x1b[K" + clear)
	// What cannot be drawn is not worth an error: the terminal is gone.
	_, _ = io.WriteString(w.Screen, out.String())
}

// errQuit is that q was pressed.
var errQuit = errors.New("quit")

// begin takes the terminal over and reads its keys. What it returns gives it back.
func (w *Watch) begin(quit context.CancelCauseFunc) (restore func()) {
	was, err := term.MakeRaw(int(w.Keys.Fd()))
	if err == nil {
		go w.readKeys(quit)
	}
	_, _ = io.WriteString(w.Screen, enter)
	return func() {
		_, _ = io.WriteString(w.Screen, leave)
		if err == nil {
			_ = term.Restore(int(w.Keys.Fd()), was)
		}
	}
}

// readKeys reads keys until the terminal is gone: q quits, and so does Ctrl-C, which is a key here.
func (w *Watch) readKeys(quit context.CancelCauseFunc) {
	const controlC = 3
	key := make([]byte, 1)
	for {
		if _, err := w.Keys.Read(key); err != nil {
			return
		}
		switch key[0] {
		case 'q', 'Q':
			quit(errQuit)
		case controlC:
			quit(context.Canceled)
		}
	}
}

// ignoreGone is an error, but for that of something that is not there any more.
func ignoreGone(err error) error {
	if errors.Is(err, api.ResourceNotFound) {
		return nil
	}
	return err
}
