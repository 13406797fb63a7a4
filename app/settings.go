package app

import (
	"errors"
	"slices"
	"strings"

	"github.com/drover-iot/drover/bus"
	"github.com/drover-iot/drover/internal/config"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/objectstore"
)

// Settings is the table of all settings of a server (R-CFG-1), whose values are members of c. Flags,
// keys of the file, variables, help, docs/configuration.md and the checks are made of it.
func (c *Config) Settings() []config.Group {
	return []config.Group{
		{Title: "Data", Settings: c.dataSettings()},
		{Title: "Listeners", Settings: c.listenerSettings()},
		{Title: "Names", Settings: c.nameSettings()},
		{Title: "Limits", Settings: c.limitSettings()},
		{Title: "Limits of requests", Settings: c.requestSettings()},
		{Title: "Rates", Settings: c.rateSettings()},
		{Title: "MQTT", Settings: c.mqttSettings()},
		{Title: "Object stores", Settings: c.objectStoreSettings()},
		{Title: "Artifacts", Settings: c.artifactSettings()},
		{Title: "Hooks", Settings: slices.Concat(c.hookSettings(), c.authorizerSettings())},
		{Title: "Watching", Settings: c.watchSettings()},
		{Title: "Time and log", Settings: c.logSettings()},
	}
}

// dataSettings are where the data are, and how nodes reach each other.
func (c *Config) dataSettings() []config.Setting {
	return []config.Setting{
		{
			Name:  "data",
			About: "`folder` of everything that is kept; made when missing",
			Range: "a path",
			Value: config.Text(&c.Data),
		},
		{
			Name: "store",
			About: "`URL` of a PostgreSQL database, 15 or later, like " +
				"postgres://drover@db.example.org/drover, in which jobs, things and all else are kept " +
				"that the API can change; a URL with a password belongs into DROVER_STORE, because " +
				"other users of the machine see command lines",
			Range: "a URL; empty: a file of the data folder",
			Shown: ShownDatabase,
			Value: config.Text(&c.Store),
		},
		{
			Name: "page-checksums",
			About: "whether pages of drover.db have checksums, so that one that has changed on the disk " +
				"is an error: `on`, or off for Litestream and other programs that write the file; a file " +
				"that has checksums keeps them",
			Value: config.Words(&c.PlainPages, "on", "off"),
		},
		{
			Name: "secret-file",
			About: "`file` with the secret that the keys in the database are encrypted with: 32 bytes in " +
				"base64 or hexadecimal, the same for all servers on a database; nobody else may read it " +
				"(default: the variable DROVER_SECRET, or else secret.key in the data folder, which the " +
				"first server on a database makes)",
			Range: "a path",
			Value: config.Text(&c.SecretFile),
		},
		{
			Name:         "secret",
			About:        "the content of --secret-file, which counts when both are set",
			Range:        "32 bytes in base64 or hexadecimal",
			VariableOnly: true,
			Shown:        hidden,
			Value:        config.Text(&c.Secret),
		},
		{
			Name: "bus",
			About: "`URL` of a NATS server like nats://nats.example.org:4222, or tls://…, or several after " +
				"commas: messages on ordinary topics reach subscribers on every server of a database by " +
				"it, and otherwise those on the same server; one with a password belongs into DROVER_BUS",
			Range: "URLs with commas between them; empty: none",
			Shown: bus.Shown,
			Value: config.Text(&c.Bus),
		},
		{
			Name:  "bus-creds",
			About: "`file` with the credentials of a user of NATS; nobody else may read it",
			Range: "a path; empty: none",
			Value: config.Text(&c.BusCredentials),
		},
	}
}

// hidden is what is shown of a secret.
func hidden(secret string) string {
	if secret == "" {
		return ""
	}
	return "(not shown)"
}

