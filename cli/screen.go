package cli

import (
	"context"
	"io"

	"github.com/drover-iot/drover/cli/help"
	"github.com/drover-iot/drover/cli/pager"
	"github.com/drover-iot/drover/cli/settings"
	"github.com/drover-iot/drover/cli/terminal"
)

// What is different when a person reads along: on a terminal, help has its width and bold letters,
// and a pager shows what is longer than the screen.

// lookUp finds a variable that may be set and empty, where the world tells the two apart.
func (e Env) lookUp(name string) (string, bool) {
	if e.LookupEnv != nil {
		return e.LookupEnv(name)
	}
	text := e.Getenv(name)
	return text, text != ""
}

// ShowPage shows a page of help on standard output, on a terminal through a pager (R-CMD-99,
// R-CMD-123). option is where the profile may be named on the line; paged is whether a pager is
// wanted there.
func (e Env) ShowPage(ctx context.Context, page *help.Page, option optionText, paged bool) error {
	screen := terminal.Of(e.Stdout)
	if screen == nil {
		_, err := io.WriteString(e.Stdout, page.Text(help.Style{}))
		return err
	}
	columns, _ := terminal.Size(screen)
	style := help.Style{Width: columns, Bold: terminal.Colors(screen, e.Getenv)}
	command := ""
	if paged {
		from := settings.Sources{Option: option, Getenv: e.Getenv}
		command = settings.HelpPager(from, e.lookUp)
	}
	out := pager.New(ctx, command, screen)
	if _, err := io.WriteString(out, page.Text(style)); err != nil {
		return err
	}
	return out.Close()
}

// optionText finds the text of an option of the line, and whether it is given.
type optionText = func(name string) (text string, given bool)

// paged is standard output through the pager that the settings ask for, and the function that ends
// it; standard output itself where there is none.
func (c *call) paged(ctx context.Context, s *settings.Settings) (out io.Writer, end func() error) {
	screen := terminal.Of(c.env.Stdout)
	command := s.Pager(c.env.lookUp)
	if screen == nil || command == "" || c.line.Has("no-cli-pager") {
		return c.env.Stdout, func() error { return nil }
	}
	w := pager.New(ctx, command, screen)
	return w, w.Close
}
