package credentials

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"github.com/drover-iot/drover/cli/exit"
	"github.com/drover-iot/drover/cli/shellwords"
	"github.com/drover-iot/drover/client"
)

// Process runs a credential_process, without a shell, and reads what it prints (R-CMD-105). It ends
// with ctx. variables are added to those of this process, as NAME=VALUE.
func Process(ctx context.Context, command string, variables []string, now time.Time) (Value, error) {
	const failed = "Error when retrieving credentials from custom-process: "
	if runtime.GOOS == "windows" { // where a backslash divides folders, and escapes nothing
		command = strings.ReplaceAll(command, `\`, `\\`)
	}
	words, _ := shellwords.Split(command)
	if len(words) == 0 {
		return Value{}, exit.Other(failed + "the command is empty")
	}
	process := exec.CommandContext(ctx, words[0], words[1:]...)
	process.Env = append(os.Environ(), variables...)
	// A program that it has started and left behind may have its output open for ever.
	process.WaitDelay = leaveBehind
	// What the process says on standard error is the reason when it fails; when it succeeds, nobody
	// asked for it.
	out, problem := limited{most: longestOutput}, limited{most: longestReason, cut: true}
	process.Stdout, process.Stderr = &out, &problem
	err := process.Run()
	switch {
	case ctx.Err() != nil:
		return Value{}, ctx.Err()
	case out.full:
		return Value{}, exit.Other(failed+"it printed more than %d bytes", longestOutput)
	case err != nil && !errors.Is(err, exec.ErrWaitDelay):
		reason := strings.TrimSpace(problem.text.String())
		if reason == "" {
			reason = err.Error()
		}
		return Value{}, exit.Other(failed+"%s", reason)
	}
	v, wrong := readProcess(out.text.Bytes(), now)
	if wrong != "" {
		return Value{}, exit.Other("%s", failed+wrong)
	}
	return v, nil
}

const (
	leaveBehind   = time.Second
	longestOutput = 1 << 20
	longestReason = 4 << 10
)

// readProcess reads what a process has printed, or says what is wrong with it. The text is not
// shown: it may hold a secret.
func readProcess(text []byte, now time.Time) (v Value, wrong string) {
	var answer struct {
		Version                                    *json.Number
		AccessKeyId, SecretAccessKey, SessionToken string
		Expiration                                 string
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		return v, "it must print JSON with Version 1, AccessKeyId and SecretAccessKey"
	}
	switch {
	case answer.Version == nil:
		return v, "Unsupported version '<Version key not provided>' for credential process " +
			"provider, supported versions: 1"
	case answer.Version.String() != "1":
		return v, "Unsupported version '" + answer.Version.String() + "' for credential process " +
			"provider, supported versions: 1"
	case answer.AccessKeyId == "":
		return v, "Missing required key in response: 'AccessKeyId'"
	case answer.SecretAccessKey == "":
		return v, "Missing required key in response: 'SecretAccessKey'"
	}
	v.Credentials = client.Credentials{
		AccessKeyID:     answer.AccessKeyId,
		SecretAccessKey: answer.SecretAccessKey,
		SessionToken:    answer.SessionToken,
	}
	if answer.Expiration == "" {
		return v, ""
	}
	expires, err := time.Parse(time.RFC3339, answer.Expiration)
	if err != nil {
		return Value{}, "Expiration is no time in the form 2026-01-31T12:00:00Z"
	}
	if !now.Before(expires) {
		return Value{}, "Credentials were refreshed, but the refreshed credentials are still expired."
	}
	v.Expires = expires
	return v, ""
}

// limited is a buffer for at most a number of bytes. What is over is left out when it may be cut,
// and is an error otherwise, which ends the process.
type limited struct {
	text bytes.Buffer
	most int
	cut  bool
	full bool // there was more
}

// Write adds bytes as far as they have room.
func (l *limited) Write(b []byte) (int, error) {
	room := l.most - l.text.Len()
	if len(b) <= room {
		return l.text.Write(b)
	}
	l.full = true
	if !l.cut {
		return 0, errors.New("too much output")
	}
	_, _ = l.text.Write(b[:room]) // never fails
	return len(b), nil
}
