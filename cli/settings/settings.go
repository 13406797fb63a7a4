package settings

import (
	"context"
	"errors"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/drover-iot/drover/cli/connection"
	"github.com/drover-iot/drover/cli/exit"
	"github.com/drover-iot/drover/cli/output"
	"github.com/drover-iot/drover/client"
	"github.com/drover-iot/drover/internal/endpoints"
)

// Sources are the places, beside files, where settings come from.
type Sources struct {
	Option  func(name string) (text string, given bool) // of the command line
	Getenv  func(name string) string
	Service string // the plane that is called: iot, iot-jobs-data
	Offline bool   // nothing is sent, so that no endpoint is needed (R-CMD-55)

	// AtHand leaves out credentials that a program or a service would have to be asked for, for calls
	// that nobody has ordered (R-CMD-146).
	AtHand bool
	// Ask asks the user for a text that is not shown, on the terminal. It is nil where nobody can be
	// asked; without a terminal it returns ErrNoTerminal.
	Ask func(ctx context.Context, prompt string) (string, error)
}

// ErrNoTerminal is the error of Sources.Ask without a terminal.
var ErrNoTerminal = errors.New("there is no terminal")

// option returns the text of an option, "" without it. An option with an empty value counts as not
// given here, like an empty variable; has tells the two apart.
func (s Sources) option(name string) string {
	text, _ := s.Option(name)
	return text
}

// has reports whether an option is on the command line.
func (s Sources) has(name string) bool {
	_, given := s.Option(name)
	return given
}

// withProfile are the same sources with an option --profile.
func (s Sources) withProfile(profile string) Sources {
	option := s.Option
	s.Option = func(name string) (string, bool) {
		if name == "profile" {
			return profile, true
		}
		return option(name)
	}
	return s
}

// Settings are those in force.
type Settings struct {
	Region      string
	Endpoint    string // http://host:port; "" only when Offline
	Output      string // one of output.Formats
	Timestamps  string // how times are shown: TimestampsISO or TimestampsWire
	Attempts    int    // how often a request is made at most
	Credentials client.Credentials
	Profile     Profile
	Reporting

	from  Sources
	chain []string // the profiles that are being exported, for a credential_process
}

// The forms in which times are shown (R-CMD-69).
const (
	TimestampsISO  = "iso8601" // in the local time zone
	TimestampsWire = "wire"    // as the service sends them
)

// noEndpoint names the ways to set one (R-CMD-111).
const noEndpoint = `There is no endpoint. ` +
	`Give --endpoint-url, set AWS_ENDPOINT_URL, or put endpoint_url into the profile.
Beside a running "drover serve", when no credentials are configured either, none of these is needed.`

// noRegion is what the reference says (R-CMD-100).
const noRegion = `You must specify a region. ` +
	`You can also configure your region by running "aws configure".`

