package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/drover-iot/drover/api/drover"
	"github.com/drover-iot/drover/cli/command"
	"github.com/drover-iot/drover/cli/overview"
	"github.com/drover-iot/drover/cli/terminal"
	"github.com/drover-iot/drover/cli/value"
)

// Who creates or changes a job by hand is warned before of what is set otherwise than it seems
// (R-FCT-7). The warnings are those of a forecast. They are for people, so that nothing is asked
// where standard error is no terminal, and whatever goes wrong with them, the call goes on.

// warnTime is how long a call waits for warnings at the most.
const warnTime = 2 * time.Second

// warn shows what a forecast warns of, for a call that is about to create or change a job.
func (c *call) warn(ctx context.Context, out *sender, in *value.Object) {
	if !c.env.StderrShown {
		return
	}
	for _, v := range forecastVerbs {
		if command.Dashed(c.op.Name) != v.verb {
			continue
		}
		request := &value.Object{}
		request.Set(v.member, in)
		ctx, stop := context.WithTimeout(ctx, warnTime)
		defer stop()
		f, err := fetchAs[drover.ForecastResponse](ctx, out.ahead(), request)
		if err != nil {
			return // what is wrong with the request, the call itself will say
		}
		colors := terminal.Colors(terminal.Of(c.env.Stderr), c.env.Getenv)
		for _, line := range overview.Warnings(f) {
			fmt.Fprintln(c.env.Stderr, terminal.Paint(line, terminal.Yellow, colors))
		}
		return
	}
}

// ahead is a sender that asks for a forecast, once, of the server that the call is about.
func (s *sender) ahead() *sender {
	once, ahead := *s.settings, *s
	once.Attempts = 1
	ahead.settings, ahead.service, ahead.op = &once, &drover.Service, drover.Forecast.Describe()
	return &ahead
}
