package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/drover-iot/drover/api/drover"
	"github.com/drover-iot/drover/client"
	"github.com/drover-iot/drover/internal/clock"
)

// drover sinks create, update, rotate and delete: where lifecycle events are sent to (R-SNK-1).

// sinkVerbs are the verbs of drover sinks.
func sinkVerbs() []verb {
	return []verb{
		{"list", "[options]", listSinks},
		{"show", "NAME [options]", showSink},
		{"create", "NAME URL [options]", createSink},
		{"update", "NAME [options]", updateSink},
		{"rotate", "NAME [options]", rotateSink},
		{"delete", "NAME [options]", deleteSink},
		{"dead-letters", "NAME [options]", listDeadLetters},
		{"retry", "NAME [NUMBER...] [options]", retryDeadLetters},
		{"discard", "NAME [NUMBER...] [options]", discardDeadLetters},
	}
}

// sinkOptions are what create and update have in common. Secrets come from files, because other users
// of a machine see command lines.
type sinkOptions struct {
	*caller
	flags *flag.FlagSet

	topics, jobs, subject, ca      string
	retryFor, mechanism, username  string
	secret, credentials, passwords string
	disabled                       bool
}

func newSinkOptions(name string) *sinkOptions {
	o := &sinkOptions{flags: flag.NewFlagSet(name, flag.ContinueOnError)}
	f := o.flags
	f.StringVar(&o.topics, "topics", "", "only events whose topic one of the MQTT `filters` matches, "+
		"with commas between them")
	f.StringVar(&o.jobs, "jobs", "", "only events of jobs that one of the `patterns` matches, such as "+
		"fw-*, with commas between them")
	f.StringVar(&o.subject, "subject", "", "`subject` of NATS, with {kind}, {jobId} and {operation}, "+
		"or topic of Kafka")
	f.StringVar(&o.ca, "ca", "", "`file` of the authorities to trust, in PEM")
	f.StringVar(&o.retryFor, "retry-for", "", "how `long` an event is tried again: 90m, 24h, 3d")
	f.StringVar(&o.mechanism, "mechanism", "", "`PLAIN|SCRAM-SHA-256|SCRAM-SHA-512`: how to sign in "+
		"to Kafka")
	f.StringVar(&o.username, "username", "", "`name` of the user of Kafka")
	f.StringVar(&o.passwords, "password-file", "", "`file` with the password of that user")
	f.StringVar(&o.credentials, "credentials", "", "`file` with the credentials of a user of NATS")
	o.caller = newCaller(f)
	return o
}

// given reports whether an option was given, perhaps with an empty value.
func (o *sinkOptions) given(name string) (given bool) {
	o.flags.Visit(func(f *flag.Flag) { given = given || f.Name == name })
	return given
}

// text is the value of an option, nil when it was not given.
func text[T ~string](o *sinkOptions, name, value string) *T {
	if !o.given(name) {
		return nil
	}
	return new(T(value))
}

// file is the text of the file that an option names, nil when it was not given; without the end of
// its last line.
func file[T ~string](o *sinkOptions, name, path string) (*T, error) {
	if !o.given(name) {
		return nil, nil
	}
	if path == "" {
		return new(T("")), nil
	}
	read, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return new(T(strings.TrimRight(string(read), "\r\n"))), nil
}

// words are the parts of an option with commas between them, nil when it was not given.
func (o *sinkOptions) words(name, value string) []string {
	if !o.given(name) {
		return nil
	}
	parts := []string{}
	for part := range strings.SplitSeq(value, ",") {
		if part = strings.TrimSpace(part); part != "" {
			parts = append(parts, part)
		}
	}
	return parts
}

