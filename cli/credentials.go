package cli

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"strings"

	"gopkg.in/ini.v1"
)

// providers of credentials that a profile may name and this version does not have (R-CMD-104).
var otherProviders = []string{"role_arn", "web_identity_token_file", "sso_session", "sso_start_url"}

// configuredCredentials reports whether the environment or the profile says anything about credentials.
func (c *call) configuredCredentials() bool {
	if c.env.Getenv("AWS_ACCESS_KEY_ID") != "" && !c.line.has("profile") {
		return true
	}
	for _, key := range append([]string{"aws_access_key_id", "credential_process"}, otherProviders...) {
		if c.settings.profile.get(key) != "" {
			return true
		}
	}
	return false
}

// findCredentials goes through the places where credentials may be set (R-CMD-104). An explicit --profile skips the
// environment.
func (c *call) findCredentials() error {
	get, p, s := c.env.Getenv, c.settings.profile, &c.settings
	if id := get("AWS_ACCESS_KEY_ID"); id != "" && !c.line.has("profile") {
		s.credentials = credentials{id, get("AWS_SECRET_ACCESS_KEY"), first(get("AWS_SESSION_TOKEN"), get("AWS_SECURITY_TOKEN"))}
		return s.credentials.whole("env", "AWS_SECRET_ACCESS_KEY")
	}
	for _, key := range otherProviders {
		if p.get(key) != "" {
			return environmentError("The profile %s gets its credentials by %s, which this version of Drover does not know.", p.name, key)
		}
	}
	if id := textOf(p.credentials, "aws_access_key_id"); id != "" {
		s.credentials = keysOf(p.credentials)
		return s.credentials.whole("shared-credentials-file", "aws_secret_access_key")
	}
	if command := p.get("credential_process"); command != "" {
		return c.runCredentialProcess(command)
	}
	if id := textOf(p.section, "aws_access_key_id"); id != "" {
		s.credentials = keysOf(p.section)
		return s.credentials.whole("config-file", "aws_secret_access_key")
	}
	if s.credentials.id == "" { // those of a local server
		return environmentError(`Unable to locate credentials. You can configure credentials by running "aws configure".`)
	}
	return nil
}

// whole refuses half of a pair of keys (R-CMD-106).
func (k credentials) whole(place, missing string) error {
	if k.secret == "" {
		return otherError("Partial credentials found in %s, missing: %s", place, missing)
	}
	return nil
}

func keysOf(s *ini.Section) credentials {
	return credentials{textOf(s, "aws_access_key_id"), textOf(s, "aws_secret_access_key"), textOf(s, "aws_session_token")}
}

// runCredentialProcess runs the profile's credential_process, without a shell (R-CMD-105).
func (c *call) runCredentialProcess(command string) error {
	words := splitWords(command)
	if len(words) == 0 {
		return otherError("Error when retrieving credentials from custom-process: the command is empty")
	}
	process := exec.CommandContext(c.ctx, words[0], words[1:]...)
	var out, problem bytes.Buffer
	process.Stdout, process.Stderr = &out, &problem
	if err := process.Run(); err != nil {
		return otherError("Error when retrieving credentials from custom-process: %s", first(strings.TrimSpace(problem.String()), err.Error()))
	}
	var answer struct {
		Version                                    int
		AccessKeyId, SecretAccessKey, SessionToken string
	}
	if err := json.Unmarshal(out.Bytes(), &answer); err != nil || answer.Version != 1 || answer.AccessKeyId == "" || answer.SecretAccessKey == "" {
		return otherError("Error when retrieving credentials from custom-process: it must print JSON with Version 1, AccessKeyId and SecretAccessKey")
	}
	c.settings.credentials = credentials{answer.AccessKeyId, answer.SecretAccessKey, answer.SessionToken}
	return nil
}

// splitWords splits a command at blanks; single and double quotes hold words together.
func splitWords(command string) (words []string) {
	var word strings.Builder
	var quote rune
	open := false
	for _, r := range command {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote != 0:
			word.WriteRune(r)
		case r == '\'' || r == '"':
			quote, open = r, true
		case r == ' ' || r == '\t':
			if open {
				words = append(words, word.String())
				word.Reset()
			}
			open = false
		default:
			word.WriteRune(r)
			open = true
		}
	}
	if open {
		words = append(words, word.String())
	}
	return words
}
