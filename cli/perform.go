package cli

import (
	"context"

	"github.com/drover-iot/drover/cli/command"
	"github.com/drover-iot/drover/cli/exit"
	"github.com/drover-iot/drover/cli/jmespath"
	"github.com/drover-iot/drover/cli/output"
	"github.com/drover-iot/drover/cli/settings"
	"github.com/drover-iot/drover/cli/value"
)

// Making the call, once everything on the line has been read: settings, checks, keys, request,
// answer.

// perform checks the parameters in, makes the call and shows the answer (R-CMD-20, steps 9 to
// 13). A sample of the answer needs settings too, because it is shown as an answer would be.
func (c *call) perform(ctx context.Context, in *value.Object) (err error) {
	s, err := settings.Find(settings.Sources{
		Option:  c.globalOption,
		Getenv:  c.env.Getenv,
		Service: c.service.Name,
		Offline: c.line.Skeleton() != "",
	})
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
	p := &printer{env: c.env, settings: s, query: c.query}
	var end func() error
	p.env.Stdout, end = c.paged(ctx, s)
	defer func() {
		if ended := end(); err == nil {
			err = ended
		}
	}()
	if c.line.Skeleton() == command.SkeletonOutput {
		return p.show(skeleton(c.op.Output, "", sampleOutput))
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
	from, err := c.paging(in)
	if err != nil {
		return err
	}
	if from != nil {
		list := &pages{page: c.op.Page, position: *from, sender: out, printer: p}
		return list.show(ctx, in)
	}
	answer, err := out.fetch(ctx, in)
	if err != nil {
		return err
	}
	unwritten := writeOutfiles(files, answer)
	// The answer is shown also when a file failed: a new key is nowhere else (R-CMD-136).
	if err := p.show(answer); err != nil {
		return err
	}
	return unwritten
}

// globalOption returns the text of an option, and whether it is given, in the form that package
// settings asks for.
func (c *call) globalOption(name string) (text string, given bool) {
	return c.line.Text(name), c.line.Has(name)
}

// A printer shows results on standard output, as the settings ask for.
type printer struct {
	env      Env                // for standard output
	settings *settings.Settings // for the format
	query    *jmespath.Query    // nil for none
}

// show shows what the query makes of an answer.
func (p *printer) show(v value.Value) error {
	result, err := p.query.Apply(v)
	if err != nil {
		return exit.Other("%v", err)
	}
	return output.Write(p.env.Stdout, p.settings.Output, result)
}
