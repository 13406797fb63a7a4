package cli

import (
	"context"
	"fmt"
	"os"
	"runtime"

	"golang.org/x/term"

	"github.com/drover-iot/drover/cli/settings"
)

// Asking for a secret, such as the code of an MFA device.

// AskOnTerminal asks for a text that is not shown, on the terminal of the process, whatever standard
// input and output are. The error is settings.ErrNoTerminal without one.
func AskOnTerminal(ctx context.Context, prompt string) (string, error) {
	in, out := "/dev/tty", "/dev/tty"
	if runtime.GOOS == "windows" {
		in, out = "CONIN$", "CONOUT$"
	}
	from, err := os.OpenFile(in, os.O_RDWR, 0)
	if err != nil {
		return "", settings.ErrNoTerminal
	}
	defer from.Close() //nolint:errcheck // only read
	to, err := os.OpenFile(out, os.O_WRONLY, 0)
	if err != nil {
		return "", settings.ErrNoTerminal
	}
	defer to.Close() //nolint:errcheck // a prompt that nobody sees is asked all the same
	before, err := term.GetState(int(from.Fd()))
	if err != nil {
		return "", settings.ErrNoTerminal
	}
	if _, err := fmt.Fprint(to, prompt); err != nil {
		return "", err
	}
	type typed struct {
		text []byte
		err  error
	}
	answer := make(chan typed, 1)
	go func() {
		text, err := term.ReadPassword(int(from.Fd()))
		answer <- typed{text, err}
	}()
	// Ctrl-C ends the call, and what is typed after it is shown again.
	select {
	case got := <-answer:
		fmt.Fprintln(to) // the return key was not shown
		return string(got.text), got.err
	case <-ctx.Done():
		_ = term.Restore(int(from.Fd()), before) // there is nothing else to try
		return "", ctx.Err()
	}
}
