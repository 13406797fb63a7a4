package metrics

import (
	"flag"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/device"
	"github.com/drover-iot/drover/engine"
	"github.com/drover-iot/drover/engine/answers"
	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/engine/sinks"
	"github.com/drover-iot/drover/job"
)

// metricsFile is the documentation of all metrics.
const metricsFile = "../docs/metrics.md"

var rewrite = flag.Bool("rewrite", false, "write "+metricsFile+" anew")

// What stands in front of the metrics, by hand.
const introduction = `# The metrics of a server

<!-- Made from the table in metrics: go test ./metrics -run Documented -rewrite -->

` + "`GET /metrics`" + ` answers in the text format of Prometheus (docs/spec/55, "Watching"): without credentials on the same machine, and to
others over HTTPS with the id and the secret of an operator key that may read, as user and password. ` + "`--admin ADDR`" + ` gives metrics and
probes a listener of their own. deploy/prometheus and deploy/grafana have a configuration, alerts and a dashboard.

Each node counts what it does itself, so rates are added up over nodes. What says "as sampled" is read from the store in the
background, every 15 seconds at most; all nodes of a database show the same, so it is not to be added up. No label names a thing, a job or
a client; sinks are named, of which there are 100 at most.

Beside these there are the metrics of the Go runtime and of the process, ` + "`go_…`" + ` and ` + "`process_…`" + `, as every Go program has them.

`

