package agent

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"time"

	"github.com/drover-iot/drover/internal/config"
)

// Config is all that an agent can be told.
type Config struct {
	// Endpoint is HOST or HOST:PORT of the server; the port is 8883 unless given. With 443 MQTT is asked
	// for by ALPN, also when that is written.
	Endpoint string
	// Thing is the name of the thing; empty: what provisioning has said.
	Thing string
	// Certificate and Key are the files of the device's certificate and private key, in PEM.
	Certificate, Key string
	// CA is a file with the authorities of the server, in PEM; empty: those of the machine.
	CA string
	// State is the folder in which the agent keeps its place.
	State string
	// Handlers are folders with handlers, with commas between them.
	Handlers string
	// NoCommands has documents that run commands rejected.
	NoCommands bool
	// PassUser has handlers get the name of the user as their first argument.
	PassUser bool
	// RebootCommand reboots the device; words with blanks between them. BootID is a file whose content
	// differs after each boot.
	RebootCommand, BootID string
	// StepAttempts is how often a step may be begun that never ended, because the agent or the device
	// stopped in it.
	StepAttempts int
	// DownloadPatience is how long a download may bring nothing.
	DownloadPatience time.Duration
	// KeepAlive is the interval of MQTT, LongestPause the longest between attempts to connect.
	KeepAlive, LongestPause time.Duration
	// UntilIdle ends the agent when there is no job for it.
	UntilIdle bool
	// ProgressEvery is the least time between two reports of progress.
	ProgressEvery time.Duration
	// Template is the provisioning template of a device that has no certificate yet, with the
	// certificate and key of the claim, and its parameters, NAME=VALUE with commas between them.
	Template, ClaimCertificate, ClaimKey, Parameters string

	// LogLevel is the least level of the log, LogFormat is text or json; whoever makes Log follows them.
	LogLevel  slog.Level
	LogFormat string
	Log       *slog.Logger
	// Origins says where the values of settings came from, for messages about them.
	Origins config.Origins
}

// Default is the configuration of an agent without options.
func Default() Config {
	return Config{
		State:            "/var/lib/drover-agent",
		Handlers:         "/etc/drover-agent/handlers",
		RebootCommand:    "systemctl reboot",
		BootID:           "/proc/sys/kernel/random/boot_id",
		StepAttempts:     3,
		DownloadPatience: time.Hour,
		KeepAlive:        2 * time.Minute,
		LongestPause:     2 * time.Minute,
		ProgressEvery:    5 * time.Second,
		LogFormat:        "text",
		Log:              slog.New(slog.DiscardHandler),
	}
}

// Settings is the table of all settings of an agent, whose values are members of c.
func (c *Config) Settings() []config.Group {
	return []config.Group{
		{Title: "Server", Settings: c.serverSettings()},
		{Title: "Jobs", Settings: c.jobSettings()},
		{Title: "Provisioning", Settings: c.provisioningSettings()},
		{Title: "Log", Settings: []config.Setting{
			{
				Name:  "log-level",
				About: "the least `level` of the log: debug, info, warn or error",
				Range: "debug, info, warn or error",
				Value: config.Parsed(
					func() string { return strings.ToLower(c.LogLevel.String()) },
					func(text string) error {
						if err := c.LogLevel.UnmarshalText([]byte(text)); err != nil {
							return errors.New("must be debug, info, warn or error")
						}
						return nil
					}),
			},
			{
				Name:  "log-format",
				About: "how lines of the log are written: `text` or json",
				Value: config.Choice(&c.LogFormat, "text", "json"),
			},
		}},
	}
}

func (c *Config) serverSettings() []config.Setting {
	const none = "a path; empty: none"
	return []config.Setting{
		{
			Name: "endpoint",
			About: "`address` of the server's MQTT over TLS, like jobs.example.org:8883; on port 443 MQTT is " +
				"asked for by ALPN",
			Range: "host, or host:port; the port is 8883 unless given",
			Value: config.Text(&c.Endpoint),
		},
		{
			Name:  "thing",
			About: "`name` of the thing whose jobs are done; also the client id",
			Range: "a name; empty: the one that provisioning has given",
			Value: config.Text(&c.Thing),
		},
		{
			Name:  "certificate",
			About: "`file` with the certificate of the device, in PEM",
			Range: "a path; empty: device.pem in the state folder, which provisioning makes",
			Value: config.Text(&c.Certificate),
		},
		{
			Name:  "key",
			About: "`file` with the private key of the device, in PEM",
			Range: "a path; empty: device.key in the state folder, which provisioning makes",
			Value: config.Text(&c.Key),
		},
		{
			Name:  "ca",
			About: "`file` with the authorities that the server is verified against, in PEM; downloads trust them, too",
			Range: "a path; empty: the authorities of the machine",
			Value: config.Text(&c.CA),
		},
		{
			Name:  "keep-alive",
			About: "after what `time` without a packet the connection is probed",
			Unit:  "time, like 2m",
			Value: config.Duration(&c.KeepAlive, config.Bounds{Least: 30, Most: 1200}),
		},
		{
			Name:  "longest-pause",
			About: "the longest `time` between two attempts to connect",
			Unit:  "time, like 2m",
			Value: config.Duration(&c.LongestPause, config.Bounds{Least: 1, Most: 86400}),
		},
		{
			Name:  "state",
			About: "`folder` in which the agent keeps its place, so that it goes on where it was; made when missing",
			Range: "a path",
			Value: config.Text(&c.State),
		},
		{
			Name:  "boot-id",
			About: "`file` whose content is another one after each boot",
			Range: none,
			Value: config.Text(&c.BootID),
		},
	}
}

