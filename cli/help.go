package cli

import (
	"context"

	"github.com/drover-iot/drover/cli/help"
)

// Help needs no server: its pages are made of the tables and the doc comments of the API.

// help shows the page of what has been named so far: an operation, a service, or all of them
// (R-CMD-123, R-CMD-126).
func (c *call) help(ctx context.Context) error {
	page, err := c.page()
	if err != nil {
		return err
	}
	return c.env.ShowPage(ctx, page, c.globalOption, !c.line.Has("no-cli-pager"))
}

// page is the page of what has been named so far.
func (c *call) page() (*help.Page, error) {
	switch {
	case c.service == nil:
		return help.API(c.env.Program), nil
	case c.op == nil:
		return help.Service(c.env.Program, c.service)
	}
	return help.Operation(c.env.Program, c.service, c.op)
}
