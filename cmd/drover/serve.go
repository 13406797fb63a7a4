package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"

	"github.com/drover-iot/drover/app"
	"github.com/drover-iot/drover/bus"
	"github.com/drover-iot/drover/internal/capacity"
	"github.com/drover-iot/drover/internal/endpoints"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/objectstore"
)

// serveAbout is the help text of drover serve.
const serveAbout = "Run the server. " +
	"Without options it listens on this machine only and keeps its data in ./drover-data.\n\n" +
	"The presigned URLs in job documents are signed with the credential in the environment\n" +
	"variables DROVER_S3_ACCESS_KEY_ID, DROVER_S3_SECRET_ACCESS_KEY and, for a temporary one,\n" +
	"DROVER_S3_SESSION_TOKEN, unless --s3-roles has another for the role of the job. Without\n" +
	"them a key pair of the server's own signs, and the object store must be given that:\n" +
	"\"drover keys urls\" prints it.\n\n" +
	"The environment variable DROVER_STORE is --store, for a URL with a password, and\n" +
	"DROVER_SECRET is the content of --secret-file: other users of the machine see command\n" +
	"lines, and not the environment. DROVER_BUS is --bus, likewise.\n\n" +
	"All servers on a database have the same operator keys and certificate authorities. The\n" +
	"first server puts them into the database, encrypted with the secret that it is given or,\n" +
	"when there is none, with one that it makes in its data folder. Every other server must be\n" +
	"given that one."

// serve runs the server until ctx ends. The flags stand in functions by what they are
// about; their defaults are those of package app.
func serve(ctx context.Context, args []string) error {
	c := app.Default()
	flags := flag.NewFlagSet("serve", flag.ContinueOnError)
	listenerFlags(flags, &c)
	limitFlags(flags, &c)
	objectStoreFlags(flags, &c)
	artifacts := artifactFlags(flags, &c)
	clock := flags.String("clock", "real",
		"`real|virtual`: virtual time stands still until POST /_drover/clock moves it")
	level := flags.String("log", "info", "the least level that is logged: `debug|info|warn|error`")
	if err := parse(flags, args, serveAbout); err != nil {
		return err
	}
	objectStoreSecrets(&c)
	visible := hasPassword(c.Store)
	storeEnvironment(&c)
	if c.ObjectStore.Roles != "" { // otherwise the signal ends the server, as ever
		reload := make(chan os.Signal, 1)
		signal.Notify(reload, syscall.SIGHUP)
		c.ObjectStore.Reload = reload
	}
	// What the flags say is checked before anything is opened: a wrong word leaves no folder
	// behind.
	switch *clock {
	case "real":
	case "virtual":
		c.Virtual = true
	default:
		return fmt.Errorf("--clock %s: must be real or virtual", *clock)
	}
	if err := chooseArtifacts(&c, *artifacts); err != nil {
		return err
	}
	var least slog.Level
	if err := least.UnmarshalText([]byte(*level)); err != nil {
		return fmt.Errorf("--log %s: must be debug, info, warn or error", *level)
	}
	// Standard output is for people: where the server listens. The log goes to standard error.
	c.Log = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: least}))
	if visible {
		c.Log.Warn(visiblePassword)
	}
	busEnvironment(&c, bus.HasPassword(c.Bus))

	capacity.LimitHeap()
	keepFilesPrivate()
	server, err := open(ctx, c)
	if err != nil {
		return err
	}
	return server.Run(ctx, func() { fmt.Print(welcome(server)) })
}

const visiblePassword = "other users of this machine can see the password in --store; " +
	"use DROVER_STORE"

// hasPassword reports whether there is a password in the URL of a database.
func hasPassword(store string) bool {
	u, err := url.Parse(store)
	if err != nil {
		return false
	}
	_, inUser := u.User.Password()
	return inUser || u.Query().Has("password")
}

