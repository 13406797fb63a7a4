package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"

	"github.com/coreos/go-systemd/v22/daemon"

	"github.com/drover-iot/drover/app"
	"github.com/drover-iot/drover/bus"
	"github.com/drover-iot/drover/cli/shellwords"
	"github.com/drover-iot/drover/internal/capacity"
	"github.com/drover-iot/drover/internal/endpoints"
)

// serveAbout is the help text of drover serve.
const serveAbout = "Run the server. " +
	"Without options it listens on this machine only and keeps its data in ./drover-data.\n\n" +
	whereSettingsAre +
	"The presigned URLs in job documents are signed with the credential in the environment\n" +
	"variables DROVER_S3_ACCESS_KEY_ID, DROVER_S3_SECRET_ACCESS_KEY and, for a temporary one,\n" +
	"DROVER_S3_SESSION_TOKEN, unless --s3-roles has another for the role of the job. Without\n" +
	"them a key pair of the server's own signs, and the object store must be given that:\n" +
	"\"drover keys urls\" prints it.\n\n" +
	"DROVER_STORE is --store, for a URL with a password, and DROVER_SECRET is the content of\n" +
	"--secret-file: other users of the machine see command lines, and not the environment.\n\n" +
	"All servers on a database have the same operator keys and certificate authorities. The\n" +
	"first server puts them into the database, encrypted with the secret that it is given or,\n" +
	"when there is none, with one that it makes in its data folder. Every other server must be\n" +
	"given that one."

// serve runs the server until ctx ends.
func serve(ctx context.Context, args []string) error {
	settings := newServerSettings("serve")
	if err := parse(settings.flags, args, serveAbout); err != nil {
		return err
	}
	// All is checked before anything is opened: a wrong word leaves no folder behind.
	c, warnings, err := settings.read()
	if err != nil {
		return err
	}
	reload := make(chan os.Signal, 1)
	signal.Notify(reload, syscall.SIGHUP)
	c.Reload, c.Again = reload, settings.read
	// Standard output is for people: where the server listens. The log goes to standard error.
	c.Level = new(slog.LevelVar)
	c.Level.Set(c.LogLevel)
	c.Log = slog.New(logHandler(c.LogFormat, c.Level))

	capacity.LimitHeap()
	keepFilesPrivate()
	server, err := open(ctx, c)
	if err != nil {
		return err
	}
	for _, text := range warnings { // not before: a server that does not start says why, and that alone
		c.Log.Warn(text)
	}
	context.AfterFunc(ctx, func() { tellSupervisor(c.Log, daemon.SdNotifyStopping) })
	return server.Run(ctx, func() {
		fmt.Print(welcome(server))
		tellSupervisor(c.Log, daemon.SdNotifyReady)
		go watchdog(ctx, c.Log, server.Unhealthy)
	})
}

// logHandler writes the lines of the log.
func logHandler(format string, level slog.Leveler) slog.Handler {
	options := &slog.HandlerOptions{Level: level}
	if format == "json" {
		return slog.NewJSONHandler(os.Stderr, options)
	}
	return slog.NewTextHandler(os.Stderr, options)
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
		{"metrics and probes", e.Admin, ""},
		{"console", consoleAddress(e), ""},
		{"data", folder, ""},
		{"database", s.Database(), ""},
		{"bus", bus.Shown(s.Bus), ""},
		{"for a shell", environmentLine(s.Fresh, e, folder), ""},
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
	file := filepath.Join(folder, "endpoints.json")
	if os.Getenv("JOURNAL_STREAM") != "" { // the journal is a log (R-SVC-4)
		return text + fmt.Sprintf(madeKey, file)
	}
	return text + fmt.Sprintf(firstSteps, file,
		e.HTTP, e.Region, e.AccessKeyID, e.SecretAccessKey, e.Region, e.Account)
}

// consoleAddress is where a browser finds the console, "" when no HTTP listener is on.
func consoleAddress(e endpoints.File) string {
	if address := cmp.Or(e.HTTP, e.HTTPS); address != "" {
		return address + "/"
	}
	return ""
}

// environmentLine is the line that sets what a shell needs to call the server. The first start of a
// folder prints the variables themselves.
func environmentLine(fresh bool, e endpoints.File, folder string) string {
	if fresh || e.HTTP == "" && e.HTTPS == "" {
		return ""
	}
	return `eval "$(drover keys env --data ` + shellwords.Quote(folder) + `)"`
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
const madeKey = "\nAn operator key was made. It is in %s, readable by the server's user only.\n"

const firstSteps = `
An operator key was made. It is in %s too, readable by you only. In another terminal:

  export AWS_ENDPOINT_URL=%s AWS_DEFAULT_REGION=%s
  export AWS_ACCESS_KEY_ID=%s AWS_SECRET_ACCESS_KEY=%s
  aws iot create-thing --thing-name pump-07
  aws iot create-job --job-id hello --targets arn:aws:iot:%s:%s:thing/pump-07 --document '{"operation":"hello"}'
  aws iot describe-job --job-id hello
`
