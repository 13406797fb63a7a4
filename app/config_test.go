package app

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/drover-iot/drover/internal/config"
	"github.com/drover-iot/drover/job"
)

// A configuration that is unsafe or cannot work is refused with the name of what is wrong.
func TestCheck(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name   string
		change func(*Config)
		want   string // the error begins with it; "" for none
	}{
		{"the default", func(*Config) {}, ""},
		{"an account", func(c *Config) { c.Scope.Account = "123456789012" }, ""},
		{"11 digits", func(c *Config) { c.Scope.Account = "12345678901" }, `--account: "12345678901" must be 12 digits`},
		{"13 digits", func(c *Config) { c.Scope.Account = "1234567890123" }, "--account:"},
		{"a letter", func(c *Config) { c.Scope.Account = "12345678901a" }, "--account:"},
		{"digits of another script", func(c *Config) { c.Scope.Account = "١٢٣٤٥٦" }, "--account:"},
		{"no region", func(c *Config) { c.Scope.Region = "" }, "--region:"},

		{"a database", func(c *Config) { c.Store = "postgres://u@h/d" }, ""},
		{"its longer scheme", func(c *Config) { c.Store = "postgresql://u@h/d" }, ""},
		{"another database", func(c *Config) { c.Store = "mysql://u:secret@h/d" }, "--store: must be"},
		{"words", func(c *Config) { c.Store = "host=h password=secret" }, "--store: must be"},
		{"a broken URL", func(c *Config) { c.Store = "postgres://u:secr%et@h" }, "--store: must be"},

		{"a bus", func(c *Config) { c.Store, c.Bus = "postgres://u@h/d", "nats://n:4222" }, ""},
		{"a bus of one node", func(c *Config) { c.Bus = "nats://n:4222" }, "--bus: is of use with --store only"},
		{"another bus", func(c *Config) { c.Store, c.Bus = "postgres://u@h/d", "kafka://n" }, "--bus: must be"},
		{"credentials without a bus", func(c *Config) { c.BusCredentials = "x" }, "--bus-creds: is of use with --bus"},
		{"credentials that are missing", func(c *Config) {
			c.Store, c.Bus, c.BusCredentials = "postgres://u@h/d", "nats://n", "/nowhere/user.creds"
		}, "--bus-creds: open /nowhere/user.creds: no such file"},

		{"tokens that are missing", func(c *Config) { c.AuthorizerTokens = "/nowhere" }, "--authorizer-tokens: stat /nowhere: no such file"},
		{"tokens that are no folder", func(c *Config) { c.AuthorizerTokens = "config_test.go" }, "--authorizer-tokens: config_test.go is not a folder"},
		{"a hook that may take a minute", func(c *Config) { c.Hooks.Timeout = time.Minute }, "--hook-timeout: 1m must be"},
		{"authorities that are missing", func(c *Config) { c.Hooks.CA = "/nowhere/ca.pem" }, "--hook-ca: open /nowhere/ca.pem: no such file"},
		{"authorities that are none", func(c *Config) { c.Hooks.CA = "config_test.go" }, "--hook-ca: config_test.go has no certificate"},
		{"a secret that is short", func(c *Config) { c.Hooks.Secret = "whsec_c2VjcmV0" }, "DROVER_HOOK_SECRET: must be whsec_ and the base64"},

		{"7 connections", func(c *Config) { c.MaxConnections = 7 }, "--max-connections: 7 must be a whole number, 8 or more; 0: as many"},
		{"-1 connections", func(c *Config) { c.MaxConnections = -1 }, "--max-connections: -1 must be"},
		{"an unknown mode", func(c *Config) { c.Artifacts.Mode = "perhaps" }, "--artifacts: perhaps must be on, off or auto"},
		{"where it stands", func(c *Config) {
			c.HTTP, c.Origins = ":80", config.Origins{"http": {Kind: config.File, Name: "a.yaml:3: http"}}
		}, "a.yaml:3: http: :80 listens beyond"},

		{"a session of 59 s", func(c *Config) { c.MQTTLimits.SessionExpiry = 59e9 }, "--mqtt-session-expiry: 59s must be"},
		{"a session of a minute", func(c *Config) { c.MQTTLimits.SessionExpiry = 60e9 }, ""},
		{"less than devices count on", func(c *Config) { c.MQTTLimits.MaxPayload = 131071 }, "--mqtt-max-payload: 131071 must be a whole number, 131072 to 524288"},

		{"no limit", func(c *Config) { c.Limits.Concurrent = 0 }, ""},
		{"half a request a second", func(c *Config) { c.Rates.Control = 0.5 }, ""},
		{"-1", func(c *Config) { c.Limits.ActiveSnapshot = -1 }, "--max-snapshot-jobs:"},
		{"-1", func(c *Config) { c.Limits.ActiveContinuous = -1 }, "--max-continuous-jobs:"},
		{"-1", func(c *Config) { c.Limits.Concurrent = -1 }, "--max-concurrent-jobs:"},
		{"-2", func(c *Config) { c.Limits.Templates = -2 }, "--max-job-templates:"},
		{"an hour ago", func(c *Config) { c.Limits.Retention = -time.Hour }, "--retention:"},
		{"infinite", func(c *Config) { c.Rates.Control = math.Inf(1) }, "--control-rate:"},
		{"not a number", func(c *Config) { c.Rates.DeviceReads = math.NaN() }, "--device-read"},
		{"-0.1", func(c *Config) { c.Rates.DeviceWrites = -0.1 }, "--device-write-rate:"},

		{"a credential", func(c *Config) { c.ObjectStore = credential("id", "secret", "") }, ""},
		{"with a token", func(c *Config) { c.ObjectStore = credential("id", "secret", "t") }, ""},
		{"no secret", func(c *Config) { c.ObjectStore = credential("id", "", "") }, "DROVER_S3_"},
		{"no id", func(c *Config) { c.ObjectStore = credential("", "secret", "") }, "DROVER_S3_"},
		{"a token alone", func(c *Config) { c.ObjectStore = credential("", "", "t") }, "DROVER_S3_"},

		{"buckets before a name", func(c *Config) { c.ObjectStore = hosts("http://s3.example:9000") }, ""},
		{"before an address", func(c *Config) { c.ObjectStore = hosts("http://10.0.0.1") }, "--s3-virtual-hosts"},
		{"before [::1]", func(c *Config) { c.ObjectStore = hosts("http://[::1]:9000") }, "--s3-virtual-hosts"},
		{"before nothing", func(c *Config) { c.ObjectStore = hosts("") }, "--s3-virtual-hosts"},

		{"plain HTTP is off", func(c *Config) { c.HTTP = "" }, ""},
		{"plain HTTP for all", func(c *Config) { c.HTTP = ":8080" }, "--http: :8080 listens beyond"},
		{"plain MQTT for all", func(c *Config) { c.MQTT = "0.0.0.0:1883" }, "--mqtt: 0.0.0.0:1883"},
		{"not an address", func(c *Config) { c.MQTT = "1883" }, "--mqtt: 1883: "},
		{"plain for all, asked for", func(c *Config) { c.MQTT, c.OpenPlain = ":1883", true }, ""},
		{"TLS for all", func(c *Config) { c.HTTPS, c.MQTTS = ":8443", ":8883" }, ""},
	} {
		c := Default()
		row.change(&c)
		err := c.Check()
		if row.want == "" && err != nil ||
			row.want != "" && (err == nil || !strings.HasPrefix(err.Error(), row.want)) {
			t.Errorf("%s: got %v, want %q", row.name, err, row.want)
		}
	}
}

