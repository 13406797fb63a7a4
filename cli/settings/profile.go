package settings

import (
	"strings"

	"gopkg.in/ini.v1"

	"github.com/drover-iot/drover/cli/exit"
)

// Two INI files are shared with the aws command line: ~/.aws/config and ~/.aws/credentials. A
// profile has a section in either or in both.

// Profile is the part of both shared files that is in force (R-CMD-102).
type Profile struct {
	name        string       // default, unless another is asked for
	config      *ini.File    // as a whole, for its other sections
	shared      *ini.File    // the credentials file as a whole, for other profiles
	section     *ini.Section // of the config file; may be nil
	credentials *ini.Section // of the credentials file; may be nil
}

// Get returns the text of a key, "" without it. The credentials file comes first.
func (p Profile) Get(key string) string {
	return first(textOf(p.credentials, key), textOf(p.section, key))
}

// textOf is the text of a key as it stands in the file, "" without it.
func textOf(s *ini.Section, key string) string {
	if s == nil || !s.HasKey(key) {
		return ""
	}
	return s.Key(key).Value()
}

// service returns a setting of one service, from the section that the profile names for services;
// "" without it. Such a section is [services local], and a service's settings are indented there:
//
//	iot =
//	  endpoint_url = http://127.0.0.1:8080
func (p Profile) service(service, key string) (string, error) {
	name := p.Get("services")
	if name == "" {
		return "", nil
	}
	section, err := p.config.GetSection("services " + name)
	if err != nil {
		return "", exit.Other(`The profile is configured to use the services section `+
			`but the "%s" services configuration does not exist.`, name)
	}
	for line := range strings.Lines(section.Key(service).Value()) {
		if k, v, ok := strings.Cut(line, "="); ok && strings.TrimSpace(k) == key {
			return strings.TrimSpace(v), nil
		}
	}
	return "", nil
}

// findProfile reads the shared files; missing ones are fine (R-CMD-101, R-CMD-102).
func (s *Settings) findProfile() (err error) {
	get, p := s.from.Getenv, &s.Profile
	p.name = first(
		s.from.option("profile"), get("AWS_PROFILE"), get("AWS_DEFAULT_PROFILE"), "default",
	)
	if p.config, err = readINI(ConfigPath(get)); err != nil {
		return err
	}
	shared, err := readINI(CredentialsPath(get))
	if err != nil {
		return err
	}
	*p = Profile{name: p.name, config: p.config, shared: shared}.other(p.name)
	if !p.exists() && p.name != "default" {
		return &exit.Error{
			Status:  exit.StatusOther,
			Code:    exit.CodeNoProfile,
			Message: "The config profile (" + p.name + ") could not be found",
		}
	}
	return nil
}

// exists reports whether one of the files has the profile.
func (p Profile) exists() bool { return p.section != nil || p.credentials != nil }

// other returns the profile of another name in the same files.
func (p Profile) other(name string) Profile {
	out := Profile{name: name, config: p.config, shared: p.shared}
	// In the config file a section without the word profile is none, but for the default one.
	heads := []string{"profile " + name, `profile "` + name + `"`}
	if name == "default" {
		heads = append(heads, "default")
	}
	for _, head := range heads {
		if section, err := p.config.GetSection(head); err == nil {
			out.section = section
		}
	}
	if section, err := p.shared.GetSection(name); err == nil {
		out.credentials = section
	}
	return out
}

// readINI reads a shared file. The error does not show the bad line, which may be a secret.
func readINI(path string) (*ini.File, error) {
	file, err := ini.LoadSources(ini.LoadOptions{
		Loose:                      true, // a missing file is an empty one
		AllowPythonMultilineValues: true, // for the indented settings of services
		IgnoreInlineComment:        true,
		IgnoreContinuation:         true,
		PreserveSurroundedQuote:    true,
		KeyValueDelimiters:         "=",
		ChildSectionDelimiter:      "\x00", // [profile a.b] is no child of [profile a]
	}, path)
	if err != nil {
		return nil, exit.Environment("Unable to parse config file: %s", path)
	}
	return file, nil
}
