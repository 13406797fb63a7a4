package settings

import (
	"context"
	"strings"
	"time"

	"github.com/drover-iot/drover/cli/credentials"
	"github.com/drover-iot/drover/cli/exit"
)

// Single sign-on: a profile names an account and a role, and a session of its own section, or the
// session's settings itself:
//
//	[profile plant]
//	sso_session = company
//	sso_account_id = 123456789012
//	sso_role_name = operator
//	[sso-session company]
//	sso_start_url = https://company.awsapps.com/start
//	sso_region = eu-west-1

// signOn is the provider of a profile that signs on, nil for another one.
func (s *Settings) signOn(p Profile) (*provider, error) {
	if p.Get("sso_account_id") == "" && p.Get("sso_role_name") == "" {
		return nil, nil
	}
	get, err := signOnKeys(p)
	if err != nil {
		return nil, err
	}
	var missing []string
	for _, key := range []string{"sso_role_name", "sso_account_id", "sso_start_url", "sso_region"} {
		if get(key) == "" {
			missing = append(missing, key)
		}
	}
	if len(missing) > 0 {
		return nil, exit.Other(`The profile "%s" is configured to use SSO `+
			`but is missing required configuration: %s`, p.name, strings.Join(missing, ", "))
	}
	services := s.services()
	on := credentials.SignOn{
		Profile:   p.name,
		Session:   p.Get("sso_session"),
		StartURL:  get("sso_start_url"),
		Region:    get("sso_region"),
		AccountID: get("sso_account_id"),
		RoleName:  get("sso_role_name"),
		Tokens:    string(s.awsFolder("sso", "cache")),
	}
	return &provider{
		kind: kindSignOn,
		fetch: func(ctx context.Context) (credentials.Value, error) {
			return services.SignOn(ctx, on, time.Now())
		},
		cached: func() (credentials.Value, bool) { return services.CachedSignOn(on, time.Now()) },
	}, nil
}

// signOnKeys returns how the settings of a profile's sign-on are found: in the section of its
// session, or in its own. A setting that is in both must be the same.
func signOnKeys(p Profile) (get func(key string) string, err error) {
	name := p.Get("sso_session")
	if name == "" {
		return p.Get, nil
	}
	section, err := p.config.GetSection("sso-session " + name)
	if err != nil {
		section, err = p.config.GetSection(`sso-session "` + name + `"`)
	}
	if err != nil {
		return nil, exit.Other(`The specified sso-session does not exist: "%s"`, name)
	}
	for _, key := range section.KeyStrings() {
		own, of := p.Get(key), textOf(section, key)
		if own != "" && own != of {
			return nil, exit.Other("The value for %s is inconsistent between profile (%s) "+
				"and sso-session (%s).", key, own, of)
		}
	}
	return func(key string) string { return first(p.Get(key), textOf(section, key)) }, nil
}