// docs/metrics.md is what the table says.
func TestDocumented(t *testing.T) { // R-OBS-1
	t.Parallel()
	want := introduction + Markdown()
	if *rewrite {
		if err := os.WriteFile(metricsFile, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(metricsFile)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("go test ./metrics -run Documented -rewrite writes it anew (-table +file):\n%s", diff)
	}
}

// Names and units are those that Prometheus asks for, and labels are of sets that the program has.
func TestConventions(t *testing.T) { // R-OBS-1, R-OBS-5
	t.Parallel()
	name := regexp.MustCompile(`^drover_[a-z_]+$`)
	labels := []string{"transport", "op", "code", "result", "phase", "status", "state", "caller",
		"certificate", "direction", "kind", "sink", "what"}
	seen := map[string]bool{}
	for _, f := range Families() {
		if !name.MatchString(f.Name) || seen[f.Name] || f.Help == "" || strings.HasSuffix(f.Help, ".") {
			t.Errorf("%+v", f)
		}
		seen[f.Name] = true
		if strings.HasSuffix(f.Name, "_total") != (f.Kind == "counter") {
			t.Errorf("%s is a %s", f.Name, f.Kind)
		}
		if (f.Kind == "histogram") != (len(f.Buckets) > 0) {
			t.Errorf("%s is a %s with %d buckets", f.Name, f.Kind, len(f.Buckets))
		}
		for _, l := range f.Labels {
			if !slices.Contains(labels, l) {
				t.Errorf("%s has the label %s, which is not one whose values are few", f.Name, l)
			}
		}
	}
}

// full are sources that have something to say for every family.
func full() Sources {
	return Sources{
		Pulse: func() engine.Pulse {
			return engine.Pulse{
				Waiting:   3,
				Busy:      time.Second,
				Outbox:    7,
				OutboxAge: 2 * time.Second,
				DueLag:    1500 * time.Millisecond,
			}
		},
		Totals: func() (answers.Totals, bool) {
			return answers.Totals{
				Jobs:        map[job.Status]int{job.InProgress: 2},
				Executions:  job.Counts{job.ExecutionFailed: 5},
				Rollouts:    1,
				RolloutRate: 100,
				Guarded:     3,
				GuardFired:  1,
				Expired:     2,
				ExpiredFor:  time.Hour,
			}, true
		},
		Connections: func() (open, identified int) { return 10, 8 },
		Clients:     func() int { return 4 },
		Sessions:    func() int { return 9 },
		Nodes:       func() int { return 2 },
		SinkCounts: func() map[string]sinks.Counts {
			return map[string]sinks.Counts{"ops": {Delivered: 5, Failed: 4, Retries: 3, DeadLetters: 2}}
		},
		SinkBacklogs: func() []sinks.Backlog {
			return []sinks.Backlog{
				{Name: "off", Waiting: 9, WaitingFor: time.Hour, DeadLetters: 1},
				{Name: "ops", Enabled: true, Waiting: 7, WaitingFor: time.Minute, Skipped: 8, Dropped: 6},
			}
		},
		Ready:        func() bool { return true },
		Certificates: func() map[string]time.Time { return map[string]time.Time{"server": time.Unix(5, 0)} },
		Artifacts:    func() Artifacts { return Artifacts{Sent: 11, Received: 12, StoredFiles: 1, StoredBytes: 13} },
		Disk:         func() (free, size uint64, ok bool) { return 1, 2, true },
	}
}

// scraped is what a scrape reads, without comments.
func scraped(t *testing.T, m *Metrics) (lines []string) {
	t.Helper()
	w := httptest.NewRecorder()
	m.Handler(slog.New(slog.DiscardHandler)).
		ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if w.Code != http.StatusOK {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	for line := range strings.Lines(w.Body.String()) {
		if !strings.HasPrefix(line, "#") {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	return lines
}

// What is counted and what is read is what a scrape shows, of every family.
func TestScrape(t *testing.T) { // R-OBS-4
	t.Parallel()
	m := New(full())
	m.OfControl("CreateJob", "", time.Millisecond)
	m.OfControl("CreateJob", "ConflictException", time.Millisecond)
	m.OfControl("", "UnrecognizedClientException", 0)
	update := device.Answered{Transport: "mqtt", Operation: "UpdateJobExecution", Took: 3 * time.Millisecond}
	m.OfDevice(update)
	update.Code = "VersionMismatch"
	m.OfDevice(update)
	m.OfDevice(device.Answered{Transport: "mqtt", Code: "InvalidTopic"})
	began := time.Unix(100, 0)
	m.Commit(commit.Made{
		Began:    began,
		Turn:     began.Add(time.Millisecond),
		Decided:  began.Add(3 * time.Millisecond),
		Ended:    began.Add(10 * time.Millisecond),
		Requests: 5,
		Entered:  job.Counts{job.ExecutionQueued: 4},
		Purged:   commit.Purged{Jobs: 1, Executions: 30},
	})
	m.Commit(commit.Made{Err: http.ErrAbortHandler})
	m.Announced(engine.Announced{Notices: 6, Events: 8, Began: began, Ended: began.Add(time.Second)})
	lines := scraped(t, m)
	for _, want := range []string{
		`drover_requests_total{code="ok",op="CreateJob",transport="http"} 1`,
		`drover_requests_total{code="ConflictException",op="CreateJob",transport="http"} 1`,
		`drover_requests_total{code="UnrecognizedClientException",op="none",transport="http"} 1`,
		`drover_requests_total{code="ok",op="UpdateJobExecution",transport="mqtt"} 1`,
		`drover_requests_total{code="VersionMismatch",op="UpdateJobExecution",transport="mqtt"} 1`,
		`drover_requests_total{code="InvalidTopic",op="none",transport="mqtt"} 1`,
		`drover_request_duration_seconds_bucket{op="UpdateJobExecution",transport="mqtt",le="0.005"} 2`,
		`drover_commits_total{result="ok"} 1`,
		`drover_commits_total{result="error"} 1`,
		`drover_commit_requests_bucket{le="4"} 0`,
		`drover_commit_requests_bucket{le="8"} 1`,
		`drover_store_duration_seconds_sum{phase="decide"} 0.002`,
		`drover_store_duration_seconds_sum{phase="sync"} 0.007`,
		`drover_executions_entered_total{status="QUEUED"} 4`,
		`drover_purged_total{kind="job"} 1`,
		`drover_purged_total{kind="execution"} 30`,
		`drover_retention_jobs 2`,
		`drover_retention_lag_seconds 3600`,
		`drover_sink_attempts_total{result="ok",sink="ops"} 5`,
		`drover_sink_attempts_total{result="error",sink="ops"} 4`,
		`drover_sink_retries_total{sink="ops"} 3`,
		`drover_sink_given_up_total{sink="ops"} 2`,
		`drover_sink_dead_letters{sink="off"} 1`,
		`drover_sink_backlog_commits{sink="ops"} 7`,
		`drover_sink_backlog_age_seconds{sink="ops"} 60`,
		`drover_sink_lost_total{sink="ops",what="event"} 8`,
		`drover_sink_lost_total{sink="ops",what="dead-letter"} 6`,
		`drover_notices_total 6`,
		`drover_events_total 8`,
		`drover_due_lag_seconds 1.5`,
		`drover_outbox_announcements 7`,
		`drover_jobs{status="IN_PROGRESS"} 2`,
		`drover_executions{status="FAILED"} 5`,
		`drover_guarded_jobs{state="fired"} 1`,
		`drover_guarded_jobs{state="watching"} 2`,
		`drover_connections{caller="unknown"} 2`,
		`drover_ready 1`,
		`drover_certificate_expiry_timestamp_seconds{certificate="server"} 5`,
		`drover_artifact_bytes_total{direction="received"} 12`,
	} {
		if !slices.Contains(lines, want) {
			t.Errorf("a scrape has no line %s", want)
		}
	}
	if slices.Contains(lines, `drover_sink_backlog_commits{sink="off"} 9`) {
		t.Error("a scrape shows what waits for a sink that is disabled")
	}
	for _, f := range Families() {
		has := func(line string) bool { return strings.HasPrefix(line, f.Name) }
		if !slices.ContainsFunc(lines, has) {
			t.Errorf("a scrape has nothing of %s", f.Name)
		}
	}
}

// Sources that have nothing to say, as those of a server that starts, leave their metrics out.
func TestScrapeOfNothing(t *testing.T) { // R-OBS-4
	t.Parallel()
	none := Sources{
		Totals: func() (t answers.Totals, ok bool) { return t, false },
		Disk:   func() (free, size uint64, ok bool) { return 0, 0, false },
	}
	for _, line := range scraped(t, New(none)) {
		if strings.HasPrefix(line, "drover_jobs") || strings.HasPrefix(line, "drover_data") {
			t.Error(line)
		}
	}
}

// A report of a device is counted without memory being made for it.
func TestCountingAllocatesNothing(t *testing.T) { // R-OBS-6
	m := New(Sources{})
	update := device.Answered{Transport: "mqtt", Operation: "UpdateJobExecution", Took: time.Millisecond}
	if n := testing.AllocsPerRun(100, func() { m.OfDevice(update) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
