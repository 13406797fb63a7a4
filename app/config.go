package app

import (
	"fmt"
	"log/slog"
	"net"
	"os"
	"strings"
	"time"

	"github.com/drover-iot/drover/internal/config"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
)

// Config is all that a server can be told. Default has the values of a server without flags. An
// address of 127.0.0.1:0 picks a free port; an empty one turns the listener off.
type Config struct {
	// Data is the folder of everything that is stored. It is made when it does not exist.
	Data string
	// Store is the URL of the PostgreSQL database in which everything is kept that the API can
	// change; empty: a file of the data folder. It may hold a password, and is never logged.
	Store string
	// SecretFile is a file with the key that the secrets in the database are encrypted with, Secret
	// the key itself, which is never logged; SecretFile counts when both are set. Empty: the file
	// secret.key of the data folder, which the first server on a database makes.
	SecretFile, Secret string
	// Bus is the URL of a NATS server, or of several with commas between them, by which messages on
	// ordinary topics reach the other nodes on the database; empty: they stay on this node. It may
	// hold a password, and is never logged.
	Bus string
	// BusCredentials is a file with the credentials of a user of NATS; empty: none.
	BusCredentials string
	// HTTP is the address of plain HTTP, for operators and, with signatures, for devices.
	HTTP string
	// HTTPS is the address of HTTP over TLS, for operators by signature and for devices by
	// certificate. A client that asks for MQTT by ALPN gets that here too.
	HTTPS string
	// MQTT is the address of plain MQTT without credentials, for laboratories. Auto is DefaultMQTT
	// as long as the other listeners are on loopback, and none otherwise (R-BRK-39).
	MQTT string
	// MQTTS is the address of MQTT over TLS with certificates on both sides.
	MQTTS string
	// Virtual makes the engine's clock stand still until /_drover/clock moves it.
	Virtual bool
	// Scope is the account and region in ARNs and signatures.
	Scope registry.Scope
	// Host is the host name that DescribeEndpoint answers. A server certificate that is made
	// carries it; one that exists is not changed.
	Host string
	// Admin is where metrics and probes have a listener of their own; AdminTLS has it speak TLS.
	Admin    string
	AdminTLS bool
	// AuthorizerTokens is the folder of files that custom authorizers may read; empty: there is none.
	AuthorizerTokens string
	// Hooks is how functions of operators are called.
	Hooks Hooks
	// TracesEndpoint takes the traces of requests, by OTLP over HTTP; empty: none are made.
	// TracesRatio is the part of the requests that is followed.
	TracesEndpoint string
	TracesRatio    float64
	// MinFreeBytes is how many bytes must be free on the disk of the data folder for a server that
	// is ready; 0 does not look.
	MinFreeBytes int64
	// OpenPlain lets the plain listeners listen beyond loopback. Then everybody on the network can
	// use the plain MQTT listener without credentials, and read what is sent.
	OpenPlain bool
	// Limits are on what is stored: active jobs, templates, how long ended jobs stay.
	Limits job.Limits
	// Rates are on requests.
	Rates Rates
	// MQTTLimits are on clients of the broker.
	MQTTLimits MQTTLimits
	// MaxConnections is how many connections there may be, over all listeners; 0 is as many as the
	// limit of open files leaves room for (docs/spec/24, section 5).
	MaxConnections int
	// ObjectStore is where devices download the objects in job documents from, and upload to.
	ObjectStore ObjectStore
	// PlainPages says that pages of a new store have no checksums (R-BAK-8).
	PlainPages bool
	// Artifacts is the server's own store of the files that devices download.
	Artifacts Artifacts
	// PresenceGrace is how long after a start the server waits for devices that were connected
	// before, until they count as not connected (R-ID-61).
	PresenceGrace time.Duration
	// AuditDays is for how many days the records of the audit log are kept; 0 keeps none.
	AuditDays int
	// LogLevel is the least level that Log gets. Level, when it is not nil, is what Log looks at.
	LogLevel slog.Level
	Level    *slog.LevelVar
	// LogFormat is text or json. Whoever makes Log follows it.
	LogFormat string
	// Log gets refusals, faults and, at debug level, every request.
	Log *slog.Logger
	// Reload has the server read its settings again, by Again, and its certificate and roles; nil:
	// never. Warnings are for the log.
	Reload <-chan os.Signal
	Again  func() (c Config, warnings []string, err error)

	documentHosts string // ObjectStore.DocumentHosts as they were written
	// Origins says where the values of settings came from, for messages about them.
	Origins config.Origins
}