// Plain MQTT is there by default only as long as nobody else reaches the server (R-BRK-39).
func TestPlainMQTT(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name   string
		change func(*Config)
		want   string
	}{
		{"the default", func(*Config) {}, "127.0.0.1:1883"},
		{"the others are off", func(c *Config) { c.HTTP, c.HTTPS, c.MQTTS = "", "", "" }, "127.0.0.1:1883"},
		{"HTTPS for all", func(c *Config) { c.HTTPS = "0.0.0.0:443" }, ""},
		{"MQTT over TLS for all", func(c *Config) { c.MQTTS = ":8883" }, ""},
		{"plain HTTP for all", func(c *Config) { c.HTTP, c.OpenPlain = ":80", true }, ""},
		{"a host name", func(c *Config) { c.HTTPS = "jobs.example.org:443" }, ""},
		{"asked for", func(c *Config) { c.HTTPS, c.MQTT = ":443", "127.0.0.1:1" }, "127.0.0.1:1"},
		{"off", func(c *Config) { c.MQTT = "" }, ""},
	} {
		c := Default()
		row.change(&c)
		if err := c.Check(); err != nil {
			t.Errorf("%s: %v", row.name, err)
		}
		if got := c.plainMQTT(); got != row.want {
			t.Errorf("%s: %q, want %q", row.name, got, row.want)
		}
	}
}

// hosts is an object store with the bucket in front of its host.
func hosts(endpoint job.ObjectStore) ObjectStore {
	return ObjectStore{Endpoint: endpoint, VirtualHosts: true}
}

// credential is an object store with a credential.
func credential(id, secret, token string) ObjectStore {
	return ObjectStore{AccessKeyID: id, SecretAccessKey: secret, SessionToken: token}
}

// Which addresses to listen on reach this machine only.
func TestIsLoopback(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]bool{
		"127.0.0.1:0":       true,
		"127.1.2.3:80":      true,
		"[::1]:80":          true,
		"localhost:80":      true,
		":80":               false,
		"0.0.0.0:80":        false,
		"[::]:80":           false,
		"192.0.2.1:80":      false,
		"example.org:80":    false,
		"localhost.evil:80": false,
	} {
		if got, err := isLoopback(address); err != nil || got != want {
			t.Errorf("%s: got %v, %v, want %v", address, got, err, want)
		}
	}
	for _, address := range []string{"", "127.0.0.1", "80", "::1:80"} {
		if _, err := isLoopback(address); err == nil {
			t.Errorf("%q was read as an address", address)
		}
	}
}
