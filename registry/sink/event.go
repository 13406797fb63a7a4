package sink

import (
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/drover-iot/drover/internal/wildcard"
)

// An Event is what the topic of a lifecycle event says, with its payload.
type Event struct {
	Topic     string
	Kind      string // job or jobExecution
	JobID     string
	Operation string
	Payload   []byte
}

var errTopic = errors.New("is not the topic of a lifecycle event")

// Parse reads the topic of an event. Those of steering are events of the job.
func Parse(topic string, payload []byte) (Event, error) {
	e := Event{Topic: topic, Payload: payload}
	levels := strings.Split(topic, "/")
	switch {
	case len(levels) != 5 || levels[1] != "events":
		return e, errTopic
	case levels[0] != "$aws" && levels[0] != "drover":
		return e, errTopic
	case levels[2] != "job" && levels[2] != "jobExecution":
		return e, errTopic // of no job: a certificate was registered (R-ID-72)
	}
	e.Kind, e.JobID, e.Operation = levels[2], levels[3], levels[4]
	return e, nil
}

// fill puts an event into the placeholders of a subject.
func (e Event) fill(subject string) string {
	return strings.NewReplacer("{kind}", e.Kind, "{jobId}", e.JobID, "{operation}", e.Operation).
		Replace(subject)
}

// SubjectOf is the subject of NATS that an event is published on.
func (d Definition) SubjectOf(e Event) string {
	if d.Subject == "" {
		return e.fill(DefaultSubject)
	}
	return e.fill(d.Subject)
}

// Wants reports whether a sink gets an event (R-SNK-2).
func (d Definition) Wants(e Event) bool {
	return matchesAny(d.Topics, func(filter string) bool { return matchesTopic(filter, e.Topic) }) &&
		matchesAny(d.Jobs, func(pattern string) bool { return wildcard.Compile(pattern).Match(e.JobID) })
}

// matchesAny reports whether one of the patterns matches, or there is none.
func matchesAny(patterns []string, matches func(string) bool) bool {
	for _, p := range patterns {
		if matches(p) {
			return true
		}
	}
	return len(patterns) == 0
}

// matchesTopic reports whether an MQTT topic filter matches a topic. A wildcard at the beginning
// matches $aws, too, unlike in MQTT: whoever asks for # wants all events.
func matchesTopic(filter, topic string) bool {
	levels := strings.Split(topic, "/")
	filters := strings.Split(filter, "/")
	for i, f := range filters {
		switch {
		case f == "#":
			return true
		case i >= len(levels), f != "+" && f != levels[i]:
			return false
		}
	}
	return len(filters) == len(levels)
}

// CloudEvent is an event as every sink gets it: a CloudEvent 1.0 in the structured JSON form
// (R-SNK-4).
type CloudEvent struct {
	SpecVersion string          `json:"specversion"`
	ID          string          `json:"id"`
	Source      string          `json:"source"`
	Type        string          `json:"type"`
	Subject     string          `json:"subject,omitempty"`
	Time        string          `json:"time"`
	ContentType string          `json:"datacontenttype"`
	Topic       string          `json:"topic"`
	Data        json.RawMessage `json:"data"`
}

// ContentType is the media type of an event in the structured JSON form.
const ContentType = "application/cloudevents+json"

// CloudEvent renders the event. jobs begins the ARNs of jobs.
func (e Event) CloudEvent(jobs string) (CloudEvent, error) {
	var payload struct {
		EventID   string `json:"eventId"`
		Timestamp int64  `json:"timestamp"`
		ThingARN  string `json:"thingArn"`
	}
	if err := json.Unmarshal(e.Payload, &payload); err != nil {
		return CloudEvent{}, err
	}
	return CloudEvent{
		SpecVersion: "1.0",
		ID:          payload.EventID,
		Source:      jobs + e.JobID,
		Type:        "drover." + e.Kind + "." + e.Operation,
		Subject:     payload.ThingARN,
		Time:        time.Unix(payload.Timestamp, 0).UTC().Format(time.RFC3339),
		ContentType: "application/json",
		Topic:       e.Topic,
		Data:        e.Payload,
	}, nil
}
