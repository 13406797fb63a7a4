package metrics

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
)

// A Family describes one metric: docs/metrics.md, the registry and the tests of dashboards and alerts
// are made from these.
type Family struct {
	Name   string
	Kind   string // counter, gauge or histogram
	Labels []string
	Help   string // one sentence without a full stop
	// Buckets of a histogram.
	Buckets []float64
}

// Bounds of buckets. Requests and commits take from a fraction of a millisecond to the time in which
// clients give up; a commit has up to 1,024 requests.
var (
	seconds = []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}
	numbers = []float64{1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024}
)

// The families that others count into.
var (
	requests = Family{
		Name:   "drover_requests_total",
		Kind:   "counter",
		Labels: []string{"transport", "op", "code"},
		Help: "Requests that were answered, by transport (http, mqtt), operation (none when there is " +
			"none or the caller was refused before) and code (ok, or how the transport says the error)",
	}
	requestSeconds = Family{
		Name:    "drover_request_duration_seconds",
		Kind:    "histogram",
		Labels:  []string{"transport", "op"},
		Help:    "How long requests took, from when their body was read until they were answered",
		Buckets: seconds,
	}
	commits = Family{
		Name:   "drover_commits_total",
		Kind:   "counter",
		Labels: []string{"result"},
		Help:   "Commits that were made (ok) or given up (error)",
	}
	commitSeconds = Family{
		Name:    "drover_commit_duration_seconds",
		Kind:    "histogram",
		Help:    "How long commits took, from when the store was asked for the turn to write",
		Buckets: seconds,
	}
	commitRequests = Family{
		Name:    "drover_commit_requests",
		Kind:    "histogram",
		Help:    "How many requests shared a commit",
		Buckets: numbers,
	}
	storeSeconds = Family{
		Name:   "drover_store_duration_seconds",
		Kind:   "histogram",
		Labels: []string{"phase"},
		Help: "What of a commit the store took: waiting for the turn to write (turn), deciding and " +
			"writing rows (decide), and reaching stable storage (sync)",
		Buckets: seconds,
	}
	entered = Family{
		Name:   "drover_executions_entered_total",
		Kind:   "counter",
		Labels: []string{"status"},
		Help: "Executions that came into a status; the rate of QUEUED is that at which rollouts, late " +
			"joiners and retries create executions",
	}
	purged = Family{
		Name:   "drover_purged_total",
		Kind:   "counter",
		Labels: []string{"kind"},
		Help: "Jobs and executions that were removed because their job ended longer ago than --retention " +
			"(job, execution)",
	}
	notices = Family{
		Name: "drover_notices_total",
		Kind: "counter",
		Help: "Notices to devices that were published: notify and notify-next",
	}
	events = Family{
		Name: "drover_events_total",
		Kind: "counter",
		Help: "Lifecycle events that were published",
	}
	announceSeconds = Family{
		Name:    "drover_announce_duration_seconds",
		Kind:    "histogram",
		Help:    "How long it took to publish the notices and events of one commit",
		Buckets: seconds,
	}
)

// counted are the families above.
var counted = []Family{
	requests, requestSeconds, commits, commitSeconds, commitRequests, storeSeconds, entered, purged,
	notices, events, announceSeconds,
}

// Families returns all families of the table, in the order of their names.
func Families() []Family {
	all := slices.Clone(counted)
	for _, row := range read {
		all = append(all, row.Family)
	}
	slices.SortFunc(all, func(a, b Family) int { return cmp.Compare(a.Name, b.Name) })
	return all
}

// description is how the library has a family.
func (f Family) description() *prometheus.Desc {
	return prometheus.NewDesc(f.Name, f.Help, f.Labels, nil)
}

// counter makes the counters of a family.
func (f Family) counter(r prometheus.Registerer) *prometheus.CounterVec {
	made := prometheus.NewCounterVec(prometheus.CounterOpts{Name: f.Name, Help: f.Help}, f.Labels)
	r.MustRegister(made)
	return made
}

// histogram makes the histograms of a family.
func (f Family) histogram(r prometheus.Registerer) *prometheus.HistogramVec {
	made := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:    f.Name,
		Help:    f.Help,
		Buckets: f.Buckets,
	}, f.Labels)
	r.MustRegister(made)
	return made
}

// Markdown is the table of all families, for docs/metrics.md.
func Markdown() string {
	var b strings.Builder
	b.WriteString("| metric | kind | labels | what it is |\n| --- | --- | --- | --- |\n")
	for _, f := range Families() {
		labels := ""
		if len(f.Labels) > 0 {
			labels = "`" + strings.Join(f.Labels, "`, `") + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s. |\n", f.Name, f.Kind, labels, f.Help)
	}
	return b.String()
}