// request reads the options into a request that changes a sink.
func (o *sinkOptions) request(name string) (*drover.UpdateSinkRequest, error) {
	r := &drover.UpdateSinkRequest{
		SinkName:  drover.SinkName(name),
		Topics:    o.words("topics", o.topics),
		Jobs:      o.words("jobs", o.jobs),
		Subject:   text[drover.SinkSubject](o, "subject", o.subject),
		Mechanism: text[drover.SinkMechanism](o, "mechanism", o.mechanism),
		Username:  text[drover.SinkUsername](o, "username", o.username),
	}
	var err error
	if r.CA, err = file[drover.SinkCA](o, "ca", o.ca); err != nil {
		return nil, err
	}
	r.Password, err = file[drover.SinkPassword](o, "password-file", o.passwords)
	if err != nil {
		return nil, err
	}
	r.Credentials, err = file[drover.SinkCredentials](o, "credentials", o.credentials)
	if err != nil {
		return nil, err
	}
	if o.given("retry-for") {
		long, err := clock.ParseDuration(o.retryFor)
		if err != nil {
			return nil, wrongValue(o.flags, "--retry-for %s is no duration such as 24h", o.retryFor)
		}
		r.RetryForSeconds = new(drover.RetryForSeconds(long / time.Second))
	}
	return r, nil
}

// createSinkAbout is the help text of drover sinks create.
const createSinkAbout = `Make a sink: lifecycle events are sent to a webhook, to NATS or to Kafka from now on, at least
once, those of a job in their order.

  drover sinks create ops https://hooks.example.org/drover
  drover sinks create failures https://hooks.example.org/f --topics '$aws/events/jobExecution/+/failed'
  drover sinks create stream tls://nats.example.org:4222 --subject 'fleet.{jobId}.{operation}'
  drover sinks create log kafkas://kafka.example.org:9093 --subject drover-events --jobs 'fw-*'

The secret that signs webhooks is made by the server and printed once, unless --secret-file gives
one. docs/sinks.md shows how receivers verify a signature.`

// kindsOfScheme say by the scheme of a URL what a sink is reached by.
var kindsOfScheme = map[string]drover.SinkKind{
	"nats": "NATS", "tls": "NATS", "kafka": "KAFKA", "kafkas": "KAFKA",
}

// createSink makes a sink.
func createSink(ctx context.Context, how string, args []string) error {
	o := newSinkOptions("sinks create")
	o.flags.StringVar(&o.secret, "secret-file", "", "`file` with the secret that signs webhooks")
	o.flags.BoolVar(&o.disabled, "disabled", false, "send nothing yet")
	words, err := parseWords(o.flags, args, how, createSinkAbout)
	if err != nil {
		return err
	}
	const nameAndURL = 2
	if len(words) != nameAndURL || words[0] == "" || words[1] == "" {
		return wrongWords(o.flags)
	}
	set, err := o.request(words[0])
	if err != nil {
		return err
	}
	request := &drover.CreateSinkRequest{
		SinkName:        set.SinkName,
		Kind:            "WEBHOOK",
		URL:             drover.SinkURL(words[1]),
		Enabled:         new(!o.disabled),
		Topics:          set.Topics,
		Jobs:            set.Jobs,
		Subject:         set.Subject,
		CA:              set.CA,
		RetryForSeconds: set.RetryForSeconds,
		Credentials:     set.Credentials,
		Mechanism:       set.Mechanism,
		Username:        set.Username,
		Password:        set.Password,
	}
	scheme, _, _ := strings.Cut(words[1], "://")
	if kind, known := kindsOfScheme[scheme]; known {
		request.Kind = kind
	}
	if request.Secret, err = file[drover.SinkSecret](o, "secret-file", o.secret); err != nil {
		return err
	}
	if err := o.find(ctx); err != nil {
		return err
	}
	made, err := client.Call(ctx, o.client(o.Attempts), drover.CreateSink, request)
	if err != nil {
		return err
	}
	fmt.Printf("%s is made\n", made.SinkName)
	if made.Secret != nil {
		fmt.Printf("its secret, which is not shown again: %s\n", *made.Secret)
	}
	warnOf(made.Warnings)
	return nil
}

// warnOf prints what keeps events from a sink.
func warnOf(warnings []string) {
	for _, w := range warnings {
		fmt.Fprintln(os.Stderr, "warning: "+w)
	}
}

