package settings

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/drover-iot/drover/cli/credentials"
	"github.com/drover-iot/drover/cli/exit"
)

// Roles that a profile assumes: with the credentials of another profile, which may be those of a
// role again, with those of the machine, or with the token of an identity provider.

// isRole reports whether a profile assumes a role with other credentials.
func isRole(p Profile) bool {
	return p.Get("role_arn") != "" && p.Get("web_identity_token_file") == ""
}

// services says how services that give out credentials are called.
func (s *Settings) services() credentials.Services {
	connect := s.Connection()
	connect.NoVerify = false // the option is about the server that is called
	return credentials.Services{
		HTTP:     connect.Client,
		Endpoint: s.endpointOf,
		Region:   s.Region,
		Attempts: s.Attempts,
		Cache:    s.awsFolder("cli", "cache"),
	}
}

// awsFolder is a folder below ~/.aws, "" without a home.
func (s *Settings) awsFolder(names ...string) credentials.Cache {
	home := Home(s.from.Getenv)
	if home == "" {
		return ""
	}
	return credentials.Cache(filepath.Join(append([]string{home, ".aws"}, names...)...))
}

// role is the provider of a profile that assumes a role. visited are the profiles on the way to
// it, this one included.
func (s *Settings) role(p Profile, visited []string) (*provider, error) {
	role := credentials.Role{
		ARN:         p.Get("role_arn"),
		SessionName: p.Get("role_session_name"),
		ExternalID:  p.Get("external_id"),
		MFASerial:   p.Get("mfa_serial"),
	}
	if text := p.Get("duration_seconds"); text != "" {
		n, err := strconv.ParseInt(text, 10, 32)
		if err != nil || n < 1 {
			return nil, exit.Environment(
				"duration_seconds of the profile %s: %q is not a number of seconds", p.name, text)
		}
		role.Duration = int32(n)
	}
	source, err := s.source(p, visited)
	if err != nil {
		return nil, err
	}
	services := s.services()
	return &provider{
		kind: kindRole,
		fetch: func(ctx context.Context) (credentials.Value, error) {
			return services.AssumeRole(ctx, role, time.Now(),
				func() (credentials.Value, error) { return source.fetch(ctx) },
				func(device string) (string, error) { return s.askCode(ctx, p.name, device) })
		},
		cached: func() (credentials.Value, bool) { return services.Cached(role, time.Now()) },
	}, nil
}

// source is the provider of the credentials with which a profile assumes its role.
func (s *Settings) source(p Profile, visited []string) (*provider, error) {
	named, name := p.Get("credential_source"), p.Get("source_profile")
	switch {
	case named != "" && name != "":
		return nil, exit.Other(
			`The profile "%s" contains both source_profile and credential_source.`, p.name)
	case named != "":
		return s.namedSource(p.name, named)
	case name == "":
		return nil, exit.Other("Partial credentials found in assume-role, "+
			"missing: source_profile or credential_source\n"+
			"(the profile %s has role_arn, and must say with which credentials to assume it)", p.name)
	}
	other := p.other(name)
	if !other.exists() {
		return nil, exit.Other(`The source_profile "%s" referenced in the profile "%s" `+
			`does not exist.`, name, p.name)
	}
	keys := other.Get("aws_access_key_id") != "" || other.Get("aws_secret_access_key") != ""
	// A profile may name itself, for the keys beside its role.
	if slices.Contains(visited, name) && (name != p.name || !keys) {
		return nil, exit.Other("Infinite loop in credential configuration detected. Attempting to "+
			"load from profile %s which has already been visited. Visited profiles: ['%s']",
			name, strings.Join(visited, "', '"))
	}
	if isRole(other) && !keys {
		return s.role(other, append(slices.Clone(visited), name))
	}
	found, err := s.profileProvider(other, false)
	if found == nil && err == nil {
		err = exit.Other(`The source profile "%s" must have credentials.`, name)
	}
	return found, err
}

// namedSource is the provider that credential_source names.
func (s *Settings) namedSource(profile, name string) (*provider, error) {
	none := exit.Other("Error when retrieving credentials from %s: "+
		"No credentials found in credential_source referenced in profile %s", name, profile)
	switch name {
	case "Environment":
		if s.from.Getenv("AWS_ACCESS_KEY_ID") != "" {
			return s.environment()
		}
		return nil, none
	case "EcsContainer":
		if found := s.container(); found != nil {
			return found, nil
		}
		return nil, none
	case "Ec2InstanceMetadata":
		fetch := func(ctx context.Context) (credentials.Value, error) {
			v, ok := s.askInstance(ctx)
			if !ok {
				return v, none
			}
			return v, nil
		}
		return &provider{kind: name, fetch: fetch}, nil
	}
	return nil, exit.Other(`The credential source "%s" referenced in profile "%s" is not valid.`+
		"\n(it may be Environment, Ec2InstanceMetadata or EcsContainer)", name, profile)
}

// askCode asks for the code of an MFA device.
func (s *Settings) askCode(ctx context.Context, profile, device string) (string, error) {
	err := ErrNoTerminal
	if s.from.Ask != nil {
		var code string
		code, err = s.from.Ask(ctx, fmt.Sprintf("Enter MFA code for %s: ", device))
		if err == nil {
			return strings.TrimSpace(code), nil
		}
	}
	if ctx.Err() != nil || !errors.Is(err, ErrNoTerminal) {
		return "", err
	}
	return "", exit.Other("The profile %s asks for a code of the MFA device %s (mfa_serial), and there "+
		"is no terminal to ask on. Run a command on a terminal first: the credentials that it gets "+
		"are cached, and are used here, too.", profile, device)
}

// A webIdentity is a role that is assumed with a token in a file.
type webIdentity struct{ TokenFile, Role, SessionName string }

// webIdentity is that of a profile. Each part is taken from its variable first, where variables
// count.
func (s *Settings) webIdentity(p Profile, environment bool) webIdentity {
	find := func(variable, key string) string {
		if environment {
			if text := s.from.Getenv(variable); text != "" {
				return text
			}
		}
		return p.Get(key)
	}
	return webIdentity{
		TokenFile:   find("AWS_WEB_IDENTITY_TOKEN_FILE", "web_identity_token_file"),
		Role:        find("AWS_ROLE_ARN", "role_arn"),
		SessionName: find("AWS_ROLE_SESSION_NAME", "role_session_name"),
	}
}

// webIdentityProvider is the provider of a role that is assumed with a token in a file. The file is
// read when it is needed, because a program replaces it from time to time.
func (s *Settings) webIdentityProvider(p Profile, w webIdentity) (*provider, error) {
	if w.Role == "" {
		return nil, exit.Other("The provided profile or the current environment is configured to " +
			"assume role with web identity but has no role ARN configured. Ensure that the profile " +
			"has the role_arn configuration set or the AWS_ROLE_ARN env var is set.")
	}
	role := credentials.Role{ARN: w.Role, SessionName: w.SessionName}
	services := s.services()
	token := func() (string, error) {
		text, err := os.ReadFile(w.TokenFile)
		if err != nil {
			return "", exit.Other("The token of the profile %s cannot be read: %v "+
				"(web_identity_token_file or AWS_WEB_IDENTITY_TOKEN_FILE)", p.name, err)
		}
		return string(text), nil
	}
	return &provider{
		kind: kindWebIdentity,
		fetch: func(ctx context.Context) (credentials.Value, error) {
			return services.WebIdentity(ctx, role, time.Now(), token)
		},
		cached: func() (credentials.Value, bool) { return services.Cached(role, time.Now()) },
	}, nil
}
