package credentials

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/client"
)

// now is before the time 2026-01-31T12:00:00Z of the rows.
var now = time.Date(2026, 1, 31, 11, 59, 59, 0, time.UTC)

// What a process may print, and what is said of anything else (R-CMD-105).
func TestReadProcess(t *testing.T) {
	t.Parallel()
	keys := client.Credentials{AccessKeyID: "AK", SecretAccessKey: "s"}
	const form = "it must print JSON with Version 1, AccessKeyId and SecretAccessKey"
	for text, row := range map[string]struct {
		want  Value
		wrong string
	}{
		`{"Version":1,"AccessKeyId":"AK","SecretAccessKey":"s"}`:                                     {Value{Credentials: keys}, ""},
		`{"Version":1,"AccessKeyId":"AK","SecretAccessKey":"s","Other":{}}`:                          {Value{Credentials: keys}, ""},
		`{"Version":1,"AccessKeyId":"AK","SecretAccessKey":"s","Expiration":"2026-01-31T12:00:00Z"}`: {Value{keys, now.Add(time.Second)}, ""},
		`{"Version":1,"AccessKeyId":"AK","SecretAccessKey":"s","Expiration":"2026-01-31T11:59:59Z"}`: {Value{}, "Credentials were refreshed, but the refreshed credentials are still expired."},
		`{"Version":1,"AccessKeyId":"AK","SecretAccessKey":"s","Expiration":"tomorrow"}`:             {Value{}, "Expiration is no time in the form 2026-01-31T12:00:00Z"},
		`{"AccessKeyId":"AK","SecretAccessKey":"s"}`:                                                 {Value{}, "Unsupported version '<Version key not provided>' for credential process provider, supported versions: 1"},
		`{"Version":2,"AccessKeyId":"AK","SecretAccessKey":"s"}`:                                     {Value{}, "Unsupported version '2' for credential process provider, supported versions: 1"},
		`{"Version":1,"SecretAccessKey":"s"}`:                                                        {Value{}, "Missing required key in response: 'AccessKeyId'"},
		`{"Version":1,"AccessKeyId":"AK"}`:                                                           {Value{}, "Missing required key in response: 'SecretAccessKey'"},
		`{"Version":1,"AccessKeyId":"AK","SecretAccessKey":5}`:                                       {Value{}, form},
		`{"Version":1,"AccessKeyId":"AK","SecretAccessKey":"s"} and more`:                            {Value{}, form},
		"": {Value{}, form},
	} {
		got, wrong := readProcess([]byte(text), now)
		if wrong != row.wrong || row.wrong == "" && !cmp.Equal(got, row.want) {
			t.Errorf("%s: %+v, %q\nwant %+v, %q", text, got, wrong, row.want, row.wrong)
		}
	}
}

// A process that fails, prints too much, or leaves a program behind (R-CMD-105).
func TestProcess(t *testing.T) {
	t.Parallel()
	const failed = "Error when retrieving credentials from custom-process: "
	for command, want := range map[string]string{
		`sh -c 'echo why >&2; exit 3'`:           failed + "why",
		`sh -c 'exit 3'`:                         failed + "exit status 3",
		`sh -c 'yes | head -c 9000 >&2; exit 3'`: failed + strings.Repeat("y\n", 2048)[:4095],
		`yes`:                                    failed + "it printed more than 1048576 bytes",
		`/nonexistent`:                           failed + "fork/exec /nonexistent: no such file or directory",
		`''`:                                     failed + "exec: no command",
		``:                                       failed + "the command is empty",
		`sh -c 'echo "{\"Version\":\"$V\"}"'`:    failed + "Unsupported version 'variable'",
		`sh -c 'sleep 5 & echo "{\"Version\":3}"; :'`: failed + "Unsupported version '3'",
	} {
		if strings.Contains(command, "$V") {
			want = failed + "it must print JSON" // a text is no number, and is not shown
		}
		_, err := Process(t.Context(), command, []string{"V=variable"}, now)
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v, want %s", command, err, want)
		}
	}
}

// A process that hangs ends with the call (R-CMD-105).
func TestProcessInterrupted(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	started := filepath.Join(t.TempDir(), "started")
	ended := make(chan error)
	go func() {
		_, err := Process(ctx, "sh -c 'mkfifo "+started+"; echo > "+started+"; exec sleep 1000'", nil, now)
		ended <- err
	}()
	for { // the pipe opens when the process has come to it
		file, err := os.Open(started)
		if err == nil {
			_ = file.Close()
			break
		}
	}
	stop()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want %v", err, context.Canceled)
	}
}
