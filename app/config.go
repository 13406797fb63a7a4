package app

import (
	"fmt"
	"log/slog"
	"math"
	"net"
	"strings"
	"time"

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
	// OpenPlain lets the plain listeners listen beyond loopback. Then everybody on the network can
	// use the plain MQTT listener without credentials, and read what is sent.
	OpenPlain bool
	// Limits are on what is stored: active jobs, templates, how long ended jobs stay.
	Limits job.Limits
	// Rates are on requests.
	Rates Rates
	// MaxConnections is how many connections there may be, over all listeners; 0 is as many as the
	// limit of open files leaves room for (docs/spec/24, section 5).
	MaxConnections int
	// ObjectStore is where devices download the objects in job documents from, and upload to.
	ObjectStore ObjectStore
	// Artifacts is the server's own store of the files that devices download.
	Artifacts Artifacts
	// PresenceGrace is how long after a start the server waits for devices that were connected
	// before, until they count as not connected (R-ID-61).
	PresenceGrace time.Duration
	// AuditDays is for how many days the records of the audit log are kept; 0 keeps none.
	AuditDays int
	// Log gets refusals, faults and, at debug level, every request.
	Log *slog.Logger
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
		Artifacts:     Artifacts{Bucket: "artifacts"},
		PresenceGrace: 15 * time.Minute,
		AuditDays:     730,
		Log:           slog.New(slog.DiscardHandler),
	}
}

// check refuses what is unsafe or cannot work, before anything is opened. Errors begin with the
// flag of drover serve that is wrong.
func (c Config) check() error {
	if !isAccount(c.Scope.Account) {
		return fmt.Errorf("account %q: must be 12 digits", c.Scope.Account)
	}
	if c.Scope.Region == "" {
		return fmt.Errorf("region: must not be empty")
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
	if err := c.checkBounds(); err != nil {
		return err
	}
	if err := c.ObjectStore.check(); err != nil {
		return err
	}
	if err := c.Artifacts.check(); err != nil {
		return err
	}
	if err := c.checkPlain("--http", c.HTTP); err != nil {
		return err
	}
	if c.MQTT == Auto {
		return nil
	}
	return c.checkPlain("--mqtt", c.MQTT)
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
func (c Config) checkPlain(flag, address string) error {
	if address == "" {
		return nil
	}
	loopback, err := isLoopback(address)
	if err != nil {
		return fmt.Errorf("%s %s: %w", flag, address, err)
	}
	if !loopback && !c.OpenPlain {
		return fmt.Errorf("%s %s listens beyond loopback without TLS; "+
			"use --https and --mqtts for that, or --open-plain "+
			"if everybody on the network may read and, over MQTT, act as any device", flag, address)
	}
	return nil
}

// checkBounds refuses limits and rates that are negative, infinite or not a number: a negative one
// would let nothing through, or everything.
func (c Config) checkBounds() error {
	for _, bound := range []struct {
		flag  string
		value float64
	}{
		{"--max-continuous-jobs", float64(c.Limits.ActiveContinuous)},
		{"--max-snapshot-jobs", float64(c.Limits.ActiveSnapshot)},
		{"--max-concurrent-jobs", float64(c.Limits.Concurrent)},
		{"--max-job-templates", float64(c.Limits.Templates)},
		{"--retention", c.Limits.Retention.Seconds()},
		{"--audit-days", float64(c.AuditDays)},
		{"--control-rate", c.Rates.Control},
		{"--device-read-rate", c.Rates.DeviceReads},
		{"--device-write-rate", c.Rates.DeviceWrites},
		{"--artifact-rate", c.Artifacts.Rate},
		{"--artifact-rate-per-device", c.Artifacts.RatePerDevice},
	} {
		if !(bound.value >= 0) || math.IsInf(bound.value, 0) { // not <: NaN must fail too
			return fmt.Errorf("%s: %v must be a number of 0 or more; 0 is no limit",
				bound.flag, bound.value)
		}
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
