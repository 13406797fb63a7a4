package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"time"

	"github.com/drover-iot/drover/cli/help"
	"github.com/drover-iot/drover/cli/progress"
	"github.com/drover-iot/drover/cli/transfer"
)

// drover artifact brings files to the store that devices download from, and back (R-ART-12).

// artifactUsage is what a wrong line is answered with.
const artifactUsage = `usage: drover artifact put FILE [KEY]
       drover artifact list [PREFIX]
       drover artifact get KEY [FILE]
       drover artifact remove KEY...
"drover artifact --help" says more.
`

// artifactAbout is the help text of drover artifact.
const artifactAbout = `Bring files to the store that devices download from, and back. A put or a get that was
interrupted goes on when it is asked for again, and what has arrived is compared by SHA-256.

  drover artifact put build/fw-2.5.bin                 # as fw-2.5.bin
  drover artifact put build/fw.bin pumps/fw-2.5.bin
  drover artifact list pumps/
  drover artifact get pumps/fw-2.5.bin copy.bin
  drover artifact remove pumps/fw-2.5.bin

The server is found as by "drover iot": --endpoint-url, AWS_ENDPOINT_URL, a profile, or the
server that runs in this folder. Any other S3 store does as well.

"drover artifact <verb> --help" lists the options.`

// artifactPage is the page of drover artifact as a whole.
func artifactPage() *help.Page {
	p := &help.Page{Name: "drover artifact", Summary: summaryOf("artifact", "")}
	p.Sections = []help.Section{
		help.NameSection(p),
		{Title: "SYNOPSIS", Blocks: []help.Block{help.Code{
			"drover artifact put FILE [KEY]",
			"drover artifact list [PREFIX]",
			"drover artifact get KEY [FILE]",
			"drover artifact remove KEY...",
		}}},
		{Title: "DESCRIPTION", Blocks: textBlocks(artifactAbout)},
	}
	return p
}

// defaultBucket is the bucket of artifacts of a server that was given no other name for it.
const defaultBucket = "artifacts"

// artifactCommand is one call of drover artifact.
type artifactCommand struct {
	*caller
	bucket string
	output string
	quiet  bool
}

// artifactVerbs are the verbs: which words each has, and what it does.
var artifactVerbs = map[string]struct {
	words, about string
	least, most  int // words
	run          func(*artifactCommand, context.Context, *transfer.Store, []string) error
}{
	"put": {"FILE [KEY] [options]", "Store a file; its key is its name unless one is given.\n\n" +
		"  drover artifact put build/fw.bin pumps/fw-2.5.bin", 1, 2, (*artifactCommand).put},
	"list": {"[PREFIX] [options]", "List the artifacts whose keys begin with a prefix.\n\n" +
		"  drover artifact list pumps/", 0, 1, (*artifactCommand).list},
	"get": {"KEY [FILE] [options]", "Fetch an artifact into a file of this name, or another one.\n\n" +
		"  drover artifact get pumps/fw-2.5.bin copy.bin", 1, 2, (*artifactCommand).get},
	"remove": {"KEY... [options]", "Remove artifacts.\n\n" +
		"  drover artifact remove pumps/fw-2.4.bin pumps/fw-2.5.bin", 1, 1 << 20,
		(*artifactCommand).remove},
}

// runArtifact runs drover artifact.
func runArtifact(ctx context.Context, args []string) error {
	if len(args) > 0 && asksHelp(args[:1]) {
		return &helpWanted{page: artifactPage()}
	}
	if len(args) == 0 {
		fmt.Fprint(os.Stderr, artifactUsage)
		return errUsage
	}
	verb, known := artifactVerbs[args[0]]
	if !known {
		fmt.Fprintf(os.Stderr, "drover artifact: there is no %q\n%s", args[0], artifactUsage)
		return errUsage
	}
	flags := flag.NewFlagSet("artifact "+args[0], flag.ContinueOnError)
	c := &artifactCommand{caller: newCaller(flags)}
	flags.StringVar(&c.bucket, "bucket", defaultBucket, "`name` of the bucket")
	flags.StringVar(&c.output, "output", "text", "`text` for people, or json for programs")
	flags.BoolVar(&c.quiet, "quiet", false, "show no progress")
	words, err := parseWords(flags, args[1:], verb.words, verb.about)
	if err != nil {
		return err
	}
	if len(words) < verb.least || len(words) > verb.most || slices.Contains(words, "") {
		return wrongWords(flags)
	}
	if c.output != "text" && c.output != "json" {
		return fmt.Errorf("--output %s: must be text or json", c.output)
	}
	if err := c.find(ctx); err != nil {
		return err
	}
	return verb.run(c, ctx, c.store(c.bucket), words)
}

// store is a bucket of the server.
func (c *caller) store(bucket string) *transfer.Store {
	return transfer.Open(transfer.Config{
		Endpoint:    c.Endpoint,
		Region:      c.Region,
		Bucket:      bucket,
		Credentials: c.Credentials,
		HTTP:        c.http,
	})
}

// shownProgress shows on standard error how far a transfer is, unless it is to be quiet.
func shownProgress(quiet bool) transfer.Progress {
	if quiet {
		return progress.None
	}
	return progress.On(os.Stderr)
}

// put stores a file.
func (c *artifactCommand) put(ctx context.Context, s *transfer.Store, words []string) error {
	key := filepath.Base(words[0])
	if len(words) > 1 {
		key = words[1]
	}
	o, err := s.Put(ctx, words[0], key, shownProgress(c.quiet))
	if err != nil {
		return err
	}
	return c.show(o, "s3://%s/%s  %d bytes  sha256 %s\n", o.Bucket, o.Key, o.Size, o.SHA256)
}

// get fetches an artifact.
func (c *artifactCommand) get(ctx context.Context, s *transfer.Store, words []string) error {
	file := path.Base(words[0])
	if len(words) > 1 {
		file = words[1]
	}
	o, err := s.Get(ctx, words[0], file, shownProgress(c.quiet))
	if err != nil {
		return err
	}
	return c.show(o, "%s  %d bytes  sha256 %s\n", file, o.Size, o.SHA256)
}

// list lists artifacts.
func (c *artifactCommand) list(ctx context.Context, s *transfer.Store, words []string) error {
	prefix := ""
	if len(words) > 0 {
		prefix = words[0]
	}
	all := []transfer.Entry{}
	for entry, err := range s.List(ctx, prefix) {
		if err != nil {
			return err
		}
		if c.output == "text" {
			fmt.Printf("%s %12d  %s\n", entry.LastModified.Format(time.RFC3339), entry.Size, entry.Key)
			continue
		}
		all = append(all, entry)
	}
	return c.show(map[string][]transfer.Entry{"artifacts": all}, "")
}

// remove removes artifacts. One that is not there does not hinder the others.
func (c *artifactCommand) remove(ctx context.Context, s *transfer.Store, words []string) error {
	var failed []error
	removed := []string{}
	for _, key := range words {
		if err := s.Remove(ctx, key); err != nil {
			failed = append(failed, err)
			continue
		}
		removed = append(removed, key)
	}
	text := ""
	for _, key := range removed {
		text += fmt.Sprintf("removed s3://%s/%s\n", c.bucket, key)
	}
	return errors.Join(append(failed,
		c.show(map[string][]string{"removed": removed}, "%s", text))...)
}

// show prints a result on standard output: as text, or the value as JSON.
func (c *artifactCommand) show(value any, format string, args ...any) error {
	if c.output == "json" {
		encoder := json.NewEncoder(os.Stdout)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "    ")
		return encoder.Encode(value)
	}
	_, err := fmt.Printf(format, args...)
	return err
}
