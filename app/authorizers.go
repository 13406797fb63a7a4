package app

import (
	"fmt"
	"os"

	"github.com/drover-iot/drover/gateway"
	"github.com/drover-iot/drover/hook"
	"github.com/drover-iot/drover/internal/config"
)

// authorizerSettings are those of custom authorizers (R-ID-96).
func (c *Config) authorizerSettings() []config.Setting {
	return []config.Setting{{
		Name: "authorizer-tokens",
		About: "`folder` of files of tokens that custom authorizers may read instead of asking a hook; " +
			"they are read again when they change",
		Range: "a path; empty: there are none",
		Value: config.Text(&c.AuthorizerTokens),
	}}
}

// checkAuthorizers refuses a folder that is not there: every client would be refused.
func (c Config) checkAuthorizers() error {
	if c.AuthorizerTokens == "" {
		return nil
	}
	info, err := os.Stat(c.AuthorizerTokens)
	if err != nil {
		return fmt.Errorf("%s: %w", c.named("authorizer-tokens"), err)
	}
	if !info.IsDir() {
		return fmt.Errorf("%s: %s is not a folder", c.named("authorizer-tokens"), c.AuthorizerTokens)
	}
	return nil
}

// joinAuthorizers makes what lets clients in by custom authorizers.
func (s *Server) joinAuthorizers(hooks *hook.Caller) {
	s.authorizers = &gateway.Authorizers{
		Auth:   s.devices,
		Store:  s.engine.Identity,
		Ask:    hooks.Call,
		Tokens: &gateway.TokenFiles{Folder: s.AuthorizerTokens},
		Log:    s.Log,
	}
	s.devices.Authorizers = s.authorizers
}

// authorizerChanged ends the connections of an authorizer that lets nobody in any more (R-ID-95).
func (s *Server) authorizerChanged(name string) { s.authorizers.Changed(name) }
