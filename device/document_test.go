package device

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/engine/jobs"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/store"
)

// withPlaceholder is an execution of job b whose document has a placeholder, with URLs that are
// valid for a minute.
func withPlaceholder() jobs.DeviceExecution {
	x := execution("b", job.ExecutionInProgress)
	x.Document, x.URLLifetime = `{"from":"${…}"}`, time.Minute
	return x
}

// numbered replaces placeholders by the number of the delivery and the lifetime.
func numbered() func(string, job.Delivery) (string, error) {
	n := 0
	return func(document string, d job.Delivery) (string, error) {
		n++
		url := fmt.Sprintf("url %d for %s of %s", n, d.Lifetime, d.Thing)
		return strings.ReplaceAll(document, "${…}", url), nil
	}
}

// requestsWithDocument are the requests whose answer has the document (R-DOC-10), over MQTT and
// over HTTPS.
var requestsWithDocument = []struct{ name, topic, payload, route, body string }{
	{"StartNext", "start-next", `{}`, "PUT /things/pump/jobs/$next", `{}`},
	{"Describe", "b/get", `{}`, "GET /things/pump/jobs/b", ``},
	{"Describe $next", "$next/get", `{}`, "GET /things/pump/jobs/$next", ``},
	{"Update", "b/update", `{"status":"IN_PROGRESS","includeJobDocument":true}`,
		"POST /things/pump/jobs/b", `{"status":"IN_PROGRESS","includeJobDocument":true}`},
}

// Whatever a device asks for, and over whichever protocol, the document that it gets has URLs in
// place of placeholders, new ones each time (R-PRE-1); so has the notification of its head.
func TestEveryDocumentHasURLs(t *testing.T) {
	t.Parallel()
	for _, row := range requestsWithDocument {
		p := newPlane(t, &fleet{executions: []jobs.DeviceExecution{withPlaceholder()}})
		p.WithURLs = numbered()
		request := Request{Topic: "$aws/things/pump/jobs/" + row.topic, Payload: []byte(row.payload)}
		for _, want := range []string{
			`"jobDocument":{"from":"url 1 for 1m0s of pump"}`, `"jobDocument":{"from":"url 2 for 1m0s of pump"}`,
		} {
			if _, body := p.Answer(t.Context(), request); !strings.Contains(string(body), want) {
				t.Errorf("%s over MQTT: %s, want %s", row.name, body, want)
			}
		}
		body, err := overHTTP(t, p, row.route, row.body)
		const want = `"jobDocument":"{\"from\":\"url 3 for 1m0s of pump\"}"`
		if err != nil || !strings.Contains(string(body), want) {
			t.Errorf("%s over HTTPS: %s, %v, want %s", row.name, body, err, want)
		}
	}
	p := newPlane(t, &fleet{executions: []jobs.DeviceExecution{withPlaceholder()}})
	p.WithURLs = numbered()
	var got string
	p.Publish = func(_ string, payload []byte) { got = string(payload) }
	if err := p.Notify(t.Context(), []store.Notice{{Thing: 1, NotifyNext: true}}); err != nil {
		t.Fatal(err)
	}
	if want := `"jobDocument":{"from":"url 1 for 1m0s of pump"}`; !strings.Contains(got, want) {
		t.Errorf("notify-next: %s, want %s", got, want)
	}
}