func (c *Config) jobSettings() []config.Setting {
	return []config.Setting{
		{
			Name:  "handlers",
			About: "`folders` with handlers, with commas between them; documents may name one of them",
			Range: "paths",
			Value: config.Text(&c.Handlers),
		},
		{
			Name:  "no-commands",
			About: "reject documents that run commands, as AWS-Run-Command does",
			Value: config.Switch(&c.NoCommands),
		},
		{
			Name: "pass-user",
			About: "give handlers the name of the user as their first argument, as handlers of the AWS IoT Device " +
				"Client expect",
			Value: config.Switch(&c.PassUser),
		},
		{
			Name:  "reboot-command",
			About: "`command` that reboots the device",
			Range: "words with blanks between them",
			Value: config.Text(&c.RebootCommand),
		},
		{
			Name: "step-attempts",
			About: "how often a step may be begun that does not end, because the device stops in it: a `number`; " +
				"then the job has failed",
			Unit:  "attempts",
			Value: config.Whole(&c.StepAttempts, config.Bounds{Least: 1, Most: 100}),
		},
		{
			Name:  "until-idle",
			About: "end when there is no job to do, with status 0: for a device that wakes up now and then",
			Value: config.Switch(&c.UntilIdle),
		},
		{
			Name:  "download-patience",
			About: "for what `time` a download is tried that brings nothing",
			Unit:  "time, like 1h",
			Value: config.Duration(&c.DownloadPatience, config.Bounds{Least: 1, Most: 30 * 86400}),
		},
		{
			Name:  "progress-every",
			About: "the least `time` between two reports of progress",
			Unit:  "time, like 5s",
			Value: config.Duration(&c.ProgressEvery, config.Bounds{Least: 0.1, Most: 86400}),
		},
	}
}

func (c *Config) provisioningSettings() []config.Setting {
	return []config.Setting{
		{
			Name:  "template",
			About: "`name` of the provisioning template by which a device that has no certificate gets one",
			Range: "a name; empty: the device has a certificate",
			Value: config.Text(&c.Template),
		},
		{
			Name:  "claim-certificate",
			About: "`file` with the claim certificate, in PEM",
			Range: "a path",
			Value: config.Text(&c.ClaimCertificate),
		},
		{
			Name:  "claim-key",
			About: "`file` with the private key of the claim certificate, in PEM",
			Range: "a path",
			Value: config.Text(&c.ClaimKey),
		},
		{
			Name:  "parameters",
			About: "`parameters` of the template, like SerialNumber=4711,Site=a",
			Range: "NAME=VALUE with commas between them",
			Value: config.Text(&c.Parameters),
		},
	}
}

// named is how messages name a setting.
func (c Config) named(setting string) string { return c.Origins.Name(setting) }

// Check refuses what cannot work, before anything is opened or made.
func (c Config) Check() error {
	if err := config.Check(config.All(c.Settings()), c.Origins); err != nil {
		return err
	}
	switch {
	case c.Endpoint == "":
		return fmt.Errorf("%s: is missing; it is the address of the server, like jobs.example.org", c.named("endpoint"))
	case c.Template == "" && c.Thing == "":
		return fmt.Errorf("%s: is missing; or give --template, by which the device gets a name", c.named("thing"))
	case c.Template != "" && (c.ClaimCertificate == "" || c.ClaimKey == ""):
		return fmt.Errorf("%s: needs --claim-certificate and --claim-key", c.named("template"))
	case c.State == "":
		return fmt.Errorf("%s: is missing", c.named("state"))
	}
	if _, _, err := c.server(); err != nil {
		return fmt.Errorf("%s: %w", c.named("endpoint"), err)
	}
	if _, err := c.parameters(); err != nil {
		return fmt.Errorf("%s: %w", c.named("parameters"), err)
	}
	return nil
}

// server is the address of the server, and its host name.
func (c Config) server() (address, host string, err error) {
	host, port, err := net.SplitHostPort(c.Endpoint)
	if err != nil {
		host, port = c.Endpoint, "8883"
	}
	if host == "" || strings.ContainsAny(host+port, "/ ") {
		return "", "", fmt.Errorf("%q is neither host nor host:port", c.Endpoint)
	}
	return net.JoinHostPort(strings.Trim(host, "[]"), port), strings.Trim(host, "[]"), nil
}

// parameters are those of the provisioning template.
func (c Config) parameters() (map[string]string, error) {
	all := map[string]string{}
	if c.Parameters == "" {
		return all, nil
	}
	for pair := range strings.SplitSeq(c.Parameters, ",") {
		name, value, ok := strings.Cut(pair, "=")
		if name = strings.TrimSpace(name); !ok || name == "" {
			return nil, fmt.Errorf("%q is not NAME=VALUE", pair)
		}
		all[name] = strings.TrimSpace(value)
	}
	return all, nil
}

// in is the path of a file of the state folder.
func (c Config) in(name string) string { return filepath.Join(c.State, name) }
