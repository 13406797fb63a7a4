package main

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	"golang.org/x/time/rate"

	"github.com/drover-iot/drover/api/drover"
	iotapi "github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/cli"
	"github.com/drover-iot/drover/cli/output"
	"github.com/drover-iot/drover/cli/settings"
	"github.com/drover-iot/drover/client"
	"github.com/drover-iot/drover/internal/endpoints"
)

// drover import and export call two servers: an AWS account and a Drover. Each has options of its
// own. Variables and profiles that name an endpoint are meant for the Drover, as with all other
// commands; the account's endpoint is that of its region unless an option says otherwise.

// account is the end that is an AWS account.
type account struct {
	profile, region, endpoint, bundle *string
	rate                              *float64
	getenv                            func(string) string
}

// usualRate is how many requests a second an account gets. The lowest quota of the operations that
// are used is 10 a second, and other programs of the account need some of it.
const usualRate = 8

// newAccount adds the options of the account to the flags of a command. end is source or target.
func newAccount(flags *flag.FlagSet, end string) account {
	return account{
		profile: flags.String("profile", "", "`name` of the profile to use for the account"),
		region:  flags.String("region", "", "`name` of the account's region"),
		endpoint: flags.String(end+"-endpoint-url", "",
			"`address` of the account's service, instead of that of its region"),
		bundle: flags.String("ca-bundle", "", "`file` of the only certificates to trust, at both ends"),
		rate: flags.Float64("rate", usualRate,
			"`number` of requests a second to the account at most; the lowest quota of an account is 10"),
		getenv: os.Getenv,
	}
}

// option is an option of drover iot, for the account.
func (a account) option(name string) (string, bool) {
	given := map[string]string{
		"profile":   *a.profile,
		"region":    *a.region,
		"ca-bundle": *a.bundle,
		"output":    output.JSON, // the format of a profile is none of these commands' concern
		// An endpoint that is given keeps those of variables out, which are the Drover's.
		"endpoint-url": *a.endpoint,
	}
	if *a.endpoint == "" {
		given["endpoint-url"] = "https://account.invalid"
	}
	return given[name], given[name] != ""
}

// client finds the account's region and credentials, and makes its client.
func (a account) client() (*iot.Client, error) {
	found, err := settings.Find(settings.Sources{
		Option:  a.option,
		Getenv:  a.getenv,
		Service: "iot",
		Ask:     cli.AskOnTerminal,
	})
	if err != nil {
		return nil, err
	}
	transport, err := found.Connection().Client()
	if err != nil {
		return nil, err
	}
	o := iot.Options{
		Region:      found.Region,
		Credentials: aws.NewCredentialsCache(renewed{found}),
		HTTPClient:  limited{transport, rate.NewLimiter(rate.Limit(*a.rate), 1)},
		Retryer:     retryer(found.Attempts),
	}
	if *a.endpoint != "" {
		o.BaseEndpoint = a.endpoint
	}
	return iot.New(o), nil
}

// renewed fetches credentials again when those of before expire: a copy may take longer than those of
// a role are valid.
type renewed struct{ *settings.Settings }

// Retrieve implements aws.CredentialsProvider.
func (r renewed) Retrieve(ctx context.Context) (aws.Credentials, error) {
	keys, expires, err := r.Renew(ctx)
	return aws.Credentials{
		AccessKeyID:     keys.AccessKeyID,
		SecretAccessKey: keys.SecretAccessKey,
		SessionToken:    keys.SessionToken,
		CanExpire:       !expires.IsZero(),
		Expires:         expires,
	}, err
}

// limited sends requests no faster than a rate. Attempts of the SDK at the same request count, too.
type limited struct {
	iot.HTTPClient
	limiter *rate.Limiter
}

// Do implements iot.HTTPClient.
func (l limited) Do(r *http.Request) (*http.Response, error) {
	if err := l.limiter.Wait(r.Context()); err != nil {
		return nil, err
	}
	return l.HTTPClient.Do(r)
}

// patience is how often a request is made at most, unless another number is configured: a throttled
// account answers again after some seconds.
const patience = 6

// retryer tries requests again after failures that may pass. configured is the number of attempts of
// the profile or the environment; the usual one is too few for thousands of requests.
func retryer(configured int) aws.Retryer {
	const usual = 3
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.RateLimiter = ratelimit.None // which would end a copy after some hundred failures in all
		o.MaxAttempts = configured
		if configured == usual {
			o.MaxAttempts = patience
		}
	})
}

// droverEnd is the end that is a Drover.
type droverEnd struct {
	*caller
	data *string
}

// newDroverEnd adds the options of the Drover to the flags of a command; the option for certificates is
// that of the account.
func newDroverEnd(flags *flag.FlagSet, a account) droverEnd {
	c := &caller{given: map[string]*string{
		"endpoint-url": flags.String("endpoint-url", "", "`address` of the Drover, instead of AWS_ENDPOINT_URL"),
		"region":       flags.String("drover-region", "", "`name` of the region to sign for at the Drover"),
		"profile":      flags.String("drover-profile", "", "`name` of the profile to use for the Drover"),
		"ca-bundle":    a.bundle,
	}}
	flags.BoolVar(&c.noVerify, "no-verify-ssl", false, "accept every certificate of the Drover")
	return droverEnd{c, flags.String("data", "", "`folder` of the data of the Drover that runs on this machine, "+
		"instead of the options above")}
}

// client finds the Drover and makes its client.
func (o droverEnd) client(ctx context.Context) (*iot.Client, error) {
	if err := o.find(ctx); err != nil {
		return nil, err
	}
	// Only a Drover knows what pauses a job (R-MOV-12).
	one := &drover.ListHoldsRequest{MaxResults: new(iotapi.MaxResults(1))}
	if _, err := client.Call(ctx, o.caller.client(o.Attempts), drover.ListHolds, one); err != nil {
		return nil, fmt.Errorf("%s is not a Drover: %w", o.Endpoint, err)
	}
	return iot.New(iot.Options{
		Region:       o.Region,
		BaseEndpoint: &o.Endpoint,
		HTTPClient:   o.http,
		Retryer:      retryer(o.Attempts),
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{
				AccessKeyID:     o.Credentials.AccessKeyID,
				SecretAccessKey: o.Credentials.SecretAccessKey,
				SessionToken:    o.Credentials.SessionToken,
			}, nil
		}),
	}), nil
}

// find finds the Drover as all commands do, or on its data folder.
func (o droverEnd) find(ctx context.Context) (err error) {
	if *o.data == "" {
		return o.caller.find(ctx)
	}
	local, err := endpoints.Read(*o.data)
	if err != nil {
		return fmt.Errorf("--data %s: no server runs there: %w", *o.data, err)
	}
	o.given["endpoint-url"], o.given["region"] = &local.HTTP, &local.Region
	o.Settings, err = settings.Find(settings.Sources{
		Option: o.option, Getenv: os.Getenv, Service: "iot",
	})
	if err != nil {
		return err
	}
	o.Credentials.AccessKeyID = local.AccessKeyID
	o.Credentials.SecretAccessKey = local.SecretAccessKey
	o.http, err = o.Connection().Client()
	return err
}
