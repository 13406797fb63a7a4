// Package app wires the parts into a server. It is the only package that may import everything.
//
// config.go is all that a server can be told, app.go its life, data.go what lies in its folder. http.go settles who
// calls and routes between the planes, access.go lets devices in, broker.go joins the engine to the broker.
package app

import (
	"fmt"
	"github.com/drover-iot/drover/job"
	"log/slog"
	"math"
	"net"
	"time"

	"github.com/drover-iot/drover/registry"
)

// Config is all that a server can be told. An address of 127.0.0.1:0 picks a free port; an empty one turns the listener
// off.
type Config struct {
	Data    string // the folder of everything that is kept; made when missing
	HTTP    string // plain HTTP: both planes
	HTTPS   string // HTTP over TLS: operators by signature, devices by certificate; also MQTT by ALPN
	MQTT    string // plain MQTT, for labs
	MQTTS   string // MQTT over mutual TLS
	Virtual bool   // the engine's clock stands still until it is moved
	Scope   registry.Scope
	Host    string // the host name that DescribeEndpoint answers and the server certificate carries
	// OpenPlain lets the plain listeners listen beyond loopback, where everybody on the network can use the plain MQTT
	// listener without credentials and read what is sent.
	OpenPlain bool
	Limits    job.Limits
	Rates     Rates
	// PresenceGrace is how long after a start devices that were connected are waited for.
	PresenceGrace time.Duration
	Log           *slog.Logger
}

// Rates are how many requests a second are answered, over all callers; 0 is any number (24, section 5).
type Rates struct {
	Control                   float64 // of each operation of the control plane
	DeviceReads, DeviceWrites float64 // of all things together
}

// Default is what a server does without flags: loopback only, fixed ports.
func Default() Config {
	return Config{
		Data: "drover-data", HTTP: "127.0.0.1:8080", HTTPS: "127.0.0.1:8443", MQTT: "127.0.0.1:1883", MQTTS: "127.0.0.1:8883",
		Scope: registry.DefaultScope, Host: "localhost", Limits: job.DefaultLimits, PresenceGrace: 15 * time.Minute, Log: slog.New(slog.DiscardHandler),
	}
}

// check refuses what would be unsafe or cannot work, before anything is opened.
func (c Config) check() error {
	if len(c.Scope.Account) != 12 {
		return fmt.Errorf("account %q: must be 12 digits", c.Scope.Account)
	}
	for _, r := range c.Scope.Account {
		if r < '0' || r > '9' {
			return fmt.Errorf("account %q: must be 12 digits", c.Scope.Account)
		}
	}
	if c.Scope.Region == "" {
		return fmt.Errorf("region: must not be empty")
	}
	if err := c.checkBounds(); err != nil {
		return err
	}
	for _, plain := range []struct{ flag, address string }{{"--http", c.HTTP}, {"--mqtt", c.MQTT}} {
		if plain.address == "" {
			continue
		}
		loopback, err := isLoopback(plain.address)
		if err != nil {
			return fmt.Errorf("%s %s: %w", plain.flag, plain.address, err)
		}
		if !loopback && !c.OpenPlain {
			return fmt.Errorf("%s %s listens beyond loopback without TLS; use --https and --mqtts for that, "+
				"or --open-plain if everybody on the network may read and, over MQTT, act as any device", plain.flag, plain.address)
		}
	}
	return nil
}

// checkBounds refuses limits and rates that are no numbers of anything: one below zero would let nothing through, or all.
func (c Config) checkBounds() error {
	for _, bound := range []struct {
		flag  string
		value float64
	}{
		{"--max-continuous-jobs", float64(c.Limits.ActiveContinuous)}, {"--max-snapshot-jobs", float64(c.Limits.ActiveSnapshot)},
		{"--max-concurrent-jobs", float64(c.Limits.Concurrent)}, {"--max-job-templates", float64(c.Limits.Templates)},
		{"--retention", c.Limits.Retention.Seconds()}, {"--control-rate", c.Rates.Control},
		{"--device-read-rate", c.Rates.DeviceReads}, {"--device-write-rate", c.Rates.DeviceWrites},
	} {
		if !(bound.value >= 0) || math.IsInf(bound.value, 0) {
			return fmt.Errorf("%s: %v must be a number of 0 or more; 0 is no limit", bound.flag, bound.value)
		}
	}
	return nil
}

// isLoopback reports whether an address to listen on reaches this machine only.
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
