package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"gopkg.in/ini.v1"

	"github.com/drover-iot/drover/api/jobsdata"
)

// settings is what a call needs to know beside its parameters: option, environment, profile, built-in, in this order
// (section 23 of chapter 40).
type settings struct {
	region, endpoint, output, timestamps string
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
	for _, s := range []*ini.Section{p.credentials, p.section} {
		if s != nil && s.HasKey(key) {
			return s.Key(key).String()
		}
	}
	return ""
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
	if local := c.localServer(); local != nil && s.endpoint == "" && !c.hasCredentials() {
		s.endpoint = local.HTTP
		s.region = first(s.region, local.Region)
		s.credentials = credentials{id: local.AccessKeyID, secret: local.SecretAccessKey}
	}
	switch {
	case s.region == "":
		return environmentError(`You must specify a region. You can also configure your region by running "aws configure".`)
	case !hostLabel.MatchString(s.region):
		return otherError("Provided region_name '%s' doesn't match a supported format.", s.region)
	case s.endpoint == "":
		return environmentError("There is no endpoint. Give --endpoint-url, set AWS_ENDPOINT_URL, or put endpoint_url into the profile; " +
			"beside a running \"drover serve\" none of these is needed, as long as no credentials are configured either.")
	}
	s.output = first(c.line.text("output"), get("AWS_DEFAULT_OUTPUT"), s.profile.get("output"), "json")
	switch s.output {
	case "json", "text":
	case "table", "yaml", "yaml-stream", "off":
		return notYet("--output " + s.output)
	default:
		return environmentError("Unknown output type: %s", s.output)
	}
	s.timestamps = first(s.profile.get("cli_timestamp_format"), "iso8601")
	if s.timestamps != "iso8601" && s.timestamps != "wire" {
		return environmentError(`Unknown cli_timestamp_format value: %s, valid values are "wire" or "iso8601"`, s.timestamps)
	}
	return nil
}

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
	file, err := ini.LoadSources(ini.LoadOptions{Loose: true, AllowPythonMultilineValues: true, IgnoreInlineComment: true}, path)
	if err != nil {
		return nil, environmentError("Unable to parse config file: %s: %v", path, err)
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
		for line := range strings.Lines(section.Key(key).String()) {
			if k, v, ok := strings.Cut(line, "="); ok && strings.TrimSpace(k) == "endpoint_url" {
				return strings.TrimSpace(v), nil
			}
		}
	}
	return p.get("endpoint_url"), nil
}

// local is the part of a running server's endpoints.json that a caller on the same machine needs.
type local struct {
	HTTP            string `json:"http"`
	Region          string `json:"region"`
	AccessKeyID     string `json:"accessKeyId"`
	SecretAccessKey string `json:"secretAccessKey"`
}

// localServer finds the server that runs on the data folder of this place, if any.
func (c *call) localServer() *local {
	text, err := os.ReadFile(filepath.Join(first(c.env.Getenv("DROVER_DATA"), "drover-data"), "endpoints.json"))
	if err != nil {
		return nil
	}
	found := &local{}
	if json.Unmarshal(text, found) != nil || found.HTTP == "" {
		return nil
	}
	return found
}

// hasCredentials says whether credentials are configured. They are for a server that their owner chose: with them, a file
// that lies in the current folder must not say where requests go.
func (c *call) hasCredentials() bool {
	p := c.settings.profile
	return c.env.Getenv("AWS_ACCESS_KEY_ID") != "" && !c.line.has("profile") ||
		p.get("aws_access_key_id") != "" || p.get("credential_process") != ""
}

// findCredentials goes through the places where credentials may be set (R-CMD-104). An explicit --profile skips the
// environment.
func (c *call) findCredentials() error {
	get, p, s := c.env.Getenv, c.settings.profile, &c.settings
	if id := get("AWS_ACCESS_KEY_ID"); id != "" && !c.line.has("profile") {
		s.credentials = credentials{id, get("AWS_SECRET_ACCESS_KEY"), first(get("AWS_SESSION_TOKEN"), get("AWS_SECURITY_TOKEN"))}
		if s.credentials.secret == "" {
			return otherError("Partial credentials found in env, missing: AWS_SECRET_ACCESS_KEY")
		}
		return nil
	}
	if id := p.get("aws_access_key_id"); id != "" {
		s.credentials = credentials{id, p.get("aws_secret_access_key"), p.get("aws_session_token")}
		if s.credentials.secret == "" {
			return otherError("Partial credentials found in config-file, missing: aws_secret_access_key")
		}
		return nil
	}
	if command := p.get("credential_process"); command != "" {
		return c.runCredentialProcess(command)
	}
	if s.credentials.id == "" {
		return environmentError(`Unable to locate credentials. You can configure credentials by running "aws configure".`)
	}
	return nil
}