// auditKept is how long the records of the audit log are kept; 0 makes none.
func (c Config) auditKept() time.Duration {
	const day = 24 * time.Hour
	return time.Duration(min(c.AuditDays, maxAuditDays)) * day
}

// maxAuditDays is a century: more is for ever.
const maxAuditDays = 36525

// Auto is the address of plain MQTT that depends on the other listeners, DefaultMQTT is what it is
// then.
const (
	Auto        = "auto"
	DefaultMQTT = "127.0.0.1:1883"
)

// Rates are how many requests are answered in a second, over all callers; 0 is any number
// (docs/spec/24, section 5).
type Rates struct {
	// Control is for each operation of the control plane.
	Control float64
	// DeviceReads and DeviceWrites are for all things together.
	DeviceReads, DeviceWrites float64
}

// Default is the configuration of a server without flags: fixed ports, on loopback only.
func Default() Config {
	return Config{
		Data:          "drover-data",
		HTTP:          "127.0.0.1:8080",
		HTTPS:         "127.0.0.1:8443",
		MQTT:          Auto,
		MQTTS:         "127.0.0.1:8883",
		Scope:         registry.DefaultScope,
		Host:          "localhost",
		Limits:        job.DefaultLimits,
		MQTTLimits:    defaultMQTTLimits,
		Artifacts:     Artifacts{Mode: Auto, Bucket: "artifacts"},
		PresenceGrace: 15 * time.Minute,
		AuditDays:     730,
		MinFreeBytes:  256 << 20,
		TracesRatio:   1,
		Hooks:         Hooks{Timeout: 5 * time.Second},
		LogFormat:     "text",
		Log:           slog.New(slog.DiscardHandler),
	}
}

// named is how messages name a setting: by the place where its value stands (R-CFG-6).
func (c Config) named(setting string) string { return c.Origins.Name(setting) }

// Check refuses what is unsafe or cannot work, before anything is opened. Errors begin with the
// place where the value that is wrong stands.
func (c Config) Check() error {
	if err := config.Check(config.All(c.Settings()), c.Origins); err != nil {
		return err
	}
	if !isAccount(c.Scope.Account) {
		return fmt.Errorf("%s: %q must be 12 digits", c.named("account"), c.Scope.Account)
	}
	if c.Scope.Region == "" {
		return fmt.Errorf("%s: must not be empty", c.named("region"))
	}
	if err := c.checkStore(); err != nil {
		return err
	}
	if _, err := c.givenKey(); err != nil {
		return err
	}
	if err := c.checkBus(); err != nil {
		return err
	}
	if _, err := c.newHooks(); err != nil {
		return err
	}
	if err := c.checkAuthorizers(); err != nil {
		return err
	}
	if err := c.checkObjectStore(); err != nil {
		return err
	}
	if err := c.checkArtifacts(); err != nil {
		return err
	}
	if err := c.checkAdmin(); err != nil {
		return err
	}
	if err := c.checkPlain(c.named("http"), c.HTTP); err != nil {
		return err
	}
	if c.MQTT == Auto {
		return nil
	}
	return c.checkPlain(c.named("mqtt"), c.MQTT)
}

// plainMQTT is the address of plain MQTT, with Auto resolved. Whoever reaches that listener may act
// as any device, so a server that others than this machine use has it only when it was asked for.
func (c Config) plainMQTT() string {
	if c.MQTT != Auto {
		return c.MQTT
	}
	for _, address := range []string{c.HTTP, c.HTTPS, c.MQTTS} {
		if address == "" {
			continue
		}
		if loopback, err := isLoopback(address); err != nil || !loopback {
			return ""
		}
	}
	return DefaultMQTT
}

// isAccount reports whether a text is the id of an AWS account.
func isAccount(text string) bool {
	notDigit := func(r rune) bool { return r < '0' || r > '9' }
	return len(text) == 12 && !strings.ContainsFunc(text, notDigit)
}

// checkPlain refuses the address of a listener without TLS that others than this machine reach,
// unless that was asked for.
func (c Config) checkPlain(name, address string) error {
	if address == "" {
		return nil
	}
	loopback, err := isLoopback(address)
	if err != nil {
		return fmt.Errorf("%s: %s: %w", name, address, err)
	}
	if !loopback && !c.OpenPlain {
		return fmt.Errorf("%s: %s listens beyond loopback without TLS; "+
			"use --https and --mqtts for that, or --open-plain "+
			"if everybody on the network may read and, over MQTT, act as any device", name, address)
	}
	return nil
}

// isLoopback reports whether an address to listen on can be reached from this machine only. An
// empty host, as in :8080, is every network of the machine.
func isLoopback(address string) (bool, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false, err
	}
	if host == "localhost" {
		return true, nil
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback(), nil
}