// A document without placeholders, and an answer without the document, need no URLs.
func TestNoURLs(t *testing.T) {
	t.Parallel()
	plain := execution("b", job.ExecutionInProgress)
	p := newPlane(t, &fleet{executions: []jobs.DeviceExecution{plain}})
	p.WithURLs = func(document string, _ job.Delivery) (string, error) {
		t.Errorf("URLs were made for %q", document)
		return document, nil
	}
	for _, row := range requestsWithDocument {
		request := Request{Topic: "$aws/things/pump/jobs/" + row.topic, Payload: []byte(row.payload)}
		const want = `"jobDocument":{"do": "it"}`
		if _, body := p.Answer(t.Context(), request); !strings.Contains(string(body), want) {
			t.Errorf("%s: %s, want %s", row.name, body, want)
		}
	}
	p.Jobs = &fleet{executions: []jobs.DeviceExecution{withPlaceholder()}}
	for topic, payload := range map[string]string{
		"get": `{}`, "b/get": `{"includeJobDocument":false}`, "b/update": `{"status":"IN_PROGRESS"}`,
	} {
		request := Request{Topic: "$aws/things/pump/jobs/" + topic, Payload: []byte(payload)}
		if reply, body := p.Answer(t.Context(), request); !strings.HasSuffix(reply, "/accepted") ||
			strings.Contains(string(body), "jobDocument") {
			t.Errorf("%s: %s on %s", topic, body, reply)
		}
	}
}

// When the URLs of a document cannot be made, the request fails as an error of the server, the log
// says which job and thing, and a notification is left out (R-PRE-12). The notices of other things
// go on.
func TestURLsCannotBeMade(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	p := newPlane(t, &fleet{executions: []jobs.DeviceExecution{withPlaceholder()}})
	p.Log = slog.New(slog.NewTextHandler(&log, nil))
	p.WithURLs = func(string, job.Delivery) (string, error) { return "", errors.New("no credential") }
	logged := func(what string) {
		t.Helper()
		if text := log.String(); strings.Count(text, "\n") != 1 || !strings.Contains(text, "level=WARN") ||
			!strings.Contains(text, "thing=pump") || !strings.Contains(text, "job b") {
			t.Errorf("%s: the log has %q", what, text)
		}
		log.Reset()
	}
	for _, row := range requestsWithDocument {
		request := Request{Topic: "$aws/things/pump/jobs/" + row.topic, Payload: []byte(row.payload)}
		_, body := p.Answer(t.Context(), request)
		var rejected struct{ Code string }
		if err := json.Unmarshal(body, &rejected); err != nil || rejected.Code != "InternalError" {
			t.Errorf("%s: %s", row.name, body)
		}
		logged(row.name)
		if _, err := overHTTP(t, p, row.route, row.body); !fault.Is(err, fault.Undeliverable) {
			t.Errorf("%s over HTTPS: %v", row.name, err)
		}
		logged(row.name + " over HTTPS")
	}
	var topics []string
	p.Publish = func(topic string, _ []byte) { topics = append(topics, topic) }
	notice := store.Notice{Thing: 1, Notify: true, NotifyNext: true}
	if err := p.Notify(t.Context(), []store.Notice{notice}); err != nil {
		t.Errorf("Notify: %v", err)
	}
	if diff := cmp.Diff([]string{"$aws/things/pump/jobs/notify"}, topics); diff != "" {
		t.Errorf("published (-want +got):\n%s", diff)
	}
	logged("notify-next")
}

// What counts for a message that a device cannot take is the document with its URLs (R-MQTT-16,
// R-DOC-5).
func TestTooLargeWithURLs(t *testing.T) {
	t.Parallel()
	p := newPlane(t, &fleet{executions: []jobs.DeviceExecution{withPlaceholder()}})
	p.WithURLs = func(string, job.Delivery) (string, error) {
		return `"` + strings.Repeat("x", MaxPayload) + `"`, nil
	}
	reply, body := p.Answer(t.Context(), Request{Topic: "$aws/things/pump/jobs/b/get"})
	if !strings.HasSuffix(reply, "/rejected") || !strings.Contains(string(body), "InternalError") {
		t.Errorf("%s on %s", body, reply)
	}
	p.Publish = func(topic string, _ []byte) { t.Errorf("published on %s", topic) }
	if err := p.Notify(t.Context(), []store.Notice{{Thing: 1, NotifyNext: true}}); err != nil {
		t.Error(err)
	}
}
