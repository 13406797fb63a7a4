package cli

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"reflect"
	"strings"

	"golang.org/x/term"

	"github.com/drover-iot/drover/api/drover"
	"github.com/drover-iot/drover/cli/command"
	"github.com/drover-iot/drover/cli/exit"
	"github.com/drover-iot/drover/cli/overview"
	"github.com/drover-iot/drover/cli/terminal"
	"github.com/drover-iot/drover/cli/value"
)

// Showing what an update would change, before it is made (R-AUD-4).

// A change is a member that an update would give another value.
type change struct{ name, before, after string }

// checkDiff refuses --yes where nothing is asked.
func (c *call) checkDiff() error {
	if c.line.Has(command.YesOption) && !c.line.ShowsDiff() {
		return exit.BadValue("--yes is for --diff, which asks")
	}
	return nil
}

// showDiff shows what a call would change, and reports whether it is to be made.
func (c *call) showDiff(ctx context.Context, out *sender, in *value.Object) (goOn bool, err error) {
	changes, err := c.changes(ctx, out, in)
	if err != nil {
		return false, err
	}
	if len(changes) == 0 {
		return false, c.env.print("Nothing would change.")
	}
	colors := terminal.Colors(terminal.Of(c.env.Stdout), c.env.Getenv)
	for _, ch := range changes {
		lines := ch.name + "\n" + terminal.Paint("  - "+ch.before, terminal.Red, colors) + "\n" +
			terminal.Paint("  + "+ch.after, terminal.Green, colors)
		if err := c.env.print(lines); err != nil {
			return false, err
		}
	}
	if err := c.showOutlook(ctx, out, in, colors); err != nil {
		return false, err
	}
	return c.agreed(ctx)
}

// showOutlook shows what an update does to the forecast of its job. A server that forecasts nothing,
// or nothing of this job, hinders nobody; an update that it refuses is refused now.
func (c *call) showOutlook(
	ctx context.Context, out *sender, in *value.Object, colors bool,
) error {
	before, err := c.forecastOf(ctx, out, "jobId", jobOf(in))
	if err != nil {
		return c.env.print("no forecast: " + strings.TrimSpace(err.Error()))
	}
	after, err := c.forecastOf(ctx, out, "update", in)
	if err != nil {
		return err
	}
	lines := []string{"finish: " + overview.FinishChange(before, after)}
	for _, line := range overview.Warnings(after) {
		lines = append(lines, terminal.Paint(line, terminal.Yellow, colors))
	}
	return c.env.print(strings.Join(lines, "\n"))
}

// changes compares the members of an update with what there is.
func (c *call) changes(
	ctx context.Context, out *sender, in *value.Object,
) (changes []change, err error) {
	describe, member := command.DescribedBy(c.op)
	asks := *out
	asks.op = describe
	request := &value.Object{}
	request.Set("jobId", jobOf(in))
	answer, err := asks.fetch(ctx, request)
	if err != nil {
		return nil, err
	}
	found, _ := answer.Get(member)
	present, _ := found.(*value.Object)
	for _, f := range in.Fields {
		if f.Key == "jobId" || f.Key == "namespaceId" {
			continue
		}
		ch := change{name: f.Key, before: "(not set)", after: jsonOf(f.Value)}
		if present != nil {
			if old, given := present.Get(f.Key); given {
				ch.before = jsonOf(old)
			}
		}
		if !sameJSON(ch.before, ch.after) {
			changes = append(changes, ch)
		}
	}
	return changes, nil
}

// jobOf is the job of an update.
func jobOf(in *value.Object) value.Value {
	id, _ := in.Get("jobId")
	return id
}

func jsonOf(v value.Value) string { return string(value.AppendJSON(nil, v, "", "")) }

// sameJSON reports whether two texts mean the same: 1.5 and 1.50 do.
func sameJSON(a, b string) bool {
	var left, right any
	if json.Unmarshal([]byte(a), &left) != nil || json.Unmarshal([]byte(b), &right) != nil {
		return a == b
	}
	return reflect.DeepEqual(left, right)
}

// forecastOf asks what becomes of a job, as it is or after an update.
func (c *call) forecastOf(
	ctx context.Context, out *sender, member string, of value.Value,
) (*drover.ForecastResponse, error) {
	request := &value.Object{}
	request.Set(member, of)
	return fetchAs[drover.ForecastResponse](ctx, out.ahead(), request)
}

// agreed asks whether an update is to be made, unless --yes has said so. Where nobody can be asked
// it is not.
func (c *call) agreed(ctx context.Context) (bool, error) {
	if c.line.Has(command.YesOption) {
		return true, nil
	}
	if c.env.Confirm == nil {
		return false, nil
	}
	answer, err := c.env.Confirm(ctx, "Change the job? [y/N] ")
	if err != nil {
		return false, err
	}
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes":
		return true, nil
	}
	return false, c.env.print("Nothing was changed.")
}

// confirmOn asks on a terminal, and reads a line from another one; nil when one of them is none.
func confirmOn(in io.Reader, out io.Writer) func(context.Context, string) (string, error) {
	file, isFile := in.(*os.File)
	if !isFile || !term.IsTerminal(int(file.Fd())) || terminal.Of(out) == nil {
		return nil
	}
	return func(_ context.Context, prompt string) (string, error) {
		if _, err := fmt.Fprint(out, prompt); err != nil {
			return "", err
		}
		line, err := bufio.NewReader(in).ReadString('\n')
		if err == io.EOF {
			err = nil
		}
		return line, err
	}
}
