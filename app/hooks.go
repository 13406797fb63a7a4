package app

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/drover-iot/drover/engine/sinks"
	"github.com/drover-iot/drover/hook"
	"github.com/drover-iot/drover/internal/buildinfo"
	"github.com/drover-iot/drover/internal/config"
)

// Hooks is how functions of operators are called (R-HOOK-1).
type Hooks struct {
	// Timeout is how long one call may take.
	Timeout time.Duration
	// CA is a file with the certificates that hooks are verified against; empty: those of the
	// machine.
	CA string
	// Secret signs the questions, as whsec_ and base64; empty: they are not signed. It is never
	// logged.
	Secret string
}

// hookSettings are how functions of operators are called.
func (c *Config) hookSettings() []config.Setting {
	return []config.Setting{
		{
			Name: "hook-timeout",
			About: "how long a hook, a function that is asked over HTTPS, may take to answer, " +
				"as a `duration`",
			Unit:  "time, like 5s",
			Value: config.Duration(&c.Hooks.Timeout, config.Bounds{Least: 0.1, Most: 8}),
		},
		{
			Name: "hook-ca",
			About: "`file` with the certificates, in PEM, of the authorities that hooks are verified " +
				"against",
			Range: "a path; empty: the authorities of the machine",
			Value: config.Text(&c.Hooks.CA),
		},
		{
			Name:         "hook-secret",
			About:        "signs what hooks are asked, as webhooks of sinks are signed",
			Range:        "whsec_ and the base64 of 24 to 64 bytes; empty: not signed",
			VariableOnly: true,
			Shown:        hidden,
			Value:        config.Text(&c.Hooks.Secret),
		},
	}
}

// newHooks makes what calls hooks. A server whose settings for it are wrong does not start.
func (c Config) newHooks() (*hook.Caller, error) {
	o := hook.Options{Timeout: c.Hooks.Timeout, Version: buildinfo.Read().Version}
	if c.Hooks.Secret != "" {
		secret, err := sinks.ParseSecret(c.Hooks.Secret)
		if err != nil {
			return nil, errors.New("DROVER_HOOK_SECRET: must be whsec_ and the base64 of 24 to 64 bytes")
		}
		o.Secret = secret
	}
	if c.Hooks.CA != "" {
		authorities, err := os.ReadFile(c.Hooks.CA)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", c.named("hook-ca"), err)
		}
		o.Authorities = authorities
	}
	caller, err := hook.New(o)
	if err != nil {
		return nil, fmt.Errorf("%s: %s %w", c.named("hook-ca"), c.Hooks.CA, err)
	}
	return caller, nil
}
