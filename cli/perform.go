package cli

import (
	"context"
	"errors"
	"sync"

	"github.com/drover-iot/drover/cli/command"
	"github.com/drover-iot/drover/cli/settings"
	"github.com/drover-iot/drover/cli/value"
)

// Making the call, once everything on the line has been read: settings, checks, keys, request,
// answer.

// perform checks the parameters in, makes the call and shows the answer (R-CMD-20, steps 9 to
// 13). A sample of the answer needs settings too, because it is shown as an answer would be.
func (c *call) perform(ctx context.Context, in *value.Object) (err error) {
	// The size of a page is a parameter like others, so it is there before they are checked.
	from, err := c.paging(in)
	if err != nil {
		return err
	}
	s, err := settings.Find(c.sources())
	if err != nil {
		return err
	}
	if s.ChecksParameters() {
		if err := check(c.op.Input, in); err != nil {
			return err
		}
	}
	// What does not need the service comes before what does: a wrong file or a missing key costs no
	// request.
	p := c.newPrinter(s)
	var endPager func() error
	p.env.Stdout, endPager = c.paged(ctx, s)
	endPager = sync.OnceValue(endPager)
	defer func() {
		if ended := endPager(); err == nil {
			err = ended
		}
	}()
	if c.line.Skeleton() == command.SkeletonOutput {
		return p.show(sampleAnswer(c.op.Output, s.Output))
	}
	if err := errors.Join(c.checkWait(in), c.checkDiff()); err != nil {
		return err
	}
	files, err := openOutfiles(command.Outfiles[c.op.Name], &c.line)
	if err != nil {
		return err
	}
	if !c.line.Has("no-sign-request") {
		if err := s.FindCredentials(ctx); err != nil {
			return err
		}
	}
	out, err := newSender(c, s)
	if err != nil {
		return err
	}
	defer out.transport.HTTP.CloseIdleConnections()
	// Settings and keys are in order. From here on, requests are made: one, or one for each page.
	if from != nil {
		list := &pages{page: c.op.Page, position: *from, sender: out, printer: p}
		return c.withNextStep(withValueHints(list.show(ctx, in), c.op, in), in)
	}
	// What ended in another way than it should is shown all the same (R-CMD-154).
	var unsuccessful error
	if c.waitsFirst() {
		if unsuccessful = c.wait(ctx, out, in); !ended(unsuccessful) {
			return unsuccessful
		}
	}
	if !c.line.ShowsDiff() {
		c.warn(ctx, out, in)
	} else if goOn, err := c.showDiff(ctx, out, in); err != nil || !goOn {
		return err
	}
	answer, err := out.fetch(ctx, in)
	if err != nil {
		return c.withNextStep(withValueHints(err, c.op, in), in)
	}
	unwritten := writeOutfiles(files, answer)
	// The answer is shown also when a file failed: a new key is nowhere else (R-CMD-136).
	if err := p.show(answer); err != nil {
		return err
	}
	if unwritten != nil || !c.waitsAfter() {
		return errors.Join(unwritten, unsuccessful)
	}
	// The wait has a terminal to itself: a pager is left before it begins.
	if err := endPager(); err != nil {
		return err
	}
	return c.wait(ctx, out, in)
}

// sources are where the settings of this call come from. Before the service is known they do for
// what does not depend on it.
func (c *call) sources() settings.Sources {
	from := settings.Sources{
		Option:  c.globalOption,
		Getenv:  c.env.Getenv,
		Offline: c.line.Skeleton() != "",
		Ask:     c.env.Ask,
	}
	if c.service != nil {
		from.Service = c.service.Name
	}
	return from
}

// globalOption returns the text of an option, and whether it is given, in the form that package
// settings asks for.
func (c *call) globalOption(name string) (text string, given bool) {
	return c.line.Text(name), c.line.Has(name)
}
