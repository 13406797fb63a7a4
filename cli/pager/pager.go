// Package pager shows text through another program, such as less, that lets a person look through
// it page by page. Which program that is, and whether there is one, is decided by package settings.
package pager

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
)

// Fallback is the program where nobody has named one: less, so that it ends by itself when all
// fits on the screen, shows bold letters, and leaves the text on the screen.
const (
	Fallback      = "less"
	fallbackFlags = "LESS=FRX"
)

// A Writer passes what is written on to a pager, which it starts with the first byte. When there is
// no such program, the text goes where the pager would have shown it.
type Writer struct {
	ctx     context.Context
	command string
	screen  *os.File // a terminal

	started bool
	process *exec.Cmd
	pipe    io.WriteCloser // to the process; nil without one
}

// New returns a Writer that shows text on a screen through a command. The command is split at
// blanks; no shell reads it.
func New(ctx context.Context, command string, screen *os.File) *Writer {
	// A pager is left by its own keys. Ctrl-C is for it, too, and must not end it from outside.
	return &Writer{ctx: context.WithoutCancel(ctx), command: command, screen: screen}
}

// Write implements io.Writer. A pager that was left early wants no more, which is no error.
func (w *Writer) Write(text []byte) (int, error) {
	if !w.started {
		w.start()
	}
	if w.pipe == nil {
		return w.screen.Write(text)
	}
	if n, err := w.pipe.Write(text); err != nil && !isClosed(err) {
		return n, err
	}
	return len(text), nil
}

// start starts the pager.
func (w *Writer) start() {
	w.started = true
	words := strings.Fields(w.command)
	if len(words) == 0 {
		return
	}
	process := exec.CommandContext(w.ctx, words[0], words[1:]...)
	process.Stdout, process.Stderr = w.screen, os.Stderr
	if words[0] == Fallback && os.Getenv("LESS") == "" {
		process.Env = append(os.Environ(), fallbackFlags)
	}
	pipe, err := process.StdinPipe()
	if err != nil || process.Start() != nil {
		return
	}
	w.process, w.pipe = process, pipe
}

// Close ends the text and waits until the pager is left.
func (w *Writer) Close() error {
	if w.pipe == nil {
		return nil
	}
	if err := w.pipe.Close(); err != nil && !isClosed(err) {
		return err
	}
	// The status of a pager says nothing about what was shown.
	var status *exec.ExitError
	if err := w.process.Wait(); err != nil && !errors.As(err, &status) {
		return err
	}
	return nil
}
