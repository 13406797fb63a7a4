package test

import (
	"encoding/hex"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	otlp "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// collector takes spans as a store of traces does.
type collector struct {
	mu    sync.Mutex
	spans []*otlp.Span
	wrong []string
}

func (c *collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	var batch otlp.TracesData
	if err == nil {
		err = proto.Unmarshal(body, &batch)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil || r.URL.Path != "/v1/traces" || r.Header.Get("Content-Type") != "application/x-protobuf" {
		c.wrong = append(c.wrong, r.Method+" "+r.URL.Path)
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	for _, of := range batch.ResourceSpans {
		for _, scope := range of.ScopeSpans {
			c.spans = append(c.spans, scope.Spans...)
		}
	}
}

// all are the spans that have come, by their names.
func (c *collector) all() map[string][]*otlp.Span {
	c.mu.Lock()
	defer c.mu.Unlock()
	found := map[string][]*otlp.Span{}
	for _, span := range c.spans {
		found[span.Name] = append(found[span.Name], span)
	}
	return found
}

// wait waits until there is a span of a name that fits, and returns it.
func (c *collector) wait(t *testing.T, name string, fits func(*otlp.Span) bool) *otlp.Span {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		all := c.all()
		if at := slices.IndexFunc(all[name], fits); at >= 0 {
			return all[name][at]
		}
		if time.Now().After(deadline) {
			t.Fatalf("no span %s fits; there are %q", name, slices.Sorted(maps.Keys(all)))
		}
	}
}

// links reports whether a span has a link to another one.
func links(from, to *otlp.Span) bool {
	return slices.ContainsFunc(from.Links, func(l *otlp.Span_Link) bool {
		return string(l.SpanId) == string(to.SpanId) && string(l.TraceId) == string(to.TraceId)
	})
}

// below says which spans are children of another one.
func below(parent *otlp.Span) func(*otlp.Span) bool {
	return func(s *otlp.Span) bool {
		return string(s.ParentSpanId) == string(parent.SpanId) && string(s.TraceId) == string(parent.TraceId)
	}
}

func anySpan(*otlp.Span) bool { return true }

// A request of an operator and a report of a device are followed from their callers through the
// commit to what devices are notified of, in the form that stores of traces read.
func TestTraces(t *testing.T) { // R-OBS-12
	t.Parallel()
	taken := &collector{}
	store := httptest.NewServer(taken)
	defer store.Close()
	s := serve(t, "--traces-endpoint", store.URL)
	s.fleet("g", 1)
	s.create("fw", "g", nil)
	in := newInbox(t)
	d := must[*v3](t)(connect3(t, s.MQTT, "t0001", nil, in))
	d.publish("$aws/things/t0001/jobs/fw/update", `{"status":"IN_PROGRESS"}`)
	const traceID, callerID = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
	address, header := s.presign("GET", "iot", "/jobs/fw?X-Amz-Expires=60", "", "", time.Now())
	header.Set("traceparent", "00-"+traceID+"-"+callerID+"-01")
	s.get("GET", address, "", header)
	wantText(t, s.fetchedText(s.HTTP+"/healthz"), "200 ok")

	of := taken.wait(t, "DescribeJob", func(s *otlp.Span) bool { return hex.EncodeToString(s.TraceId) == traceID })
	if hex.EncodeToString(of.ParentSpanId) != callerID {
		t.Errorf("the parent of the request is %x", of.ParentSpanId)
	}
	request := taken.wait(t, "CreateJob", anySpan)
	waited := taken.wait(t, "wait for the commit", below(request))
	decided := taken.wait(t, "decide", below(request))
	commit := taken.wait(t, "commit", func(s *otlp.Span) bool { return links(waited, s) })
	if !links(decided, commit) || !links(commit, request) {
		t.Error("the request and its commit have no links to each other")
	}
	for _, phase := range []string{"wait for the turn", "decide and write", "sync"} {
		span := taken.wait(t, phase, below(commit))
		if span.StartTimeUnixNano < commit.StartTimeUnixNano || span.EndTimeUnixNano > commit.EndTimeUnixNano {
			t.Errorf("%s is not within the commit", phase)
		}
	}
	taken.wait(t, "announce", anySpan)
	report := taken.wait(t, "UpdateJobExecution", anySpan)
	waited = taken.wait(t, "wait for the commit", below(report))
	commit = taken.wait(t, "commit", func(s *otlp.Span) bool { return links(waited, s) })
	if report.EndTimeUnixNano < commit.EndTimeUnixNano {
		t.Error("the report was answered before its commit")
	}
	taken.mu.Lock()
	defer taken.mu.Unlock()
	if len(taken.wrong) > 0 {
		t.Errorf("%q are no batches of spans", taken.wrong)
	}
	for _, span := range taken.spans {
		if text := span.String(); strings.Contains(text, "Signature") || span.Name == "GET" {
			t.Errorf("a span with a signature, or of a probe: %s", text)
		}
	}
}

// A store of traces that does not answer changes nothing for clients, and is warned of; nor does a
// server follow requests that nobody asked it to.
func TestTracesAreLost(t *testing.T) { // R-OBS-12
	t.Parallel()
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	s := serve(t, "--traces-endpoint", "http://user:a-password@"+strings.TrimPrefix(gone.URL, "http://"))
	s.fleet("g", 1)
	if err := s.Stop(); err != nil {
		t.Error(err)
	}
	wantText(t, s.Output.String(), "traces were not delivered")
	if strings.Contains(s.Output.String(), "a-password") {
		t.Errorf("the password is printed:\n%s", s.Output)
	}
}
