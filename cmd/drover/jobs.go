package main

import (
	"context"
	"flag"
	"fmt"
	"strings"

	"github.com/drover-iot/drover/cli/ship"
)

// createAbout is the help text of drover jobs create.
const createAbout = `Ship a file: store it in the server, create a job that lets devices download it, and show
the job until it has ended. Ctrl-C ends the showing; the job goes on.

  drover jobs create --file fw-2.5.bin --targets arn:aws:iot:us-east-1:000000000000:thinggroup/site-1
  drover jobs create --file app.deb --targets ARN ARN --job-id app-7 --no-wait
  drover jobs create --file fw.bin --targets ARN --template AWS-Download-File --path /tmp/fw.bin

Without --template the job document is
  {"operation":"download","url":"…","sha256":"…","size":…,"path":"…"}
in which each device finds a URL of its own. The exit status is 0 when every execution has
succeeded, 1 otherwise.`

// createJob ships a file (R-ART-17).
func createJob(ctx context.Context, how string, args []string) error {
	flags := flag.NewFlagSet("jobs create", flag.ContinueOnError)
	var o ship.Order
	targets := flags.String("targets", "", "`ARNs` of the things and groups, after blanks or commas")
	flags.StringVar(&o.File, "file", "", "`path` of the file")
	flags.StringVar(&o.JobID, "job-id", "", "`id` of the job (default: made of the file's name)")
	flags.StringVar(&o.Template, "template", "",
		"`name` of a managed template with the parameter downloadUrl, like AWS-Download-File")
	flags.StringVar(&o.Path, "path", "", "`path` at which devices put the file")
	flags.IntVar(&o.ExpiresInSec, "expires-in-sec", 0,
		"for how many `seconds` a device's URL is valid, 60 to 3600 (default 3600)")
	bucket := flags.String("bucket", defaultBucket, "`name` of the server's bucket")
	noWait := flags.Bool("no-wait", false, "end when the job is created")
	quiet := flags.Bool("quiet", false, "show no progress of the upload")
	c := newCaller(flags)
	words, err := parseWords(flags, args, how, createAbout)
	if err != nil {
		return err
	}
	blank := func(r rune) bool { return r == ',' || r == ' ' }
	o.Targets = append(strings.FieldsFunc(*targets, blank), words...)
	if o.File == "" || len(o.Targets) == 0 {
		return wrongWords(flags)
	}
	if err := c.find(ctx); err != nil {
		return err
	}
	id, err := ship.Create(ctx, c.client(c.Attempts), c.store(*bucket), o, shownProgress(*quiet))
	if err != nil {
		return err
	}
	fmt.Println(id)
	if *noWait {
		return nil
	}
	return c.follower().Job(ctx, id, false)
}
