package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"

	"github.com/drover-iot/drover/client"
)

// traceAbout is the help text of drover trace.
const traceAbout = `Show what a device sends over MQTT, what it is sent, and in words why it is refused something: which statement of
which policy, which limit. It shows what happens from now on, for the clients that have the thing's name as client id or
stand for it, and ends with --for or at Ctrl-C.

  drover trace pump-07
  drover trace pump-07 --for 30s --output json

A > is from the device, a < to it, ! says why something was refused or not delivered. With --output json each line is
an object. Secrets of presigned URLs are left out. On several servers with one database, ask the one that the device
is connected to (--endpoint): the others see nothing of it.`

// traceThing shows what a device and the server send each other (R-BRK-47).
func traceThing(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("trace", flag.ContinueOnError)
	c := newCaller(flags)
	limit := flags.Duration("for", 0, "`how long` to show what happens, such as 5m; 0: until it is ended")
	output := flags.String("output", "text", "`form` of the output: text or json")
	words, err := parseWords(flags, args, "THING [options]", traceAbout)
	if err != nil {
		return err
	}
	if len(words) != 1 || words[0] == "" {
		return wrongWords(flags)
	}
	if *output != "text" && *output != "json" {
		return wrongValue(flags, "--output: %q is neither text nor json", *output)
	}
	if err := c.find(ctx); err != nil {
		return err
	}
	if *limit > 0 {
		limited, cancel := context.WithTimeout(ctx, *limit)
		defer cancel()
		ctx = limited
	}
	show := showTraced
	if *output == "json" {
		lines := json.NewEncoder(os.Stdout)
		show = func(e client.TraceEvent) error { return lines.Encode(e) }
	}
	return client.Trace(ctx, c.client(1), words[0], show)
}

// marks say which way something went.
var marks = map[string]string{"RECEIVED": ">", "SENT": "<", "CLOSED": "-", "STARTED": "-"}

// showTraced prints one event in a line, with its payload and what has refused it below.
func showTraced(e client.TraceEvent) error {
	mark, known := marks[e.Kind]
	if !known {
		mark = "!"
	}
	_, err := fmt.Printf("%s %s %s\n", e.At.Local().Format("15:04:05.000"), mark, e.Text)
	for _, more := range []string{e.Payload, e.Why} {
		if more != "" && err == nil {
			_, err = fmt.Printf("%*s%s\n", len("15:04:05.000 > "), "", more)
		}
	}
	return err
}
