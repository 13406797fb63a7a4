package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"

	"github.com/drover-iot/drover/api/drover"
	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/cli/overview"
	"github.com/drover-iot/drover/client"
	"github.com/drover-iot/drover/schema"
)

// countAbout is the help text of drover things count.
const countAbout = `Say how many things a query of the fleet index matches, such as that of a dynamic group.

  drover things count 'thingTypeName:pump AND attributes.site:north'
  drover things count 'connectivity.connected:true' --output json

It counts up to 10,000 things, and looks at up to 50,000 in the order of their names. When there may be
more it says so.`

// countThings says how many things a query matches (R-WEB-33).
func countThings(ctx context.Context, how string, args []string) error {
	l := newShortList(flag.NewFlagSet("things count", flag.ContinueOnError))
	given, err := l.readWords(ctx, how, countAbout, args, 1)
	if err != nil {
		return err
	}
	counted, err := client.Call(ctx, l.client(l.Attempts), drover.CountThings,
		&drover.CountThingsRequest{QueryString: iot.QueryString(given[0])})
	if err != nil {
		return err
	}
	if *l.output == "json" {
		return l.show(overview.Table{}, json.RawMessage(schema.Append(nil, counted)), "")
	}
	text := fmt.Sprint(counted.Count)
	if counted.AtLeast {
		text = fmt.Sprintf("%s or more: %d things were looked at", text, counted.Looked)
	}
	fmt.Println(text)
	return nil
}