// listenerSettings are where the server listens. An address is host:port; the port 0 is a free one.
func (c *Config) listenerSettings() []config.Setting {
	const where = "host:port; the port 0 is a free one; empty: off"
	return []config.Setting{
		{
			Name:  "http",
			About: "`address` of plain HTTP, both planes; empty: off",
			Range: where,
			Value: config.Text(&c.HTTP),
		},
		{
			Name:  "https",
			About: "`address` of HTTPS, both planes, and of MQTT by ALPN; empty: off",
			Range: where,
			Value: config.Text(&c.HTTPS),
		},
		{
			Name: "mqtt",
			About: "`address` of plain MQTT, on which every client may act as any device; empty: off; " +
				"auto: " + DefaultMQTT + " as long as all other listeners are on loopback",
			Range: where + "; auto",
			Value: config.Text(&c.MQTT),
		},
		{
			Name:  "mqtts",
			About: "`address` of MQTT over mutual TLS; empty: off",
			Range: where,
			Value: config.Text(&c.MQTTS),
		},
		{
			Name: "open-plain",
			About: "let --http and --mqtt listen beyond loopback: " +
				"everybody on the network can read, and act as any device",
			Value: config.Switch(&c.OpenPlain),
		},
		{
			Name: "max-connections",
			About: "how many connections there may be, over all listeners; half of them, and a quarter " +
				"from one address, may be of callers who have not shown yet who they are; 0: the " +
				"`number` that the limit of open files leaves room for",
			Unit: "connections",
			Live: true,
			Value: config.Whole(&c.MaxConnections, config.Bounds{
				Least: minConnections,
				Zero:  "as many as the limit of open files leaves room for",
			}),
		},
	}
}

// nameSettings are account, region and host. They are names only: nothing outside is asked about
// them.
func (c *Config) nameSettings() []config.Setting {
	return []config.Setting{
		{
			Name:  "account",
			About: "account `id` in ARNs, 12 digits",
			Range: "12 digits",
			Value: config.Text(&c.Scope.Account),
		},
		{
			Name:  "region",
			About: "region `name` in ARNs and signatures",
			Range: "a name, not empty",
			Value: config.Text(&c.Scope.Region),
		},
		{
			Name:  "host",
			About: "host `name` that describe-endpoint answers and a new server certificate carries",
			Range: "a name or an address",
			Value: config.Text(&c.Host),
		},
		{
			Name: "relaxed-scope",
			About: "accept ARNs and signatures of any account and region, " +
				"for test suites that have them written in",
			Value: config.Switch(&c.Scope.Relaxed),
		},
	}
}

// limitSettings are limits of the service, which a fleet of one's own may raise, and how long absent
// devices, ended jobs and records are remembered.
func (c *Config) limitSettings() []config.Setting {
	anyNumber := config.Bounds{Zero: "any number"}
	return []config.Setting{
		{
			Name:  "max-continuous-jobs",
			About: "how many continuous jobs may be active; 0: any `number`",
			Unit:  "jobs",
			Live:  true,
			Value: config.Whole(&c.Limits.ActiveContinuous, anyNumber),
		},
		{
			Name:  "max-snapshot-jobs",
			About: "how many snapshot jobs may be active; 0: any `number`",
			Unit:  "jobs",
			Live:  true,
			Value: config.Whole(&c.Limits.ActiveSnapshot, anyNumber),
		},
		{
			Name:  "max-concurrent-jobs",
			About: "how many jobs may roll out or be canceled at a time; 0: any `number`",
			Unit:  "jobs",
			Live:  true,
			Value: config.Whole(&c.Limits.Concurrent, anyNumber),
		},
		{
			Name:  "max-job-templates",
			About: "how many job templates there may be; 0: any `number`",
			Unit:  "templates",
			Live:  true,
			Value: config.Whole(&c.Limits.Templates, anyNumber),
		},
		{
			Name: "presence-grace",
			About: "how long after a start devices that were connected may take to come back, " +
				"before dynamic groups take them for disconnected, as a `duration`",
			Unit:  "time, like 15m",
			Value: config.Duration(&c.PresenceGrace, config.Bounds{}),
		},
		{
			Name:  "retention",
			About: "how long jobs are kept after they ended, as a `duration`; 0: for ever",
			Unit:  "time, like 720h",
			Live:  true,
			Value: config.Duration(&c.Limits.Retention, config.Bounds{Zero: "for ever"}),
		},
		{
			Name: "audit-days",
			About: "how many `days` the records of who has changed what are kept; " +
				"0: none are made",
			Unit:  "days",
			Value: config.Whole(&c.AuditDays, config.Bounds{Zero: "none are made"}),
		},
	}
}

