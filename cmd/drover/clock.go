package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"flag"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/drover-iot/drover/app"
	"github.com/drover-iot/drover/client"
	"github.com/drover-iot/drover/internal/clock"
)

const clockAbout = `Read or move the virtual clock of a server that runs with --clock virtual. Everything due in between runs, in order,
before the command ends.

  drover clock                      show the time
  drover clock advance 30d          move it on: 90m, 24h, 30d, 1d12h
  drover clock set 2030-01-02T15:04:05Z
  drover clock next                 move it to the next time that something waits for`

// runClock reads or moves the clock of a running server.
func runClock(ctx context.Context, args []string) error {
	verb, value, rest := clockWords(args)
	flags := flag.NewFlagSet("clock [advance DURATION | set TIME | next]", flag.ContinueOnError)
	data := flags.String("data", app.Default().Data, "data `folder` of the server, on this machine")
	endpoint := flags.String("endpoint-url", "", "`address` of a server elsewhere; its key is taken from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
	if err := parse(flags, rest, clockAbout); err != nil {
		return err
	}
	c, err := clockClient(*data, *endpoint)
	if err != nil {
		return err
	}
	now, err := moveClock(ctx, c, verb, value)
	if err != nil {
		return fmt.Errorf("clock: %w", err)
	}
	fmt.Printf("%s %s\n", now.Now.Format(time.RFC3339Nano), now.Mode)
	return nil
}

// clockWords takes the words that stand before the options.
func clockWords(args []string) (verb, value string, rest []string) {
	if len(args) == 0 || args[0] == "" || args[0][0] == '-' {
		return "", "", args
	}
	verb, rest = args[0], args[1:]
	if (verb == "advance" || verb == "set") && len(rest) > 0 && !strings.HasPrefix(rest[0], "-") {
		value, rest = rest[0], rest[1:]
	}
	return verb, value, rest
}

func moveClock(ctx context.Context, c client.Client, verb, value string) (client.Clock, error) {
	switch verb {
	case "":
		return c.ReadClock(ctx)
	case "advance":
		if _, err := clock.ParseDuration(value); err != nil {
			return client.Clock{}, err
		}
		return c.Advance(ctx, value)
	case "set":
		to, err := time.Parse(time.RFC3339, value)
		if err != nil {
			return client.Clock{}, fmt.Errorf("%q is not a time such as 2030-01-02T15:04:05Z", value)
		}
		return c.SetClock(ctx, to)
	case "next":
		return c.NextEvent(ctx)
	}
	return client.Clock{}, fmt.Errorf("there is no %q; it can advance, set, next, or without a word show the time", verb)
}

// clockClient finds the server: by its address, else by what it left in its data folder.
func clockClient(data, endpoint string) (client.Client, error) {
	if endpoint != "" {
		return client.Client{
			Endpoint: endpoint, Region: os.Getenv("AWS_DEFAULT_REGION"),
			AccessKeyID: os.Getenv("AWS_ACCESS_KEY_ID"), SecretAccessKey: os.Getenv("AWS_SECRET_ACCESS_KEY"),
		}, nil
	}
	e, err := app.ReadEndpoints(data)
	if err != nil {
		return client.Client{}, fmt.Errorf("no server runs on %s: %w", data, err)
	}
	c := client.Client{Endpoint: e.HTTP, Region: e.Region, AccessKeyID: e.AccessKeyID, SecretAccessKey: e.SecretAccessKey}
	if c.Endpoint != "" {
		return c, nil
	}
	authority, err := os.ReadFile(e.CA)
	if err != nil {
		return c, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(authority)
	c.Endpoint = e.HTTPS
	c.HTTP = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}}
	return c, nil
}
