package cli

import (
	"path/filepath"
	"regexp"
	"strings"

	"gopkg.in/ini.v1"

	"github.com/drover-iot/drover/api/jobsdata"
	"github.com/drover-iot/drover/internal/endpoints"
)

// settings is what a call needs to know beside its parameters: option, environment, profile, built-in, in this order
// (section 23 of chapter 40).
type settings struct {
	region, endpoint, output, timestamps string
	attempts                             int
	credentials                          credentials
	profile                              profile
}

type credentials struct{ id, secret, token string }

// profile is the part of both shared files that is in force (R-CMD-102).
type profile struct {
	name        string
	config      *ini.File
	section     *ini.Section // of the config file; may be nil
	credentials *ini.Section // of the credentials file; may be nil
}

func (p profile) get(key string) string {
	return first(textOf(p.credentials, key), textOf(p.section, key))
}

// textOf is the text of a key as it stands in the file, "" without it.
func textOf(s *ini.Section, key string) string {
	if s == nil || !s.HasKey(key) {
		return ""
	}
	return s.Key(key).Value()
}

// first returns the first text that is not empty: empty variables count as not set (R-CMD-137).
func first(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

// settle finds profile, region, endpoint and output (R-CMD-20, step 9).
func (c *call) settle() (err error) {
	s := &c.settings
	if s.profile, err = c.loadProfile(); err != nil {
		return err
	}
	get := c.env.Getenv
	s.region = first(c.line.text("region"), get("AWS_REGION"), get("AWS_DEFAULT_REGION"), s.profile.get("region"))
	if s.endpoint, err = c.findEndpoint(); err != nil {
		return err
	}
	if s.endpoint == "" {
		c.useLocalServer()
	}
	switch {
	case s.region == "":
		return environmentError(`You must specify a region. You can also configure your region by running "aws configure".`)
	case !hostLabel.MatchString(s.region):
		return otherError("Provided region_name '%s' doesn't match a supported format.", s.region)
	case s.endpoint == "" && c.wantsSkeleton() == "": // a sample needs none (R-CMD-55)
		return environmentError("%s", noEndpoint)
	}
	s.output = first(c.line.text("output"), get("AWS_DEFAULT_OUTPUT"), s.profile.get("output"), "json")
	switch s.output {
	case "json", "text":
	case "table", "yaml", "yaml-stream", "off":
		if c.line.has("output") {
			return notYet("--output " + s.output)
		}
		return environmentError("The output %s, which AWS_DEFAULT_OUTPUT or the profile asks for, is not available yet in this version of Drover; "+
			"give --output json or --output text", s.output)
	default:
		return environmentError("Unknown output type: %s", s.output)
	}
	s.timestamps = first(s.profile.get("cli_timestamp_format"), "iso8601")
	if s.timestamps != "iso8601" && s.timestamps != "wire" {
		return environmentError(`Unknown cli_timestamp_format value: %s, valid values are "wire" or "iso8601"`, s.timestamps)
	}
	s.attempts, err = c.attempts()
	return err
}

// noEndpoint names the ways to set one (R-CMD-111).
const noEndpoint = `There is no endpoint. Give --endpoint-url, set AWS_ENDPOINT_URL, or put endpoint_url into the profile.
Beside a running "drover serve", when no credentials are configured either, none of these is needed.`

var hostLabel = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$`)

// loadProfile reads the shared files; missing ones are fine (R-CMD-101, R-CMD-102).
func (c *call) loadProfile() (p profile, err error) {
	get := c.env.Getenv
	p.name = first(c.line.text("profile"), get("AWS_PROFILE"), get("AWS_DEFAULT_PROFILE"), "default")
	home := get("HOME")
	if p.config, err = readINI(first(get("AWS_CONFIG_FILE"), filepath.Join(home, ".aws", "config"))); err != nil {
		return p, err
	}
	shared, err := readINI(first(get("AWS_SHARED_CREDENTIALS_FILE"), filepath.Join(home, ".aws", "credentials")))
	if err != nil {
		return p, err
	}
	heads := []string{"profile " + p.name, `profile "` + p.name + `"`}
	if p.name == "default" {
		heads = append(heads, "default")
	}
	for _, head := range heads {
		if s, err := p.config.GetSection(head); err == nil {
			p.section = s
		}
	}
	if s, err := shared.GetSection(p.name); err == nil {
		p.credentials = s
	}
	if p.section == nil && p.credentials == nil && p.name != "default" {
		return p, otherError("The config profile (%s) could not be found", p.name)
	}
	return p, nil
}

func readINI(path string) (*ini.File, error) {
	file, err := ini.LoadSources(ini.LoadOptions{
		Loose: true, AllowPythonMultilineValues: true, IgnoreInlineComment: true, IgnoreContinuation: true, PreserveSurroundedQuote: true,
		KeyValueDelimiters: "=", ChildSectionDelimiter: "\x00", // [profile a.b] is no child of [profile a]
	}, path)
	if err != nil {
		return nil, environmentError("Unable to parse config file: %s", path) // err quotes the line, which may be a secret
	}
	return file, nil
}

// findEndpoint goes through the places where an endpoint may be set (R-CMD-107 to R-CMD-109).
func (c *call) findEndpoint() (string, error) {
	if url := c.line.text("endpoint-url"); url != "" {
		return url, nil
	}
	get, p := c.env.Getenv, c.settings.profile
	if strings.EqualFold(get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"), "true") || strings.EqualFold(p.get("ignore_configured_endpoint_urls"), "true") {
		return "", nil
	}
	key := "iot"
	if c.service == &jobsdata.Service {
		key = "iot_jobs_data_plane"
	}
	if url := first(get("AWS_ENDPOINT_URL_"+strings.ToUpper(key)), get("AWS_ENDPOINT_URL")); url != "" {
		return url, nil
	}
	if name := p.get("services"); name != "" {
		section, err := p.config.GetSection("services " + name)
		if err != nil {
			return "", otherError(`The profile is configured to use the services section but the "%s" services configuration does not exist.`, name)
		}
		for line := range strings.Lines(section.Key(key).Value()) {
			if k, v, ok := strings.Cut(line, "="); ok && strings.TrimSpace(k) == "endpoint_url" {
				return strings.TrimSpace(v), nil
			}
		}
	}
	return p.get("endpoint_url"), nil
}

// useLocalServer takes endpoint, region and keys from the server that runs on the data folder of this place. It does so
// only when no credentials are configured: a file that happens to lie in a folder must not learn what was meant for
// another host.
func (c *call) useLocalServer() {
	if c.configuredCredentials() {
		return
	}
	found, err := endpoints.Read(first(c.env.Getenv("DROVER_DATA"), "drover-data"))
	if err != nil || found.HTTP == "" {
		return
	}
	s := &c.settings
	s.endpoint = found.HTTP
	s.region = first(c.line.text("region"), found.Region, s.region)
	s.credentials = credentials{id: found.AccessKeyID, secret: found.SecretAccessKey}
}