// listenerFlags are the flags for where the server keeps its data, where it listens, and as whom.
func listenerFlags(flags *flag.FlagSet, c *app.Config) {
	flags.StringVar(&c.Data, "data", c.Data,
		"`folder` of everything that is kept; made when missing")
	storeFlags(flags, c)
	busFlags(flags, c)

	// An address is host:port; the port 0 is a free one.
	flags.StringVar(&c.HTTP, "http", c.HTTP, "`address` of plain HTTP, both planes; empty: off")
	flags.StringVar(&c.HTTPS, "https", c.HTTPS,
		"`address` of HTTPS, both planes, and of MQTT by ALPN; empty: off")
	flags.StringVar(&c.MQTT, "mqtt", c.MQTT,
		"`address` of plain MQTT, on which every client may act as any device; empty: off; "+
			"auto: "+app.DefaultMQTT+" as long as all other listeners are on loopback")
	flags.StringVar(&c.MQTTS, "mqtts", c.MQTTS, "`address` of MQTT over mutual TLS; empty: off")

	// Account, region and host are names only: nothing outside is asked about them.
	flags.StringVar(&c.Scope.Account, "account", c.Scope.Account, "account `id` in ARNs, 12 digits")
	flags.StringVar(&c.Scope.Region, "region", c.Scope.Region,
		"region `name` in ARNs and signatures")
	flags.StringVar(&c.Host, "host", c.Host,
		"host `name` that describe-endpoint answers and a new server certificate carries")
	flags.BoolVar(&c.Scope.Relaxed, "relaxed-scope", false,
		"accept ARNs and signatures of any account and region, "+
			"for test suites that have them written in")
	flags.BoolVar(&c.OpenPlain, "open-plain", false,
		"let --http and --mqtt listen beyond loopback: "+
			"everybody on the network can read, and act as any device")
}

// busFlags are the flags for how messages on ordinary topics reach the other servers on a database.
func busFlags(flags *flag.FlagSet, c *app.Config) {
	flags.StringVar(&c.Bus, "bus", "",
		"`URL` of a NATS server like nats://nats.example.org:4222, or tls://…, or several after commas:\n"+
			"messages on ordinary topics reach subscribers on every server of a database by it, and\n"+
			"otherwise those on the same server; one with a password belongs into DROVER_BUS")
	flags.StringVar(&c.BusCredentials, "bus-creds", "",
		"`file` with the credentials of a user of NATS; nobody else may read it")
}

// busEnvironment reads what the environment says about the bus, and warns of a password that others
// can see.
func busEnvironment(c *app.Config, visible bool) {
	if visible {
		c.Log.Warn("other users of this machine can see the password in --bus; use DROVER_BUS")
	}
	if c.Bus == "" {
		c.Bus = os.Getenv("DROVER_BUS")
	}
}

// limitFlags are the flags for how much the server does, and how often.
func limitFlags(flags *flag.FlagSet, c *app.Config) {
	// Limits of the service, which a fleet of one's own may raise.
	flags.IntVar(&c.Limits.ActiveContinuous, "max-continuous-jobs", c.Limits.ActiveContinuous,
		"how many continuous jobs may be active; 0: any `number`")
	flags.IntVar(&c.Limits.ActiveSnapshot, "max-snapshot-jobs", c.Limits.ActiveSnapshot,
		"how many snapshot jobs may be active; 0: any `number`")
	flags.IntVar(&c.Limits.Concurrent, "max-concurrent-jobs", c.Limits.Concurrent,
		"how many jobs may roll out or be canceled at a time; 0: any `number`")
	flags.IntVar(&c.Limits.Templates, "max-job-templates", c.Limits.Templates,
		"how many job templates there may be; 0: any `number`")

	// How long absent devices and ended jobs are remembered.
	flags.DurationVar(&c.PresenceGrace, "presence-grace", c.PresenceGrace,
		"how long after a start devices that were connected may take to come back, "+
			"before dynamic groups take them for disconnected")
	flags.DurationVar(&c.Limits.Retention, "retention", c.Limits.Retention,
		"how long jobs are kept after they ended; 0: for ever")

	flags.IntVar(&c.AuditDays, "audit-days", c.AuditDays,
		"how many `days` the records of who has changed what are kept; 0: none are made")

	flags.IntVar(&c.MaxConnections, "max-connections", 0,
		"how many connections there may be, over all listeners; half of them, and a quarter from one\n"+
			"address, may be of callers who have not shown yet who they are; 0: the `number` that the\n"+
			"limit of open files leaves room for")

	// Rates of requests; without one, what the machine can do.
	flags.Float64Var(&c.Rates.Control, "control-rate", 0,
		"how often a second each operation may be called; 0: any `number`")
	flags.Float64Var(&c.Rates.DeviceReads, "device-read-rate", 0,
		"how many reads a second all devices may make together; 0: any `number`")
	flags.Float64Var(&c.Rates.DeviceWrites, "device-write-rate", 0,
		"how many writes a second all devices may make together; 0: any `number`")
}

