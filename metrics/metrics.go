package metrics

import (
	"cmp"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/drover-iot/drover/api/jobsdata"
	"github.com/drover-iot/drover/device"
	"github.com/drover-iot/drover/device/provision"
	"github.com/drover-iot/drover/engine"
	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/schema"
)

// Metrics are those of one server. Its methods may be called concurrently. They are called for every
// request, so what they count into was looked up before.
type Metrics struct {
	registry *prometheus.Registry

	requests        *prometheus.CounterVec
	seconds         *prometheus.HistogramVec
	operations      map[operation]*counters // those of devices; it is not changed
	made, givenUp   prometheus.Counter
	commitSeconds   prometheus.Observer
	commitRequests  prometheus.Observer
	turn            prometheus.Observer
	decide          prometheus.Observer
	sync            prometheus.Observer
	entered         [len(job.Counts{})]prometheus.Counter
	purgedJobs      prometheus.Counter
	purged          prometheus.Counter // executions
	notices, events prometheus.Counter
	announceSeconds prometheus.Observer
}

// operation is one over one transport.
type operation struct{ transport, name string }

// counters are those of an operation.
type counters struct {
	ok      prometheus.Counter
	seconds prometheus.Observer
}

// none is the operation of requests for none.
const none = "none"

// ok is the code of a request that was not refused.
const ok = "ok"

// New returns the metrics of a server.
func New(sources Sources) *Metrics {
	r := prometheus.NewRegistry()
	m := &Metrics{
		registry:   r,
		requests:   requests.counter(r),
		seconds:    requestSeconds.histogram(r),
		operations: map[operation]*counters{},
	}
	for _, transport := range []string{device.OverHTTPS, device.OverMQTT} {
		for _, op := range jobsdata.Service.Operations {
			m.addOperation(transport, op.OperationName())
		}
		m.requests.WithLabelValues(transport, none, ok) // so that there is a row from the start
	}
	for _, name := range provision.Operations() {
		m.addOperation(device.OverMQTT, name)
	}
	m.countCommits(r)
	m.notices = notices.counter(r).WithLabelValues()
	m.events = events.counter(r).WithLabelValues()
	m.announceSeconds = announceSeconds.histogram(r).WithLabelValues()
	r.MustRegister(
		collector{sources},
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	return m
}

// countCommits makes the counters of commits.
func (m *Metrics) countCommits(r prometheus.Registerer) {
	results := commits.counter(r)
	m.made, m.givenUp = results.WithLabelValues(ok), results.WithLabelValues("error")
	m.commitSeconds = commitSeconds.histogram(r).WithLabelValues()
	m.commitRequests = commitRequests.histogram(r).WithLabelValues()
	phases := storeSeconds.histogram(r)
	m.turn = phases.WithLabelValues("turn")
	m.decide = phases.WithLabelValues("decide")
	m.sync = phases.WithLabelValues("sync")
	removed := purged.counter(r)
	m.purgedJobs, m.purged = removed.WithLabelValues("job"), removed.WithLabelValues("execution")
	statuses := entered.counter(r)
	for status := range m.entered {
		m.entered[status] = statuses.WithLabelValues(job.ExecutionStatus(status).String())
	}
}

// Handler answers a scrape.
func (m *Metrics) Handler(log *slog.Logger) http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelError),
		// Two at once are enough, and nobody can make the server collect for many.
		MaxRequestsInFlight: 2,
	})
}

// addOperation adds an operation of devices.
func (m *Metrics) addOperation(transport, name string) {
	m.operations[operation{transport, name}] = &counters{
		ok:      m.requests.WithLabelValues(transport, name, ok),
		seconds: m.seconds.WithLabelValues(transport, name),
	}
}

// OfControl counts a request of an operator; see control.Handler.Answered.
func (m *Metrics) OfControl(op string, refused schema.Exception, took time.Duration) {
	op = cmp.Or(op, none)
	m.seconds.WithLabelValues(device.OverHTTPS, op).Observe(took.Seconds())
	m.requests.WithLabelValues(device.OverHTTPS, op, cmp.Or(string(refused), ok)).Inc()
}

// OfDevice counts a request of a device.
func (m *Metrics) OfDevice(a device.Answered) {
	of := m.operations[operation{a.Transport, a.Operation}]
	switch {
	case of == nil:
		m.requests.WithLabelValues(a.Transport, none, cmp.Or(a.Code, ok)).Inc()
	case a.Code != "":
		m.requests.WithLabelValues(a.Transport, a.Operation, a.Code).Inc()
		of.seconds.Observe(a.Took.Seconds())
	default:
		of.ok.Inc()
		of.seconds.Observe(a.Took.Seconds())
	}
}

// Commit counts a commit.
func (m *Metrics) Commit(made commit.Made) {
	if made.Err != nil {
		m.givenUp.Inc()
		return
	}
	m.made.Inc()
	m.commitRequests.Observe(float64(made.Requests))
	m.commitSeconds.Observe(made.Ended.Sub(made.Began).Seconds())
	m.turn.Observe(made.Turn.Sub(made.Began).Seconds())
	m.decide.Observe(made.Decided.Sub(made.Turn).Seconds())
	m.sync.Observe(made.Ended.Sub(made.Decided).Seconds())
	m.purgedJobs.Add(float64(made.Purged.Jobs))
	m.purged.Add(float64(made.Purged.Executions))
	for status, n := range made.Entered {
		if n > 0 {
			m.entered[status].Add(float64(n))
		}
	}
}

// Announced counts an announcement.
func (m *Metrics) Announced(a engine.Announced) {
	m.notices.Add(float64(a.Notices))
	m.events.Add(float64(a.Events))
	m.announceSeconds.Observe(a.Ended.Sub(a.Began).Seconds())
}