// updateSinkAbout is the help text of drover sinks update.
const updateSinkAbout = `Change a sink. What is not given stays; an empty value takes away.

  drover sinks update ops --url https://hooks.example.org/new
  drover sinks update ops --jobs ''
  drover sinks update ops --disable`

// updateSink changes a sink.
func updateSink(ctx context.Context, how string, args []string) error {
	o := newSinkOptions("sinks update")
	url := o.flags.String("url", "", "`address` to send to")
	enable := o.flags.Bool("enable", false, "send what waits")
	disable := o.flags.Bool("disable", false, "send nothing; what is published waits, for three days")
	words, err := parseWords(o.flags, args, how, updateSinkAbout)
	if err != nil {
		return err
	}
	switch {
	case len(words) != 1 || words[0] == "":
		return wrongWords(o.flags)
	case *enable && *disable:
		return wrongValue(o.flags, "--enable and --disable cannot be given together")
	}
	request, err := o.request(words[0])
	if err != nil {
		return err
	}
	request.URL = text[drover.SinkURL](o, "url", *url)
	if *enable || *disable {
		request.Enabled = enable
	}
	if err := o.find(ctx); err != nil {
		return err
	}
	sink, err := client.Call(ctx, o.client(o.Attempts), drover.UpdateSink, request)
	if err != nil {
		return err
	}
	fmt.Printf("%s is changed\n", sink.SinkName)
	warnOf(sink.Warnings)
	return nil
}

// rotateSinkAbout is the help text of drover sinks rotate.
const rotateSinkAbout = `Give a webhook a new secret, which is printed once. For a while the one before signs, too.

  drover sinks rotate ops
  drover sinks rotate ops --keep-previous 1h`

// rotateSink gives a webhook a new secret.
func rotateSink(ctx context.Context, how string, args []string) error {
	flags := flag.NewFlagSet("sinks rotate", flag.ContinueOnError)
	keep := flags.String("keep-previous", "24h", "how `long` the secret before signs, too: 0s to 7d")
	c := newCaller(flags)
	words, err := parseWords(flags, args, how, rotateSinkAbout)
	if err != nil {
		return err
	}
	if len(words) != 1 || words[0] == "" {
		return wrongWords(flags)
	}
	long, err := clock.ParseDuration(*keep)
	if err != nil {
		return wrongValue(flags, "--keep-previous %s is no duration such as 24h", *keep)
	}
	if err := c.find(ctx); err != nil {
		return err
	}
	request := &drover.RotateSinkSecretRequest{
		SinkName:               drover.SinkName(words[0]),
		KeepPreviousForSeconds: new(drover.KeepPreviousForSeconds(long / time.Second)),
	}
	made, err := client.Call(ctx, c.client(c.Attempts), drover.RotateSinkSecret, request)
	if err != nil {
		return err
	}
	fmt.Printf("its new secret, which is not shown again: %s\n", made.Secret)
	if made.PreviousUntil != nil {
		fmt.Printf("the one before signs, too, until %s\n",
			made.PreviousUntil.Time().Format(time.RFC3339))
	}
	return nil
}

// deleteSinkAbout is the help text of drover sinks delete.
const deleteSinkAbout = `Delete a sink with its dead letters. What waits for it is not sent any more.

  drover sinks delete ops`

// deleteSink deletes a sink.
func deleteSink(ctx context.Context, how string, args []string) error {
	flags := flag.NewFlagSet("sinks delete", flag.ContinueOnError)
	c := newCaller(flags)
	words, err := parseWords(flags, args, how, deleteSinkAbout)
	if err != nil {
		return err
	}
	if len(words) != 1 || words[0] == "" {
		return wrongWords(flags)
	}
	if err := c.find(ctx); err != nil {
		return err
	}
	_, err = client.Call(ctx, c.client(c.Attempts), drover.DeleteSink,
		&drover.DeleteSinkRequest{SinkName: drover.SinkName(words[0])})
	if err == nil {
		fmt.Printf("%s is deleted\n", words[0])
	}
	return err
}
