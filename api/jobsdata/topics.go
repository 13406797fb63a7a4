package jobsdata

import "strings"

// TopicKind is what a topic means to the jobs service.
type TopicKind uint8

// The kinds of topic. Only the four requests may be published by devices (R-MQTT-3).
const (
	NotJobs      TopicKind = iota // not under $aws/things/{thingName}/jobs/
	InvalidTopic                  // under it, but maps to no operation (R-MQTT-4)
	GetPending                    // request
	StartNext                     // request
	Describe                      // request; the job id may be $next
	Update                        // request
	Response                      // an answer: …/accepted, …/rejected
	Notification                  // notify, notify-next
)

// Request reports whether devices may publish to the topic.
func (k TopicKind) Request() bool { return k >= GetPending && k <= Update }

// Topics is the topic table: what follows $aws/things/{thingName}/jobs/, and what it is.
var Topics = []struct {
	Pattern string
	Kind    TopicKind
}{
	{"get", GetPending},
	{"get/accepted", Response},
	{"get/rejected", Response},
	{"start-next", StartNext},
	{"start-next/accepted", Response},
	{"start-next/rejected", Response},
	{"{jobId}/get", Describe},
	{"{jobId}/get/accepted", Response},
	{"{jobId}/get/rejected", Response},
	{"{jobId}/update", Update},
	{"{jobId}/update/accepted", Response},
	{"{jobId}/update/rejected", Response},
	{"notify", Notification},
	{"notify-next", Notification},
}

// A Topic is a topic name, read.
type Topic struct {
	Kind  TopicKind
	Thing string // "" only for NotJobs
	JobID string // of Describe and Update, as the device wrote it
}

const topicPrefix = "$aws/things/"

// ParseTopic reads a topic name. It allocates nothing: the parts are pieces of the topic.
func ParseTopic(topic string) Topic {
	rest, ok := strings.CutPrefix(topic, topicPrefix)
	if !ok {
		return Topic{}
	}
	thing, rest, _ := strings.Cut(rest, "/")
	if rest, ok = strings.CutPrefix(rest, "jobs/"); !ok || thing == "" {
		return Topic{}
	}
	t := Topic{Thing: thing}
	if t.Kind = fixedTopic(rest); t.Kind == NotJobs {
		t.Kind, t.JobID = jobTopic(rest)
	}
	if !isName(thing, 128, true) {
		t.Kind = InvalidTopic
	}
	return t
}

// fixedTopic knows the topics without a job id; NotJobs for others.
func fixedTopic(rest string) TopicKind {
	switch rest {
	case "get":
		return GetPending
	case "start-next":
		return StartNext
	case "notify", "notify-next":
		return Notification
	case "get/accepted", "get/rejected", "start-next/accepted", "start-next/rejected":
		return Response
	}
	return NotJobs
}

// jobTopic knows the topics with a job id. $next is one only for get (R-MQTT-4).
func jobTopic(rest string) (TopicKind, string) {
	id, verb, _ := strings.Cut(rest, "/")
	if id != Next && !isName(id, 64, false) {
		return InvalidTopic, ""
	}
	switch verb {
	case "get":
		return Describe, id
	case "get/accepted", "get/rejected":
		return Response, id
	}
	if id == Next {
		return InvalidTopic, ""
	}
	switch verb {
	case "update":
		return Update, id
	case "update/accepted", "update/rejected":
		return Response, id
	}
	return InvalidTopic, ""
}

// isName tests the characters and length of thing names (with colons) and job ids (without).
func isName(s string, most int, colon bool) bool {
	if len(s) == 0 || len(s) > most {
		return false
	}
	for i := range len(s) {
		c := s[i]
		letter := c|0x20 >= 'a' && c|0x20 <= 'z'
		if !letter && (c < '0' || c > '9') && c != '-' && c != '_' && (c != ':' || !colon) {
			return false
		}
	}
	return true
}

// AcceptedTopic and RejectedTopic are where the answer to a request goes (R-MQTT-1).
func AcceptedTopic(request string) string { return request + "/accepted" }

// RejectedTopic is AcceptedTopic for refusals.
func RejectedTopic(request string) string { return request + "/rejected" }

// The limits on a topic name that a device may use.
const (
	maxTopicBytes   = 256
	maxTopicSlashes = 7
)

// Rejectable reports whether the topic plus /rejected is itself a legal topic; a request on
// another one is dropped without answer (R-MQTT-4).
func Rejectable(request string) bool {
	return len(request)+len("/rejected") <= maxTopicBytes && strings.Count(request, "/") < maxTopicSlashes
}

// NotifyTopic is where a thing's Notify goes.
func NotifyTopic(thing string) string { return topicPrefix + thing + "/jobs/notify" }

// NotifyNextTopic is where a thing's NotifyNext goes.
func NotifyNextTopic(thing string) string { return topicPrefix + thing + "/jobs/notify-next" }