// rateSettings bound how often requests are answered; without one, it is as often as the machine
// can.
func (c *Config) rateSettings() []config.Setting {
	anyNumber := config.Bounds{Zero: "any number"}
	const unit = "requests a second"
	return []config.Setting{
		{
			Name:  "control-rate",
			About: "how often a second each operation may be called; 0: any `number`",
			Unit:  unit,
			Live:  true,
			Value: config.Decimal(&c.Rates.Control, anyNumber),
		},
		{
			Name:  "device-read-rate",
			About: "how many reads a second all devices may make together; 0: any `number`",
			Unit:  unit,
			Live:  true,
			Value: config.Decimal(&c.Rates.DeviceReads, anyNumber),
		},
		{
			Name:  "device-write-rate",
			About: "how many writes a second all devices may make together; 0: any `number`",
			Unit:  unit,
			Live:  true,
			Value: config.Decimal(&c.Rates.DeviceWrites, anyNumber),
		},
	}
}

// artifactSettings are those of the server's own store of the files that devices download.
func (c *Config) artifactSettings() []config.Setting {
	anyNumber := config.Bounds{Zero: "any number"}
	return []config.Setting{
		{
			Name: "artifacts",
			About: "`on|off|auto`: whether there is a store of the server's own; auto: unless --store " +
				"names a database, whose servers have the store of --s3-endpoint instead",
			Value: config.Choice(&c.Artifacts.Mode, "on", "off", Auto),
		},
		{
			Name: "artifact-bucket",
			About: "`name` of the bucket of the server's own store, which speaks S3 on --http and --https; " +
				"documents name its objects as ${aws:iot:s3-presigned-url:s3://artifacts/KEY}",
			Range: "3 to 63 characters of a-z, 0-9, dots and dashes; empty: no store",
			Value: config.Text(&c.Artifacts.Bucket),
		},
		{
			Name: "artifact-rate",
			About: "how many `bytes` a second all downloads from the server's own store may take " +
				"together; 0: any number",
			Unit:  "bytes a second",
			Live:  true,
			Value: config.Decimal(&c.Artifacts.Rate, anyNumber),
		},
		{
			Name: "artifact-rate-per-device",
			About: "how many `bytes` a second the downloads of one address may take; " +
				"0: any number",
			Unit:  "bytes a second",
			Live:  true,
			Value: config.Decimal(&c.Artifacts.RatePerDevice, anyNumber),
		},
	}
}

// watchSettings are for those who watch the server (docs/spec/55).
func (c *Config) watchSettings() []config.Setting {
	return []config.Setting{
		{
			Name: "admin",
			About: "`address` of a listener for /metrics, /healthz and /readyz alone; without it, " +
				"/metrics is on --http and --https",
			Range: "host:port; the port 0 is a free one; empty: off",
			Value: config.Text(&c.Admin),
		},
		{
			Name: "admin-tls",
			About: "have --admin speak TLS with the certificate of the server; beyond loopback it must, and " +
				"metrics are for callers with the id and the secret of a key",
			Value: config.Switch(&c.AdminTLS),
		},
		{
			Name: "min-free-bytes",
			About: "how many `bytes` must be free on the disk of the data folder for /readyz to say that " +
				"the server is ready; 0: any number",
			Unit:  "bytes",
			Value: config.Whole(&c.MinFreeBytes, config.Bounds{Zero: "any number"}),
		},
		{
			Name: "traces-endpoint",
			About: "`URL` that takes traces of requests by OTLP over HTTP, like http://127.0.0.1:4318; " +
				"one with a password belongs into DROVER_TRACES_ENDPOINT",
			Range: "a URL; empty: no traces",
			Shown: shownURL,
			Value: config.Parsed(func() string { return c.TracesEndpoint }, c.setTracesEndpoint),
		},
		{
			Name: "traces-ratio",
			About: "the `part` of the requests that is followed, beside those whose caller follows " +
				"them",
			Value: config.Decimal(&c.TracesRatio, config.Bounds{Most: 1}),
		},
	}
}

// logSettings are the clock and the log.
func (c *Config) logSettings() []config.Setting {
	level := func() string { return strings.ToLower(c.LogLevel.String()) }
	setLevel := func(text string) error {
		if c.LogLevel.UnmarshalText([]byte(text)) != nil {
			return errors.New("must be debug, info, warn or error")
		}
		return nil
	}
	return []config.Setting{
		{
			Name:  "clock",
			About: "`real|virtual`: virtual time stands still until POST /_drover/clock moves it",
			Value: config.Words(&c.Virtual, "real", "virtual"),
		},
		{
			Name:  "log",
			About: "the least level that is logged: `debug|info|warn|error`",
			Range: "debug, info, warn or error",
			Live:  true,
			Value: config.Parsed(level, setLevel),
		},
		{
			Name:  "log-format",
			About: "how lines of the log are written: `text|json`",
			Value: config.Choice(&c.LogFormat, "text", "json"),
		},
	}
}

