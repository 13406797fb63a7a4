package deliver

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/drover-iot/drover/engine/sinks"
	signing "github.com/drover-iot/drover/internal/webhook"
)

// The examples of docs/sinks.md that verify a webhook. That in Go is the function below.

func verify(secret string, header http.Header, body []byte) bool {
	seconds, err := strconv.ParseInt(header.Get("webhook-timestamp"), 10, 64)
	if err != nil || time.Since(time.Unix(seconds, 0)).Abs() > 5*time.Minute {
		return false
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		return false
	}
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "%s.%d.%s", header.Get("webhook-id"), seconds, body)
	want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	for _, given := range strings.Fields(header.Get("webhook-signature")) {
		if hmac.Equal([]byte(given), []byte(want)) {
			return true
		}
	}
	return false
}

// example is the code of a language in docs/sinks.md.
func example(t *testing.T, language string) string {
	t.Helper()
	text, err := os.ReadFile("../docs/sinks.md")
	if err != nil {
		t.Fatal(err)
	}
	_, code, found := strings.Cut(string(text), "```"+language+"\n")
	code, _, ended := strings.Cut(code, "```")
	if !found || !ended {
		t.Fatalf("docs/sinks.md has no example in %s", language)
	}
	return code
}

// What the server sends is what the examples accept, during a change of the secret too; anything else
// they refuse.
func TestExamplesVerify(t *testing.T) { // R-SNK-5, R-SNK-6
	t.Parallel()
	source, err := os.ReadFile("docs_test.go")
	if err != nil || !strings.Contains(string(source), example(t, "go")) {
		t.Errorf("the example in Go is not the function of this test: %v", err)
	}
	secret, before := sinks.NewSecret(), sinks.NewSecret()
	w := &webhook{Target: sinks.Target{Signing: secret, Previous: before}}
	w.Secrets.PreviousUntil = time.Now().Add(time.Hour)
	header := func(at time.Time) http.Header {
		h := http.Header{}
		signing.SetHeaders(h, message.ID, at, message.Body, w.secrets(at)...)
		return h
	}
	now := time.Now()
	for _, tt := range []struct {
		name, secret string
		header       http.Header
		body         string
		want         bool
	}{
		{"as it is sent", sinks.FormatSecret(secret), header(now), string(message.Body), true},
		{"by the secret before", sinks.FormatSecret(before), header(now), string(message.Body), true},
		{"another secret", sinks.FormatSecret(sinks.NewSecret()), header(now), string(message.Body), false},
		{"another body", sinks.FormatSecret(secret), header(now), "{}", false},
		{"too old", sinks.FormatSecret(secret), header(now.Add(-time.Hour)), string(message.Body), false},
	} {
		if got := verify(tt.secret, tt.header, []byte(tt.body)); got != tt.want {
			t.Errorf("Go, %s: got %t", tt.name, got)
		}
		if got := verifyInPython(t, tt.secret, tt.header, tt.body); got != tt.want {
			t.Errorf("Python, %s: got %t", tt.name, got)
		}
	}
}

// verifyInPython runs the example in Python.
func verifyInPython(t *testing.T, secret string, header http.Header, body string) bool {
	t.Helper()
	headers := map[string]string{}
	for name := range header {
		headers[strings.ToLower(name)] = header.Get(name)
	}
	given, err := json.Marshal(map[string]any{"secret": secret, "headers": headers, "body": body})
	if err != nil {
		t.Fatal(err)
	}
	const call = `
import json, sys
given = json.load(sys.stdin)
print(verify(given["secret"], given["headers"], given["body"].encode()))`
	run := exec.CommandContext(t.Context(), "python3", "-c", example(t, "python")+call)
	run.Stdin = strings.NewReader(string(given))
	printed, err := run.CombinedOutput()
	if err != nil {
		t.Fatalf("python3, which make setup needs, too: %v\n%s", err, printed)
	}
	return string(printed) == "True\n"
}
