package settings

import (
	"context"
	"slices"
	"time"

	"gopkg.in/ini.v1"

	"github.com/drover-iot/drover/cli/credentials"
	"github.com/drover-iot/drover/cli/exit"
	"github.com/drover-iot/drover/client"
)

// Credentials come from the environment, from a profile, or from the machine. The order is that of
// R-CMD-104: what was set for this one call comes before what stands in a file.

// The kinds of credentials, as configure list shows them and messages name them.
const (
	kindEnvironment = "env"
	kindShared      = "shared-credentials-file"
	kindConfig      = "config-file"
	kindProcess     = "custom-process"
	kindRole        = "assume-role"
	kindWebIdentity = "assume-role-with-web-identity"
	kindSignOn      = "sso"
	kindContainer   = "container-role"
)

// A provider is a place that has credentials, as far as that can be seen without asking it.
type provider struct {
	kind  string
	fetch func(context.Context) (credentials.Value, error)
	// cached returns credentials of the cache, when they are there; nil for a provider without one.
	cached func() (credentials.Value, bool)
}

// atHand returns credentials that nobody has to be asked for: keys, or those of the cache.
func (p *provider) atHand(ctx context.Context) (credentials.Value, bool) {
	switch {
	case slices.Contains([]string{kindEnvironment, kindShared, kindConfig}, p.kind):
		v, err := p.fetch(ctx)
		return v, err == nil
	case p.cached != nil:
		return p.cached()
	}
	return credentials.Value{}, false
}

// profileKeys and variables are all that says something about credentials in a profile and in the
// environment.
var (
	profileKeys = []string{
		"aws_access_key_id", "credential_process", "role_arn", "web_identity_token_file",
		"sso_session", "sso_start_url", "sso_account_id", "sso_role_name",
	}
	variables = []string{containerPath, containerURL}
)

// credentialsConfigured reports whether the environment or the profile says anything about
// credentials.
func (s *Settings) credentialsConfigured() bool {
	if s.environmentKey() != "" || s.webIdentity(s.Profile, s.usesEnvironment()).TokenFile != "" {
		return true
	}
	for _, key := range profileKeys {
		if s.Profile.Get(key) != "" {
			return true
		}
	}
	for _, name := range variables {
		if s.from.Getenv(name) != "" {
			return true
		}
	}
	return false
}

// usesEnvironment reports whether variables may say as whom a call is made. An option --profile
// hides them, a profile named by a variable does not (R-CMD-104).
func (s *Settings) usesEnvironment() bool { return !s.from.has("profile") }

// environmentKey is the access key of the environment, "" without one.
func (s *Settings) environmentKey() string {
	if !s.usesEnvironment() {
		return ""
	}
	return s.from.Getenv("AWS_ACCESS_KEY_ID")
}

// FindCredentials goes through the places where credentials may be set (R-CMD-104), and asks the
// first that has some for them. Those of a server on this machine have been found already.
func (s *Settings) FindCredentials(ctx context.Context) error {
	v, err := s.fetchCredentials(ctx)
	s.Credentials = v.Credentials
	return err
}

// Renew fetches the credentials anew and returns them with the time when they expire, which is zero
// for those that do not: for callers that go on for longer than those of a role are valid.
func (s *Settings) Renew(ctx context.Context) (client.Credentials, time.Time, error) {
	v, err := s.fetchCredentials(ctx)
	return v.Credentials, v.Expires, err
}

// fetchCredentials returns the credentials of a call, with the time when they expire.
func (s *Settings) fetchCredentials(ctx context.Context) (credentials.Value, error) {
	p, err := s.provider()
	switch {
	case err != nil:
		return credentials.Value{}, err
	case p != nil && s.from.AtHand:
		if v, ok := p.atHand(ctx); ok {
			return v, nil
		}
	case p != nil:
		v, err := p.fetch(ctx)
		if err == nil && (v.AccessKeyID == "" || v.SecretAccessKey == "") {
			err = exit.Other("Error when retrieving credentials from %s: "+
				"the answer has no credentials", p.kind)
		}
		return v, err
	case s.Credentials.AccessKeyID != "": // of a server on this machine
		return credentials.Value{Credentials: s.Credentials}, nil
	}
	if !s.from.AtHand {
		if v, ok := s.askInstance(ctx); ok {
			return v, nil
		}
	}
	if ctx.Err() != nil {
		return credentials.Value{}, ctx.Err()
	}
	return credentials.Value{}, exit.Missing(exit.CodeNoCredentials, noCredentials)
}

const noCredentials = `Unable to locate credentials. ` +
	`You can configure credentials by running "aws configure".`

// provider finds the first place that is configured, nil when none is.
func (s *Settings) provider() (*provider, error) {
	if s.environmentKey() != "" {
		return s.environment()
	}
	if isRole(s.Profile) {
		return s.role(s.Profile, []string{s.Profile.name})
	}
	if p, err := s.profileProvider(s.Profile, s.usesEnvironment()); p != nil || err != nil {
		return p, err
	}
	return s.container(), nil
}

// profileProvider finds what a profile has beside a role that it assumes with other credentials,
// nil for nothing. environment is whether variables may name a web identity.
func (s *Settings) profileProvider(p Profile, environment bool) (*provider, error) {
	if identity := s.webIdentity(p, environment); identity.TokenFile != "" {
		return s.webIdentityProvider(p, identity)
	}
	if found, err := s.signOn(p); found != nil || err != nil {
		return found, err
	}
	if textOf(p.credentials, "aws_access_key_id") != "" {
		return static(kindShared, keysOf(p.credentials), "aws_secret_access_key")
	}
	if command := p.Get("credential_process"); command != "" {
		return &provider{
			kind: kindProcess,
			fetch: func(ctx context.Context) (credentials.Value, error) {
				return credentials.Process(ctx, command, s.processVariables(), time.Now())
			},
		}, nil
	}
	if textOf(p.section, "aws_access_key_id") != "" {
		return static(kindConfig, keysOf(p.section), "aws_secret_access_key")
	}
	return nil, nil
}

// environment is the provider of the keys of the environment.
func (s *Settings) environment() (*provider, error) {
	get := s.from.Getenv
	v := credentials.Value{Credentials: client.Credentials{
		AccessKeyID:     get("AWS_ACCESS_KEY_ID"),
		SecretAccessKey: get("AWS_SECRET_ACCESS_KEY"),
		SessionToken:    first(get("AWS_SESSION_TOKEN"), get("AWS_SECURITY_TOKEN")),
	}}
	// A time that cannot be read is none: the keys are used all the same.
	v.Expires, _ = time.Parse(time.RFC3339, get("AWS_CREDENTIAL_EXPIRATION"))
	return static(kindEnvironment, v, "AWS_SECRET_ACCESS_KEY")
}

// static is the provider of keys that are there already. Half of a pair of keys is refused
// (R-CMD-106).
func static(kind string, v credentials.Value, missing string) (*provider, error) {
	if v.SecretAccessKey == "" {
		return nil, exit.Other("Partial credentials found in %s, missing: %s", kind, missing)
	}
	return &provider{
		kind:  kind,
		fetch: func(context.Context) (credentials.Value, error) { return v, nil },
	}, nil
}

// keysOf are the keys in a section.
func keysOf(s *ini.Section) credentials.Value {
	return credentials.Value{Credentials: client.Credentials{
		AccessKeyID:     textOf(s, "aws_access_key_id"),
		SecretAccessKey: textOf(s, "aws_secret_access_key"),
		SessionToken:    textOf(s, "aws_session_token"),
	}}
}