// objectStoreSettings are where devices download the objects in job documents from and upload to,
// who signs for that, and where documents are read from.
func (c *Config) objectStoreSettings() []config.Setting {
	o := &c.ObjectStore
	return append([]config.Setting{
		{
			Name: "s3-endpoint",
			About: "`URL` of an S3-compatible store like http://127.0.0.1:9000, from which devices " +
				"download the objects in job documents, in path style; without it, from the AWS hosts " +
				"that the documents name",
			Range: "a URL; empty: none",
			Value: config.Parsed(func() string { return string(o.Endpoint) }, c.setEndpoint),
		},
		{
			Name: "s3-virtual-hosts",
			About: "in URLs of --s3-endpoint, write the bucket in front of its host and not into the " +
				"path",
			Value: config.Switch(&o.VirtualHosts),
		},
		{
			Name: "s3-region",
			About: "region `name` that presigned URLs are signed for " +
				"(default: the one in the host that a document names, else --region)",
			Range: "a name",
			Value: config.Text(&o.Region),
		},
		{
			Name: "s3-roles",
			About: "`file` with the credentials of roles, a JSON object like\n" +
				`{"arn:aws:iam::123456789012:role/fw":{"accessKeyId":"…","secretAccessKey":"…"},` +
				"\n" + ` "*":{"assumeRole":true}}` + "\n" +
				"in which * is every other role; read again when it changes and on SIGHUP",
			Range: "a path; empty: none",
			Value: config.Text(&o.Roles),
		},
		{
			Name: "s3-unknown-roles",
			About: "what becomes of roles that --s3-roles has no entry for: `default|refuse`: " +
				"default is that the default credential signs for them",
			Value: config.Words(&o.RefuseUnknown, "default", "refuse"),
		},
		{
			Name: "s3-upload-bucket",
			About: "`bucket` of uploads whose placeholder names none, as " +
				"JOB/THING/EXECUTION-NUMBER; without it, such placeholders are refused",
			Range: "the name of a bucket; empty: none",
			Value: config.Text(&o.UploadBucket),
		},
		{
			Name: "document-hosts",
			About: "`hosts` from which documentSource may be read over https, beside " +
				"object stores, like files.example,inner.example:8443=10.0.0.0/8; " +
				"addresses that are not public only in the range that is given",
			Range: "hosts with commas between them; empty: none",
			Value: config.Parsed(func() string { return c.documentHosts }, c.setDocumentHosts),
		},
	}, c.credentialSettings()...)
}

// setEndpoint sets the object store.
func (c *Config) setEndpoint(text string) (err error) {
	c.ObjectStore.Endpoint = ""
	if text != "" {
		c.ObjectStore.Endpoint, err = job.ParseObjectStore(text)
	}
	return err
}

// setDocumentHosts sets the hosts of documents.
func (c *Config) setDocumentHosts(text string) (err error) {
	c.documentHosts, c.ObjectStore.DocumentHosts = text, nil
	if text != "" {
		c.ObjectStore.DocumentHosts, err = objectstore.ParseHosts(text)
	}
	return err
}

// credentialSettings are the credential of the object store. They are no variables of the AWS
// command line, in which a key for this server may stand.
func (c *Config) credentialSettings() []config.Setting {
	o := &c.ObjectStore
	return []config.Setting{
		{
			Name: "s3-access-key-id",
			About: "the id of the key that signs presigned URLs, unless --s3-roles has another for the " +
				"role of the job; without it a key pair of the server's own signs",
			Range:        "an access key id",
			VariableOnly: true,
			Value:        config.Text(&o.AccessKeyID),
		},
		{
			Name:         "s3-secret-access-key",
			About:        "the secret of that key",
			Range:        "a secret access key",
			VariableOnly: true,
			Shown:        hidden,
			Value:        config.Text(&o.SecretAccessKey),
		},
		{
			Name:         "s3-session-token",
			About:        "the token of that key, when it is a temporary one",
			Range:        "a session token",
			VariableOnly: true,
			Shown:        hidden,
			Value:        config.Text(&o.SessionToken),
		},
	}
}