// objectStoreFlags are the flags for where devices download the objects in job documents from and
// upload to, who signs for that, and where documents are read from.
func objectStoreFlags(flags *flag.FlagSet, c *app.Config) {
	flags.Func("s3-endpoint", "`URL` of an S3-compatible store like http://127.0.0.1:9000, "+
		"from which devices download the objects in job documents, in path style; "+
		"without it, from the AWS hosts that the documents name",
		func(text string) (err error) {
			c.ObjectStore.Endpoint, err = job.ParseObjectStore(text)
			return err
		})
	flags.BoolVar(&c.ObjectStore.VirtualHosts, "s3-virtual-hosts", false,
		"in URLs of --s3-endpoint, write the bucket in front of its host and not into the path")
	flags.StringVar(&c.ObjectStore.Region, "s3-region", "",
		"region `name` that presigned URLs are signed for "+
			"(default: the one in the host that a document names, else --region)")
	flags.StringVar(&c.ObjectStore.Roles, "s3-roles", "",
		"`file` with the credentials of roles, a JSON object like\n"+
			`{"arn:aws:iam::123456789012:role/fw":{"accessKeyId":"…","secretAccessKey":"…"},`+"\n"+
			` "*":{"assumeRole":true}}`+"\n"+
			"in which * is every other role; read again when it changes and on SIGHUP")
	flags.Func("s3-unknown-roles", "what becomes of roles that --s3-roles has no entry for: "+
		"`refuse|default`: default is that the default credential signs for them",
		func(text string) error {
			c.ObjectStore.RefuseUnknown = text == "refuse"
			if text != "refuse" && text != "default" {
				return errors.New("must be refuse or default")
			}
			return nil
		})
	flags.StringVar(&c.ObjectStore.UploadBucket, "s3-upload-bucket", "",
		"`bucket` of uploads whose placeholder names none, as "+
			"JOB/THING/EXECUTION-NUMBER; without it, such placeholders are refused")
	flags.Func("document-hosts", "`hosts` from which documentSource may be read over https, beside "+
		"object stores, like files.example,inner.example:8443=10.0.0.0/8; "+
		"addresses that are not public only in the range that is given",
		func(text string) (err error) {
			c.ObjectStore.DocumentHosts, err = objectstore.ParseHosts(text)
			return err
		})
}

// artifactFlags are the flags for the server's own store of the files that devices download. The
// value that is returned says whether there is one.
func artifactFlags(flags *flag.FlagSet, c *app.Config) *string {
	flags.StringVar(&c.Artifacts.Bucket, "artifact-bucket", c.Artifacts.Bucket,
		"`name` of the bucket of the server's own store, which speaks S3 on --http and --https;\n"+
			"documents name its objects as ${aws:iot:s3-presigned-url:s3://artifacts/KEY}")
	flags.Float64Var(&c.Artifacts.Rate, "artifact-rate", 0,
		"how many `bytes` a second all downloads from the server's own store may take together;\n"+
			"0: any number")
	flags.Float64Var(&c.Artifacts.RatePerDevice, "artifact-rate-per-device", 0,
		"how many `bytes` a second the downloads of one address may take; 0: any number")
	return flags.String("artifacts", "auto",
		"`on|off|auto`: whether there is a store of the server's own; auto: unless --store names a\n"+
			"database, whose servers have the store of --s3-endpoint instead")
}

// chooseArtifacts turns the store of artifacts off where the flag says so: its files are on one
// machine, and servers on a database are several (R-ART-10).
func chooseArtifacts(c *app.Config, flag string) error {
	switch {
	case flag == "off", flag == "auto" && c.Store != "":
		c.Artifacts.Bucket = ""
	case flag != "on" && flag != "auto":
		return fmt.Errorf("--artifacts %s: must be on, off or auto", flag)
	}
	return nil
}

