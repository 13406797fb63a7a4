package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/drover-iot/drover/engine"
	"github.com/drover-iot/drover/engine/answers"
	"github.com/drover-iot/drover/engine/sinks"
	"github.com/drover-iot/drover/job"
)

// Sources are asked at a scrape for what there is now. Each must answer from memory. One that is nil
// has no metrics.
type Sources struct {
	Pulse func() engine.Pulse
	// Totals is the newest sample of the jobs; ok is false before the first.
	Totals func() (t answers.Totals, ok bool)
	// Connections counts those of all listeners.
	Connections func() (open, identified int)
	// Clients and Sessions count clients of the broker that are connected, and all sessions.
	Clients, Sessions func() int
	// Certificates are the ends of the server's own certificates, by what they are.
	Certificates func() map[string]time.Time
	// Artifacts is how many bytes of artifacts were sent and received, and how many are stored.
	Artifacts func() Artifacts
	// Disk is the free space and the size of the disk with the data folder, in bytes; ok is false
	// when the system does not say.
	Disk func() (free, size uint64, ok bool)
	// Ready reports whether /readyz says so.
	Ready func() bool
	// Nodes is how many nodes share the store, this one included, as sampled.
	Nodes func() int
	// SinkCounts is what this node has done for each sink, by its name, and SinkBacklogs what waits
	// for each, as sampled.
	SinkCounts   func() map[string]sinks.Counts
	SinkBacklogs func() []sinks.Backlog
}

// Artifacts is what the store of artifacts is measured by.
type Artifacts struct {
	Sent, Received           int64
	StoredFiles, StoredBytes int64
}

// scrape is the state of one scrape: sources that several families share are asked once.
type scrape struct {
	Sources
	pulse     *engine.Pulse
	totals    *answers.Totals
	artifacts *Artifacts
	counts    map[string]sinks.Counts
	backlogs  []sinks.Backlog
}

// emit gives the value of a metric with the values of its labels.
type emit func(value float64, labels ...string)

