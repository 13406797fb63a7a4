package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/drover-iot/drover/client"
	"github.com/drover-iot/drover/internal/clock"
	"github.com/drover-iot/drover/internal/endpoints"
)

// With a virtual clock nothing happens until somebody moves it. This command does, for scripts
// and for people; package client does the same for Go tests.

// clockAbout is the help text of drover clock.
const clockAbout = `Read or move the virtual clock of a server that runs with --clock virtual. A move
does everything that falls due in between, in order, before the command ends.

  drover clock                      show the time
  drover clock advance 30d          move it on: 90m, 24h, 30d, 1d12h
  drover clock set 2030-01-02T15:04:05Z
  drover clock next                 move it to the next time that something waits for

The server is found by its data folder, which --data names, or DROVER_DATA, or the file of --config or
DROVER_CONFIG, as with drover serve.`

// runClock reads or moves the clock of a running server, and prints what it shows then. The
// server is one on this machine, found by its data folder, or one elsewhere.
func runClock(ctx context.Context, args []string) error {
	settings := newLocalSettings("clock [advance DURATION | set TIME | next]", "data")
	flags := settings.flags
	endpoint := flags.String("endpoint-url", "", "`address` of a server elsewhere; "+
		"its key is taken from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
	// Package flag ends at the first word that is no flag, and "drover clock advance 1h --data x"
	// has flags behind it.
	words, options := splitWords(args)
	if asksHelp(words) {
		options = []string{"--help"}
	}
	if err := parse(flags, options, clockAbout); err != nil {
		return err
	}
	c, err := clockClient(settings, *endpoint)
	if err != nil {
		return err
	}
	now, err := moveClock(ctx, c, words)
	if err != nil {
		return fmt.Errorf("clock: %w", err)
	}
	// The mode tells a script whether the clock could be moved at all.
	mode := "real"
	if now.Virtual {
		mode = "virtual"
	}
	fmt.Printf("%s %s\n", now.Now.Format(time.RFC3339Nano), mode)
	return nil
}

// splitWords sorts the words of the command from its options, which may stand before and after
// them. Each option has one value, after a blank or after "="; only -h and --help have none.
func splitWords(args []string) (words, options []string) {
	for i := 0; i < len(args); i++ {
		if !strings.HasPrefix(args[i], "-") {
			words = append(words, args[i])
			continue
		}
		options = append(options, args[i])
		name := strings.Trim(args[i], "-")
		help, hasValue := name == "h" || name == "help", strings.Contains(name, "=")
		if !help && !hasValue && i+1 < len(args) {
			i++
			options = append(options, args[i])
		}
	}
	return words, options
}

// moveClock does what the words after "drover clock" ask for, and returns what the clock shows
// then.
func moveClock(ctx context.Context, c *client.Client, words []string) (client.Reading, error) {
	served := client.Clock(c)
	if len(words) == 0 {
		return served.Read(ctx)
	}
	// Too many words make a value that cannot be read, and the message shows all of them.
	verb, value := words[0], strings.Join(words[1:], " ")
	switch verb {
	case "advance":
		by, err := clock.ParseDuration(value)
		if err != nil {
			return client.Reading{}, err
		}
		return served.Advance(ctx, by)
	case "set":
		to, err := time.Parse(time.RFC3339, value)
		if err != nil {
			return client.Reading{}, fmt.Errorf(
				"%q is not a time such as 2030-01-02T15:04:05Z", value)
		}
		return served.Set(ctx, to)
	case "next":
		if value == "" {
			return served.Next(ctx)
		}
		verb += " " + value
	}
	return client.Reading{}, fmt.Errorf(
		"there is no %q; it can advance, set, next, or without a word show the time", verb)
}

// clockClient finds the server: by its address, or else by what it left in its data folder.
func clockClient(settings *serverSettings, endpoint string) (*client.Client, error) {
	// A server elsewhere knows a caller by a signature; one on this machine has left its key.
	if endpoint != "" {
		key := client.Credentials{
			AccessKeyID:     os.Getenv("AWS_ACCESS_KEY_ID"),
			SecretAccessKey: os.Getenv("AWS_SECRET_ACCESS_KEY"),
			SessionToken:    os.Getenv("AWS_SESSION_TOKEN"),
		}
		return client.New(endpoint, key, client.Region(os.Getenv("AWS_DEFAULT_REGION"))), nil
	}
	c, err := settings.readLocal()
	if err != nil {
		return nil, err
	}
	e, err := endpoints.Read(c.Data)
	if err != nil {
		return nil, fmt.Errorf("no server runs on %s: %w", c.Data, err)
	}
	if e.HTTP != "" {
		return operator(e), nil
	}
	// A server without plain HTTP is called over HTTPS, where its own CA is the one to trust.
	authority, err := os.ReadFile(e.CA)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(authority)
	e.HTTP = e.HTTPS
	return operator(e, client.HTTPClient(&http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
	}})), nil
}

// operator is a client of a server on this machine, with the operator key that the server made.
func operator(e endpoints.File, options ...client.Option) *client.Client {
	key := client.Credentials{AccessKeyID: e.AccessKeyID, SecretAccessKey: e.SecretAccessKey}
	return client.New(e.HTTP, key, append(options, client.Region(e.Region))...)
}