// objectStoreSecrets reads the credential of the object store. It is no flag, because other users
// of a machine see command lines; and not in the variables of the AWS command line, in which a key
// for this server may stand.
func objectStoreSecrets(c *app.Config) {
	c.ObjectStore.AccessKeyID = os.Getenv("DROVER_S3_ACCESS_KEY_ID")
	c.ObjectStore.SecretAccessKey = os.Getenv("DROVER_S3_SECRET_ACCESS_KEY")
	c.ObjectStore.SessionToken = os.Getenv("DROVER_S3_SESSION_TOKEN")
}

// errWindows says where a server can run; docs/adr/0008 says why.
var errWindows = errors.New("the server runs on Linux and macOS only; " +
	"on Windows, drover is the command line of a server elsewhere")

// open opens a server, on the systems where one can run.
func open(ctx context.Context, c app.Config) (*app.Server, error) {
	if runtime.GOOS == "windows" {
		return nil, errWindows
	}
	return app.Open(ctx, c)
}

// welcome says where the server listens and, on an empty folder, what to do next. The secret is
// printed once: with the first start.
func welcome(s *app.Server) string {
	e := s.Endpoints
	folder := absolute(s.Data)
	// A listener that is off is left out.
	text := fmt.Sprintf("drover serves %s, account %s\n", e.Region, e.Account)
	for _, l := range []struct{ what, where, note string }{
		{"HTTP", e.HTTP, ""},
		{"HTTPS", e.HTTPS, ""},
		{"MQTT", e.MQTT, plainNote(s.OpenPlain)},
		{"MQTT over mutual TLS", e.MQTTS, ""},
		{"console", consoleAddress(e), ""},
		{"data", folder, ""},
		{"database", s.Database(), ""},
		{"bus", bus.Shown(s.Bus), ""},
	} {
		if l.where != "" {
			text += fmt.Sprintf("  %-21s %s%s\n", l.what, l.where, l.note)
		}
	}
	if s.MadeSecret != "" {
		text += fmt.Sprintf(keepSecret, absolute(s.MadeSecret))
	}
	// The first steps call plain HTTP: over HTTPS they would need the CA as well.
	if !s.Fresh || e.HTTP == "" {
		return text
	}
	return text + fmt.Sprintf(firstSteps, filepath.Join(folder, "endpoints.json"),
		e.HTTP, e.Region, e.AccessKeyID, e.SecretAccessKey, e.Region, e.Account)
}

// consoleAddress is where a browser finds the console, "" when no HTTP listener is on.
func consoleAddress(e endpoints.File) string {
	if address := cmp.Or(e.HTTP, e.HTTPS); address != "" {
		return address + "/"
	}
	return ""
}

// absolute is a path that is of use in another terminal, too.
func absolute(path string) string {
	if whole, err := filepath.Abs(path); err == nil {
		return whole
	}
	return path
}

// keepSecret is printed when a server has made the secret of its database.
const keepSecret = `
The operator keys and certificate authorities in the database are encrypted. The secret for that was
made now, readable by you only:

  %s

Keep a copy of it where the backups of the database are not: without it, keys and authorities are
lost. Every other server on this database must be given the same secret, with --secret-file FILE or in
the variable DROVER_SECRET.
`

// plainNote says what the plain MQTT listener lets its clients do.
func plainNote(open bool) string {
	if open {
		return "  no credentials: everybody who reaches it may act as any device"
	}
	return "  no credentials: every program on this machine may act as any device"
}

// firstSteps is printed when a folder is new: a job for one thing, to copy into another terminal.
const firstSteps = `
An operator key was made. It is in %s too, readable by you only. In another terminal:

  export AWS_ENDPOINT_URL=%s AWS_DEFAULT_REGION=%s
  export AWS_ACCESS_KEY_ID=%s AWS_SECRET_ACCESS_KEY=%s
  aws iot create-thing --thing-name pump-07
  aws iot create-job --job-id hello --targets arn:aws:iot:%s:%s:thing/pump-07 --document '{"operation":"hello"}'
  aws iot describe-job --job-id hello
`
