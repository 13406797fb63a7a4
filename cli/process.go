package cli

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"strings"
)

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
