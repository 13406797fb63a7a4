package settings

import (
	"bytes"
	"context"
	"encoding/json"
	"os/exec"
	"runtime"
	"strings"

	"gopkg.in/ini.v1"

	"github.com/drover-iot/drover/cli/exit"
	"github.com/drover-iot/drover/cli/shellwords"
	"github.com/drover-iot/drover/client"
)

// Credentials come from the environment, from a process, or from a profile. The order is that of
// R-CMD-104: what was set for this one call comes before what stands in a file.

// otherProviders are providers of credentials that a profile may name and this version does not
// have (R-CMD-104).
var otherProviders = []string{"role_arn", "web_identity_token_file", "sso_session", "sso_start_url"}

// credentialsConfigured reports whether the environment or the profile says anything about
// credentials.
func (s *Settings) credentialsConfigured() bool {
	if s.environmentKey() != "" {
		return true
	}
	own := []string{"aws_access_key_id", "credential_process"}
	for _, key := range append(own, otherProviders...) {
		if s.Profile.Get(key) != "" {
			return true
		}
	}
	return false
}

// environmentKey is the access key of the environment. An option --profile hides it, a profile
// named by a variable does not (R-CMD-104).
func (s *Settings) environmentKey() string {
	if s.from.has("profile") {
		return ""
	}
	return s.from.Getenv("AWS_ACCESS_KEY_ID")
}

// FindCredentials goes through the places where credentials may be set (R-CMD-104). Those of a
// server on this machine have been found already.
func (s *Settings) FindCredentials(ctx context.Context) error {
	get, p := s.from.Getenv, s.Profile
	if id := s.environmentKey(); id != "" {
		token := first(get("AWS_SESSION_TOKEN"), get("AWS_SECURITY_TOKEN"))
		s.Credentials = client.Credentials{
			AccessKeyID:     id,
			SecretAccessKey: get("AWS_SECRET_ACCESS_KEY"),
			SessionToken:    token,
		}
		return s.checkPair("env", "AWS_SECRET_ACCESS_KEY")
	}
	for _, key := range otherProviders {
		if p.Get(key) != "" {
			return exit.Environment("The profile %s gets its credentials by %s, "+
				"which this version of Drover does not know.", p.name, key)
		}
	}
	if textOf(p.credentials, "aws_access_key_id") != "" {
		s.Credentials = keysOf(p.credentials)
		return s.checkPair("shared-credentials-file", "aws_secret_access_key")
	}
	if command := p.Get("credential_process"); command != "" {
		if s.from.NoProcess {
			return exit.Missing(exit.CodeNoCredentials, noCredentials)
		}
		return s.runProcess(ctx, command)
	}
	if textOf(p.section, "aws_access_key_id") != "" {
		s.Credentials = keysOf(p.section)
		return s.checkPair("config-file", "aws_secret_access_key")
	}
	if s.Credentials.AccessKeyID == "" { // no server on this machine brought its own
		return exit.Missing(exit.CodeNoCredentials, noCredentials)
	}
	return nil
}

const noCredentials = `Unable to locate credentials. ` +
	`You can configure credentials by running "aws configure".`

// checkPair refuses half of a pair of keys (R-CMD-106).
func (s *Settings) checkPair(place, missing string) error {
	if s.Credentials.SecretAccessKey == "" {
		return exit.Other("Partial credentials found in %s, missing: %s", place, missing)
	}
	return nil
}

// keysOf are the keys in a section.
func keysOf(s *ini.Section) client.Credentials {
	return client.Credentials{
		AccessKeyID:     textOf(s, "aws_access_key_id"),
		SecretAccessKey: textOf(s, "aws_secret_access_key"),
		SessionToken:    textOf(s, "aws_session_token"),
	}
}

// runProcess runs the profile's credential_process, without a shell (R-CMD-105).
func (s *Settings) runProcess(ctx context.Context, command string) error {
	const failed = "Error when retrieving credentials from custom-process: "
	if runtime.GOOS == "windows" { // where a backslash divides folders, and escapes nothing
		command = strings.ReplaceAll(command, `\`, `\\`)
	}
	words, _ := shellwords.Split(command)
	if len(words) == 0 {
		return exit.Other(failed + "the command is empty")
	}
	// What the process says on standard error is the reason when it fails; when it succeeds, nobody
	// asked for it.
	process := exec.CommandContext(ctx, words[0], words[1:]...)
	var out, problem bytes.Buffer
	process.Stdout, process.Stderr = &out, &problem
	if err := process.Run(); err != nil {
		return exit.Other(failed+"%s", first(strings.TrimSpace(problem.String()), err.Error()))
	}
	// An Expiration is not looked at: a call of the command line is over in a moment.
	var answer struct {
		Version                                    int
		AccessKeyId, SecretAccessKey, SessionToken string
	}
	err := json.Unmarshal(out.Bytes(), &answer)
	whole := answer.AccessKeyId != "" && answer.SecretAccessKey != ""
	if err != nil || answer.Version != 1 || !whole {
		return exit.Other(failed +
			"it must print JSON with Version 1, AccessKeyId and SecretAccessKey")
	}
	s.Credentials = client.Credentials{
		AccessKeyID:     answer.AccessKeyId,
		SecretAccessKey: answer.SecretAccessKey,
		SessionToken:    answer.SessionToken,
	}
	return nil
}
