package settings

import "slices"

// A Setting is one of those that configure list shows: what is in force, and where it comes from.
type Setting struct {
	Name, Text string // no text: it is not set
	Secret     bool   // only the end of the text may be shown
	Kind       string // manual for an option, env, config-file, sso and others
	Where      string // the option, the variable or the file
}

// InForce returns the profile, the keys and the region in force.
func InForce(from Sources) ([]Setting, error) {
	s := &Settings{from: from}
	if err := s.findProfile(); err != nil {
		return nil, err
	}
	profile := s.look("profile", "profile", "", "AWS_PROFILE", "AWS_DEFAULT_PROFILE")
	id, secret := "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"
	if from.has("profile") { // which hides the keys of the environment (R-CMD-104)
		id, secret = "", ""
	}
	access := s.look("access_key", "", "aws_access_key_id", id)
	private := s.look("secret_key", "", "aws_secret_access_key", secret)
	s.showFetched(&access, &private)
	access.Secret, private.Secret = true, true
	region := s.look("region", "region", "region", "AWS_REGION", "AWS_DEFAULT_REGION")
	return []Setting{profile, access, private, region}, nil
}

// NotFetched stands for a key that is fetched when a call needs it.
const NotFetched = "<fetched when used>"

// showFetched shows the keys of a provider that fetches them, as far as they are cached: showing
// them asks nobody.
func (s *Settings) showFetched(access, private *Setting) {
	p, err := s.provider()
	if p == nil || err != nil || slices.Contains(ownKinds, p.kind) {
		return
	}
	*access = Setting{Name: access.Name, Text: NotFetched, Kind: p.kind}
	*private = Setting{Name: private.Name, Text: NotFetched, Kind: p.kind}
	if p.cached == nil {
		return
	}
	if v, ok := p.cached(); ok {
		access.Text, private.Text = v.AccessKeyID, v.SecretAccessKey
	}
}

// ownKinds are the kinds of keys that are there already.
var ownKinds = []string{kindEnvironment, kindShared, kindConfig}

// look finds a setting by its option, its variables and its key in the profile, of which each may
// be "".
func (s *Settings) look(name, option, key string, variables ...string) Setting {
	if option != "" && s.from.option(option) != "" {
		return Setting{name, s.from.option(option), false, "manual", "--" + option}
	}
	for _, variable := range variables {
		if text := s.from.Getenv(variable); variable != "" && text != "" {
			return Setting{name, text, false, "env", variable}
		}
	}
	if text := textOf(s.Profile.credentials, key); text != "" {
		path := CredentialsPath(s.from.Getenv)
		return Setting{name, text, false, "shared-credentials-file", path}
	}
	if text := textOf(s.Profile.section, key); text != "" {
		return Setting{name, text, false, "config-file", ConfigPath(s.from.Getenv)}
	}
	return Setting{Name: name}
}