// read are the families that are read at a scrape. A source that has nothing to say emits nothing.
var read = []struct {
	Family
	values func(*scrape, emit)
}{
	{Family{
		Name: "drover_commit_waiting_requests",
		Kind: "gauge",
		Help: "Requests that wait for a commit",
	}, pulse(func(p engine.Pulse) float64 { return float64(p.Waiting) })},
	{Family{
		Name: "drover_commit_busy_seconds",
		Kind: "gauge",
		Help: "For how long the present commit has been worked on, 0 when there is none",
	}, pulse(func(p engine.Pulse) float64 { return p.Busy.Seconds() })},
	{Family{
		Name: "drover_due_lag_seconds",
		Kind: "gauge",
		Help: "For how long work has been due that is not done: timers, ticks of rollouts, sweeps",
	}, pulse(func(p engine.Pulse) float64 { return p.DueLag.Seconds() })},
	{Family{
		Name: "drover_outbox_announcements",
		Kind: "gauge",
		Help: "Commits of this node whose notices and events are not published yet",
	}, pulse(func(p engine.Pulse) float64 { return float64(p.Outbox) })},
	{Family{
		Name: "drover_outbox_age_seconds",
		Kind: "gauge",
		Help: "How long the oldest commit has waited whose notices and events are not published yet",
	}, pulse(func(p engine.Pulse) float64 { return p.OutboxAge.Seconds() })},
	{Family{
		Name:   "drover_jobs",
		Kind:   "gauge",
		Labels: []string{"status"},
		Help:   "Jobs by their status, as sampled",
	}, totals(func(t answers.Totals, emit emit) {
		for status, n := range t.Jobs {
			emit(float64(n), string(status))
		}
	})},
	{Family{
		Name:   "drover_executions",
		Kind:   "gauge",
		Labels: []string{"status"},
		Help:   "Executions of jobs that are IN_PROGRESS, by their status, as sampled",
	}, totals(func(t answers.Totals, emit emit) {
		for status, n := range t.Executions {
			emit(float64(n), job.ExecutionStatus(status).String())
		}
	})},
	{Family{
		Name: "drover_rollouts",
		Kind: "gauge",
		Help: "Jobs whose rollout goes on: targets wait for their execution and the job is not paused",
	}, totals(func(t answers.Totals, emit emit) { emit(float64(t.Rollouts)) })},
	{Family{
		Name: "drover_rollout_rate_per_minute",
		Kind: "gauge",
		Help: "How many executions a minute the rollouts that go on may create together",
	}, totals(func(t answers.Totals, emit emit) { emit(float64(t.RolloutRate)) })},
	{Family{
		Name:   "drover_guarded_jobs",
		Kind:   "gauge",
		Labels: []string{"state"},
		Help: "Jobs with a guard that are IN_PROGRESS, by whether it watches (watching) or has found " +
			"evidence (fired)",
	}, totals(func(t answers.Totals, emit emit) {
		emit(float64(t.Guarded-t.GuardFired), "watching")
		emit(float64(t.GuardFired), "fired")
	})},
	{Family{
		Name: "drover_paused_jobs",
		Kind: "gauge",
		Help: "Jobs that are paused, by an operator, an abort criterion, a guard or a wave",
	}, totals(func(t answers.Totals, emit emit) { emit(float64(t.Paused)) })},
	{Family{
		Name: "drover_sample_duration_seconds",
		Kind: "gauge",
		Help: "How long it took to take the newest sample of the jobs",
	}, totals(func(t answers.Totals, emit emit) { emit(t.Took.Seconds()) })},
	{Family{
		Name: "drover_retention_jobs",
		Kind: "gauge",
		Help: "Jobs that ended longer ago than --retention and are not being removed yet, counted up to " +
			"250, as sampled",
	}, totals(func(t answers.Totals, emit emit) { emit(float64(t.Expired)) })},
	{Family{
		Name: "drover_retention_lag_seconds",
		Kind: "gauge",
		Help: "For how long the oldest of them should be gone, as sampled",
	}, totals(func(t answers.Totals, emit emit) { emit(t.ExpiredFor.Seconds()) })},
	{Family{
		Name:   "drover_connections",
		Kind:   "gauge",
		Labels: []string{"caller"},
		Help:   "Connections over all listeners, by whether the caller is known yet (known, unknown)",
	}, func(s *scrape, emit emit) {
		if s.Connections == nil {
			return
		}
		open, identified := s.Connections()
		emit(float64(identified), "known")
		emit(float64(open-identified), "unknown")
	}},
	{Family{
		Name: "drover_mqtt_clients",
		Kind: "gauge",
		Help: "MQTT clients that are connected to this node",
	}, number(func(s *scrape) func() int { return s.Clients })},
	{Family{
		Name: "drover_mqtt_sessions",
		Kind: "gauge",
		Help: "MQTT sessions that this node has, of clients that are connected or away",
	}, number(func(s *scrape) func() int { return s.Sessions })},
	{Family{
		Name: "drover_nodes",
		Kind: "gauge",
		Help: "Nodes on the store that give signs of life, this one included",
	}, number(func(s *scrape) func() int { return s.Nodes })},
	{Family{
		Name: "drover_ready",
		Kind: "gauge",
		Help: "1 when requests and devices may be sent to this node, as /readyz says, otherwise 0",
	}, func(s *scrape, emit emit) {
		switch {
		case s.Ready == nil:
		case s.Ready():
			emit(1)
		default:
			emit(0)
		}
	}},
	{Family{
		Name:   "drover_certificate_expiry_timestamp_seconds",
		Kind:   "gauge",
		Labels: []string{"certificate"},
		Help: "When a certificate of the server ends, in seconds of the Unix epoch: its own (server), " +
			"and those of the authorities that sign it (server-ca) and devices (device-ca)",
	}, func(s *scrape, emit emit) {
		if s.Certificates == nil {
			return
		}
		for name, ends := range s.Certificates() {
			emit(float64(ends.Unix()), name)
		}
	}},
	{Family{
		Name:   "drover_artifact_bytes_total",
		Kind:   "counter",
		Labels: []string{"direction"},
		Help:   "Bytes of artifacts that clients were sent, and that they have sent (sent, received)",
	}, artifacts(func(a Artifacts, emit emit) {
		emit(float64(a.Sent), "sent")
		emit(float64(a.Received), "received")
	})},
	{Family{
		Name: "drover_artifacts",
		Kind: "gauge",
		Help: "Artifacts that are stored, as sampled",
	}, artifacts(func(a Artifacts, emit emit) { emit(float64(a.StoredFiles)) })},
	{Family{
		Name: "drover_artifacts_stored_bytes",
		Kind: "gauge",
		Help: "Bytes of the artifacts that are stored, as sampled",
	}, artifacts(func(a Artifacts, emit emit) { emit(float64(a.StoredBytes)) })},
	{Family{
		Name:   "drover_sink_attempts_total",
		Kind:   "counter",
		Labels: []string{"sink", "result"},
		Help: "Attempts of this node to deliver an event to a sink, by whether it was delivered (ok) or " +
			"not (error)",
	}, sinkCounts(func(name string, c sinks.Counts, emit emit) {
		emit(float64(c.Delivered), name, ok)
		emit(float64(c.Failed), name, "error")
	})},
	{Family{
		Name:   "drover_sink_retries_total",
		Kind:   "counter",
		Labels: []string{"sink"},
		Help:   "Those of them that were not the first for their event",
	}, sinkCounts(func(name string, c sinks.Counts, emit emit) { emit(float64(c.Retries), name) })},
	{Family{
		Name:   "drover_sink_given_up_total",
		Kind:   "counter",
		Labels: []string{"sink"},
		Help:   "Events that became dead letters on this node, or did so again",
	}, sinkCounts(func(name string, c sinks.Counts, emit emit) { emit(float64(c.DeadLetters), name) })},
	{Family{
		Name:   "drover_sink_dead_letters",
		Kind:   "gauge",
		Labels: []string{"sink"},
		Help:   "Dead letters of a sink, as sampled",
	}, sinkBacklogs(func(b sinks.Backlog, emit emit) { emit(float64(b.DeadLetters), b.Name) })},
	{Family{
		Name:   "drover_sink_backlog_commits",
		Kind:   "gauge",
		Labels: []string{"sink"},
		Help: "Commits with events that a sink has not passed, counted up to 10,000, as sampled; not of " +
			"sinks that are disabled",
	}, sinkBacklogs(func(b sinks.Backlog, emit emit) {
		if b.Enabled {
			emit(float64(b.Waiting), b.Name)
		}
	})},
	{Family{
		Name:   "drover_sink_backlog_age_seconds",
		Kind:   "gauge",
		Labels: []string{"sink"},
		Help: "How long ago the oldest of them was made, as sampled; 0 when there is none, and not of " +
			"sinks that are disabled",
	}, sinkBacklogs(func(b sinks.Backlog, emit emit) {
		if b.Enabled {
			emit(b.WaitingFor.Seconds(), b.Name)
		}
	})},
	{Family{
		Name:   "drover_sink_lost_total",
		Kind:   "counter",
		Labels: []string{"sink", "what"},
		Help: "What a sink has lost, as sampled: events that were removed before it had them (event), " +
			"and dead letters that were removed for their number or age (dead-letter)",
	}, sinkBacklogs(func(b sinks.Backlog, emit emit) {
		emit(float64(b.Skipped), b.Name, "event")
		emit(float64(b.Dropped), b.Name, "dead-letter")
	})},
	{Family{
		Name: "drover_data_free_bytes",
		Kind: "gauge",
		Help: "Free bytes of the disk with the data folder",
	}, disk(func(free, _ uint64) float64 { return float64(free) })},
	{Family{
		Name: "drover_data_size_bytes",
		Kind: "gauge",
		Help: "Size of the disk with the data folder",
	}, disk(func(_, size uint64) float64 { return float64(size) })},
}

