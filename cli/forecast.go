package cli

import (
	"context"
	"fmt"
	"slices"

	"github.com/drover-iot/drover/api/drover"
	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/cli/command"
	"github.com/drover-iot/drover/cli/exit"
	"github.com/drover-iot/drover/cli/overview"
	"github.com/drover-iot/drover/cli/settings"
	"github.com/drover-iot/drover/cli/terminal"
	"github.com/drover-iot/drover/cli/value"
	"github.com/drover-iot/drover/schema"
)

// drover forecast: what will become of a job. Behind create-job and update-job stand the options of
// these operations, read as those read them; they become a member of the request for the forecast
// (R-FCT-1). Without --output and --query the answer is shown for people.

// forecastVerbs are what a forecast can be asked of, and the member of its request that says so.
var forecastVerbs = []struct{ verb, member string }{
	{"create-job", "create"}, {"update-job", "update"}, {"job", "jobId"},
}

// ForecastVerbs are the words behind drover forecast.
func ForecastVerbs() (verbs []string) {
	for _, v := range forecastVerbs {
		verbs = append(verbs, v.verb)
	}
	return verbs
}

// ForecastOptions are the options of drover forecast itself: members of its request.
func ForecastOptions() (options []*command.Option) {
	op := drover.Forecast.Describe()
	for _, o := range command.Options(op) {
		if o.Name == "assume" || o.Name == "seed" {
			options = append(options, o)
		}
	}
	return options
}

// Forecast runs the words behind drover forecast, and returns the exit status.
func Forecast(ctx context.Context, args []string, env Env) int {
	c := &call{env: env.complete()}
	return c.end(ctx, c.forecast(ctx, args))
}

// forecast does what the line asks for.
func (c *call) forecast(ctx context.Context, args []string) error {
	if len(args) == 0 {
		return exit.BadLine("the following arguments are required: one of create-job, update-job, job")
	}
	at := slices.Index(ForecastVerbs(), args[0])
	if at < 0 {
		return invalidChoice("forecast", args[0], ForecastVerbs())
	}
	c.service = &iot.Service
	request, err := c.forecastRequest(forecastVerbs[at].verb, forecastVerbs[at].member, args[1:])
	if err != nil || request == nil {
		return err
	}
	s, err := settings.Find(c.sources())
	if err != nil {
		return err
	}
	if c.line.Skeleton() == command.SkeletonOutput {
		return c.newPrinter(s).show(sampleAnswer(drover.Forecast.Describe().Output, s.Output))
	}
	return ask(ctx, c, s, drover.Forecast.Describe(), request, overview.Forecast)
}

// ask makes a call of an operation of drover's own. People see its answer as draw draws it, in so many
// columns; with --output or --query it is shown as it is.
func ask[Out any](
	ctx context.Context, c *call, s *settings.Settings, op *schema.Description, in *value.Object,
	draw func(answer *Out, columns int, colors bool) string,
) error {
	if !c.line.Has("no-sign-request") {
		if err := s.FindCredentials(ctx); err != nil {
			return err
		}
	}
	c.service, c.op = &drover.Service, op
	out, err := newSender(c, s)
	if err != nil {
		return err
	}
	defer out.transport.HTTP.CloseIdleConnections()
	if c.line.Has("output") || c.query != nil {
		answer, err := out.fetch(ctx, in)
		if err != nil {
			return err
		}
		return c.newPrinter(s).show(answer)
	}
	answer, err := fetchAs[Out](ctx, out, in)
	if err != nil {
		return err
	}
	screen := terminal.Of(c.env.Stdout)
	columns, _ := terminal.Size(screen)
	return c.env.print(draw(answer, columns, terminal.Colors(screen, c.env.Getenv)))
}

// forecastRequest reads the line behind a verb as the request for the forecast; nil when a sample of
// the operation's request was asked for and shown.
func (c *call) forecastRequest(verb, member string, words []string) (*value.Object, error) {
	request := &value.Object{}
	own := ForecastOptions()
	if verb == "job" {
		c.op = drover.Forecast.Describe()
		if err := c.line.Read(words, slices.Concat(command.Globals, own)); err != nil {
			return nil, err
		}
		if left := c.line.LeftOver; len(left) > 0 || len(c.line.Plain) != 1 {
			return nil, exit.BadLine("drover forecast job takes one job, and --assume and --seed")
		}
		request.Set(member, c.line.Plain[0])
	} else {
		c.op = command.Find(&iot.Service, verb)
		if err := c.readOptions(words, own...); err != nil {
			return nil, err
		}
		if c.line.Waits() {
			return nil, exit.BadValue("--wait: a forecast begins nothing that could be waited for")
		}
		in, err := reader{c.env, c.op, &c.line}.parameters()
		if err != nil {
			return nil, err
		}
		if shown, err := c.showSkeleton(); shown || err != nil {
			return nil, err
		}
		if err := check(c.op.Input, in); err != nil {
			return nil, err
		}
		request.Set(member, in)
	}
	if err := c.checkGlobals(&c.line); err != nil {
		return nil, err
	}
	return request, c.addOwn(drover.Forecast.Describe(), own, request)
}

// addOwn reads options of an operation of drover's own into its request.
func (c *call) addOwn(
	op *schema.Description, own []*command.Option, request *value.Object,
) error {
	for _, o := range own {
		g, given := c.line.Last(o.Name)
		if !given {
			continue
		}
		v, err := reader{c.env, op, &c.line}.parameter(o, g.Words)
		if err != nil {
			return err
		}
		request.Set(o.Member.Name, v)
	}
	return nil
}

// fetchAs makes a request and reads the answer as what it is.
func fetchAs[Out any](ctx context.Context, s *sender, in *value.Object) (*Out, error) {
	r, err := s.build(in)
	if err != nil {
		return nil, err
	}
	body, err := s.repeat(ctx, r)
	if err != nil {
		return nil, err
	}
	out := new(Out)
	if err := schema.Decode(body, out, schema.Decoding{Unchecked: true}); err != nil {
		return nil, fmt.Errorf("The answer is not one of %s: %w", s.op.Name, err)
	}
	return out, nil
}
