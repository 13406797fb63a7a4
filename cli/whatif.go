package cli

import (
	"context"
	"slices"
	"strings"

	"github.com/drover-iot/drover/api/drover"
	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/cli/command"
	"github.com/drover-iot/drover/cli/exit"
	"github.com/drover-iot/drover/cli/overview"
	"github.com/drover-iot/drover/cli/settings"
	"github.com/drover-iot/drover/cli/value"
)

// drover jobs what-if: what other settings would have done to a job (R-WHAT-1). The settings are
// members of the request, given as shorthand or JSON like those of an operation.

// WhatIfOptions are its options beside those of every call.
func WhatIfOptions() (options []*command.Option) {
	for _, o := range command.Options(drover.ReplayJob.Describe()) {
		if o.Name == "rollout" || o.Name == "abort" || o.Name == "guard" {
			options = append(options, o)
		}
	}
	return options
}

// WhatIf runs the words behind drover jobs what-if, and returns the exit status.
func WhatIf(ctx context.Context, args []string, env Env) int {
	c := &call{env: env.complete()}
	return c.end(ctx, c.whatIf(ctx, args))
}

// whatIf does what the line asks for.
func (c *call) whatIf(ctx context.Context, args []string) error {
	c.service, c.op = &iot.Service, drover.ReplayJob.Describe()
	request, err := c.whatIfRequest(args)
	if err != nil {
		return err
	}
	s, err := settings.Find(c.sources())
	if err != nil {
		return err
	}
	return ask(ctx, c, s, c.op, request,
		func(r *drover.ReplayJobResponse, columns int, colors bool) string {
			return strings.TrimSuffix(overview.ReplayTable(r).String(columns, colors), "\n")
		})
}

// whatIfRequest reads the line as a request.
func (c *call) whatIfRequest(args []string) (*value.Object, error) {
	own := WhatIfOptions()
	if err := c.line.Read(args, slices.Concat(command.Globals, own)); err != nil {
		return nil, err
	}
	if left := c.line.LeftOver; len(left) > 0 {
		return nil, exit.LeftOver(strings.Join(left, ", "))
	}
	if len(c.line.Plain) != 1 {
		return nil, exit.BadLine("drover jobs what-if takes one job, and --rollout, --abort and --guard")
	}
	if err := c.checkGlobals(&c.line); err != nil {
		return nil, err
	}
	request := &value.Object{}
	request.Set("jobId", c.line.Plain[0])
	if err := c.addOwn(c.op, own, request); err != nil {
		return nil, err
	}
	return request, check(c.op.Input, request)
}