// hostLabel is the form of a region: a part of a host's name.
var hostLabel = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$`)
})

// Find finds all settings but the credentials (R-CMD-20, step 9).
func Find(from Sources) (*Settings, error) {
	s := &Settings{from: from}
	for _, find := range []func() error{
		s.findProfile, s.findReporting, s.findServer, s.findOutput, s.findTimestamps,
		s.findAttempts,
	} {
		if err := find(); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// findServer finds region and endpoint, if need be those of a server on this machine.
func (s *Settings) findServer() (err error) {
	s.findRegion()
	if s.Endpoint, err = s.endpoint(); err != nil {
		return err
	}
	if s.Endpoint == "" {
		if err := s.useLocalServer(); err != nil && !s.from.Offline {
			return exit.Environment("%s", err)
		}
	}
	// A local server may have brought both, so they are checked after it.
	switch {
	case s.Region == "":
		return exit.Missing(exit.CodeNoRegion, noRegion)
	case !hostLabel().MatchString(s.Region):
		return exit.Other("Provided region_name '%s' doesn't match a supported format.", s.Region)
	case s.Endpoint == "" && !s.from.Offline:
		return exit.Environment("%s", noEndpoint)
	}
	return nil
}

// findRegion finds the region that is configured, if one is (R-CMD-100).
func (s *Settings) findRegion() {
	get := s.from.Getenv
	s.Region = first(
		s.from.option("region"),
		get("AWS_REGION"), get("AWS_DEFAULT_REGION"),
		s.Profile.Get("region"),
	)
}

// planeKeys are the names of the planes in the settings of endpoints (R-CMD-108).
var planeKeys = map[string]string{"iot": "iot", "iot-jobs-data": "iot_jobs_data_plane"}

// endpoint is the address of the called plane that is configured, wherever that is; "" when it is
// not.
func (s *Settings) endpoint() (string, error) {
	if url := s.from.option("endpoint-url"); url != "" {
		return url, nil
	}
	return s.endpointOf(planeKeys[s.from.Service])
}

// endpointOf goes through the places where the endpoint of a service may be set, beside the option,
// which is for the called plane alone; "" when none has one (R-CMD-107 to R-CMD-109).
func (s *Settings) endpointOf(key string) (string, error) {
	get, p := s.from.Getenv, s.Profile
	for _, ignore := range []string{
		get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"), p.Get("ignore_configured_endpoint_urls"),
	} {
		if strings.EqualFold(ignore, "true") {
			return "", nil
		}
	}
	// A variable of the one service comes before the one of all services.
	url := first(get("AWS_ENDPOINT_URL_"+strings.ToUpper(key)), get("AWS_ENDPOINT_URL"))
	if url != "" {
		return url, nil
	}
	if url, err := p.service(key, "endpoint_url"); url != "" || err != nil {
		return url, err
	}
	return p.Get("endpoint_url"), nil
}

// useLocalServer takes endpoint, region and keys from the server that runs on the data folder of
// this place, if one does. It does so only when no credentials are configured: a file that
// happens to lie in a folder must not learn what was meant for another host. An error means that a
// server seems to run, and that what it left cannot be used: it may be somebody else's trap.
func (s *Settings) useLocalServer() error {
	if s.credentialsConfigured() {
		return nil
	}
	// The server's default folder is relative to where it was started, and so is this one.
	found, err := endpoints.Read(first(s.from.Getenv("DROVER_DATA"), "drover-data"))
	if errors.Is(err, fs.ErrNotExist) || err == nil && found.HTTP == "" {
		return nil
	}
	if err != nil {
		return err
	}
	s.Endpoint = found.HTTP
	s.Region = first(s.from.option("region"), found.Region, s.Region)
	s.Credentials = client.Credentials{
		AccessKeyID:     found.AccessKeyID,
		SecretAccessKey: found.SecretAccessKey,
	}
	return nil
}

// findOutput finds the format of what is shown (R-CMD-88).
func (s *Settings) findOutput() error {
	s.Output = first(
		s.from.option("output"),
		s.from.Getenv("AWS_DEFAULT_OUTPUT"),
		s.Profile.Get("output"),
		output.JSON,
	)
	// An option has been checked with the line, so this is one of the environment (R-CMD-88).
	if !slices.Contains(output.Formats(), s.Output) {
		return exit.Environment("Unknown output type: %s", s.Output)
	}
	return nil
}

// findTimestamps finds the form of times (R-CMD-69).
func (s *Settings) findTimestamps() error {
	usual := TimestampsISO
	if s.FirstGeneration {
		usual = TimestampsWire
	}
	s.Timestamps = first(s.Profile.Get("cli_timestamp_format"), usual)
	if s.Timestamps != TimestampsISO && s.Timestamps != TimestampsWire {
		return exit.Environment("Unknown cli_timestamp_format value: %s, "+
			`valid values are "wire" or "iso8601"`, s.Timestamps)
	}
	return nil
}

// CABundle is the path of the certificates that alone are trusted; "" for those of the system.
func (s *Settings) CABundle() string {
	return first(
		s.from.option("ca-bundle"), s.from.Getenv("AWS_CA_BUNDLE"), s.Profile.Get("ca_bundle"),
	)
}

// Connection is how the server is connected to, with time-outs and trust as asked for (R-CMD-98).
func (s *Settings) Connection() connection.Connection {
	return connection.Connection{
		CABundle:       s.CABundle(),
		NoVerify:       s.from.has("no-verify-ssl"),
		ConnectTimeout: connection.Seconds(s.from.option("cli-connect-timeout")),
		ReadTimeout:    connection.Seconds(s.from.option("cli-read-timeout")),
	}
}

// ChecksParameters reports whether parameters are checked before they are sent (R-CMD-62).
func (s *Settings) ChecksParameters() bool {
	return !strings.EqualFold(s.Profile.Get("parameter_validation"), "false")
}

// Home is the user's home folder. Windows has another variable for it.
func Home(getenv func(string) string) string {
	return first(getenv("HOME"), getenv("USERPROFILE"))
}

// first is how precedence is written here: first(option, variable, profile, default). It
// returns the first text that is not empty: an empty variable counts as not set (R-CMD-137).
func first(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}
