package settings

import (
	"slices"
	"strings"

	"gopkg.in/ini.v1"

	"github.com/drover-iot/drover/cli/exit"
)

// What stands in the shared files, for the commands that show and change them (R-CMD-132).

// Stored returns the text of a key of the profile in force, "" without it. The key is KEY,
// TABLE.KEY for one that is indented below TABLE, NAME.KEY or profile.NAME.KEY for one of another
// profile.
func Stored(from Sources, key string) (string, error) {
	s := &Settings{from: from}
	profile, key := splitKey(from, key)
	if profile != "" {
		s.from = from.withProfile(profile)
	}
	if err := s.findProfile(); err != nil {
		return "", err
	}
	table, inner, nested := strings.Cut(key, ".")
	if !nested {
		return s.Profile.Get(key), nil
	}
	return inTable(s.Profile.Get(table), inner), nil
}

// splitKey splits a key with the name of a profile in front from it; the name is "" without one.
func splitKey(from Sources, key string) (profile, rest string) {
	text, named := strings.CutPrefix(key, "profile.")
	name, inner, dotted := strings.Cut(text, ".")
	if !dotted {
		return "", key
	}
	if all, err := ProfileNames(from.Getenv); named || err == nil && slices.Contains(all, name) {
		return name, inner
	}
	return "", key
}

// inTable is the text of a key in the lines below another one, "" without it.
func inTable(lines, key string) string {
	for line := range strings.Lines(lines) {
		if k, v, ok := strings.Cut(line, "="); ok && strings.TrimSpace(k) == key {
			return strings.TrimSpace(v)
		}
	}
	return ""
}

// ProfileNames are the profiles of both files, each once, in the order in which they stand there.
func ProfileNames(getenv func(string) string) (names []string, err error) {
	add := func(name string) {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	config, err := readINI(ConfigPath(getenv))
	if err != nil {
		return nil, err
	}
	for _, head := range config.SectionStrings() {
		if name, ok := strings.CutPrefix(head, "profile "); ok {
			add(strings.Trim(strings.TrimSpace(name), `"`))
		} else if head == "default" {
			add(head)
		}
	}
	credentials, err := readINI(CredentialsPath(getenv))
	if err != nil {
		return nil, err
	}
	for _, head := range credentials.SectionStrings() {
		if head != ini.DefaultSection {
			add(head)
		}
	}
	return names, nil
}

// secretKeys are the keys that stand in the credentials file.
var secretKeys = []string{"aws_access_key_id", "aws_secret_access_key", "aws_session_token"}

// Store sets a key of a profile, which is made when there is none: keys of credentials in the
// credentials file, others in the config file.
func Store(from Sources, key, text string) error {
	if key == "" || strings.ContainsAny(key, "=[]#; \t\r\n") {
		return exit.BadValue("configure set: %q is no name of a setting", key)
	}
	if strings.ContainsAny(text, "\r\n") {
		return exit.BadValue("configure set: the value of %s must be one line", key)
	}
	profile, key := splitKey(from, key)
	profile = first(profile, from.option("profile"), from.Getenv("AWS_PROFILE"),
		from.Getenv("AWS_DEFAULT_PROFILE"), "default")
	if err := checkProfileName(profile); err != nil {
		return err
	}
	e := Edit{Key: key, Value: text}
	if slices.Contains(secretKeys, key) {
		e.Heads = []string{profile}
		return writeEdit(e, CredentialsPath(from.Getenv))
	}
	e.Key, e.Inner, _ = strings.Cut(key, ".")
	e.Heads = []string{"profile " + profile, `profile "` + profile + `"`}
	if strings.Contains(profile, " ") {
		slices.Reverse(e.Heads)
	}
	if profile == "default" {
		e.Heads = []string{"default", "profile default"}
	}
	return writeEdit(e, ConfigPath(from.Getenv))
}

// checkProfileName refuses a name that cannot stand as the head of a section.
func checkProfileName(name string) error {
	if strings.ContainsAny(name, "]\r\n\"") {
		return exit.BadValue("configure set: %q is no name of a profile", name)
	}
	return nil
}

// writeEdit makes an edit in a file that can be read as one, so that a broken file stays for its
// owner to look at.
func writeEdit(e Edit, path string) error {
	if _, err := readINI(path); err != nil {
		return err
	}
	if err := e.Write(path); err != nil {
		return exit.Environment("%v", err)
	}
	return nil
}