func pulse(value func(engine.Pulse) float64) func(*scrape, emit) {
	return func(s *scrape, emit emit) {
		if s.Pulse == nil {
			return
		}
		if s.pulse == nil {
			s.pulse = new(s.Pulse())
		}
		emit(value(*s.pulse))
	}
}

func totals(values func(answers.Totals, emit)) func(*scrape, emit) {
	return func(s *scrape, emit emit) {
		if s.Totals == nil {
			return
		}
		if s.totals == nil {
			sampled, ok := s.Totals()
			if !ok {
				return
			}
			s.totals = &sampled
		}
		values(*s.totals, emit)
	}
}

func artifacts(values func(Artifacts, emit)) func(*scrape, emit) {
	return func(s *scrape, emit emit) {
		if s.Artifacts == nil {
			return
		}
		if s.artifacts == nil {
			s.artifacts = new(s.Artifacts())
		}
		values(*s.artifacts, emit)
	}
}

func sinkCounts(values func(string, sinks.Counts, emit)) func(*scrape, emit) {
	return func(s *scrape, emit emit) {
		if s.SinkCounts == nil {
			return
		}
		if s.counts == nil {
			s.counts = s.SinkCounts()
		}
		for name, counts := range s.counts {
			values(name, counts, emit)
		}
	}
}

func sinkBacklogs(values func(sinks.Backlog, emit)) func(*scrape, emit) {
	return func(s *scrape, emit emit) {
		if s.SinkBacklogs == nil {
			return
		}
		if s.backlogs == nil {
			s.backlogs = s.SinkBacklogs()
		}
		for _, b := range s.backlogs {
			values(b, emit)
		}
	}
}

func disk(value func(free, size uint64) float64) func(*scrape, emit) {
	return func(s *scrape, emit emit) {
		if s.Disk == nil {
			return
		}
		if free, size, ok := s.Disk(); ok {
			emit(value(free, size))
		}
	}
}

func number(source func(*scrape) func() int) func(*scrape, emit) {
	return func(s *scrape, emit emit) {
		if count := source(s); count != nil {
			emit(float64(count()))
		}
	}
}

// collector is a prometheus.Collector of the families that are read at a scrape.
type collector struct{ sources Sources }

func (c collector) Describe(to chan<- *prometheus.Desc) {
	for _, row := range read {
		to <- row.description()
	}
}

func (c collector) Collect(to chan<- prometheus.Metric) {
	at := &scrape{Sources: c.sources}
	for _, row := range read {
		kind, description := prometheus.GaugeValue, row.description()
		if row.Kind == "counter" {
			kind = prometheus.CounterValue
		}
		row.values(at, func(value float64, labels ...string) {
			to <- prometheus.MustNewConstMetric(description, kind, value, labels...)
		})
	}
}
