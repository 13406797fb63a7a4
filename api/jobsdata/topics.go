package jobsdata

import "strings"

// The topics of the jobs service, $aws/things/{thingName}/jobs/…: requests that devices publish, the
// answers to them, and notifications. One table says which there are; reading a topic name is
// looking it up there, without allocating anything, because it is done for every message.

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

// topicRow is a row of the table.
type topicRow struct {
	pattern string
	kind    TopicKind
}

// topics is the topic table: what follows $aws/things/{thingName}/jobs/, and what it is. {jobId} is
// any job id; $next stands in its place only where a row says so, which is for get and not for
// update (R-MQTT-4).
var topics = []topicRow{
	{"get", GetPending},
	{"get/accepted", Response},
	{"get/rejected", Response},
	{"start-next", StartNext},
	{"start-next/accepted", Response},
	{"start-next/rejected", Response},
	{"{jobId}/get", Describe},
	{"{jobId}/get/accepted", Response},
	{"{jobId}/get/rejected", Response},
	{"$next/get", Describe},
	{"$next/get/accepted", Response},
	{"$next/get/rejected", Response},
	{"{jobId}/update", Update},
	{"{jobId}/update/accepted", Response},
	{"{jobId}/update/rejected", Response},
	{"notify", Notification},
	{"notify-next", Notification},
}

// wholeTopics are the rows of topics without a label, jobTopics those with one, of which pattern
// is what follows the label: get for {jobId}/get. They are so few that going through them takes
// less time than a map.
var wholeTopics, jobTopics = splitTopics()

// splitTopics makes the two from topics.
func splitTopics() (whole, ofJob []topicRow) {
	for _, row := range topics {
		if verb, labelled := strings.CutPrefix(row.pattern, "{jobId}/"); labelled {
			ofJob = append(ofJob, topicRow{verb, row.kind})
		} else {
			whole = append(whole, row)
		}
	}
	return whole, ofJob
}

// kindOf finds a row by its pattern.
func kindOf(rows []topicRow, pattern string) (TopicKind, bool) {
	for i := range rows {
		if rows[i].pattern == pattern {
			return rows[i].kind, true
		}
	}
	return NotJobs, false
}

// A Topic is a topic name, read.
type Topic struct {
	Kind  TopicKind
	Thing string // "" only for NotJobs
	JobID string // where the row has {jobId} or $next: as the device wrote it
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
	t := Topic{Kind: InvalidTopic, Thing: thing}
	if isName(thing, 128, true) {
		t.Kind, t.JobID = parseJobs(rest)
	}
	return t
}

// parseJobs reads what follows jobs/ in a topic name. Rows with a label are tried first, because most
// requests have a job id. They take nothing from the other rows: what may follow a job id follows
// neither get nor start-next there, and $next is no job id. So get/get is about the job named get.
func parseJobs(rest string) (TopicKind, string) {
	id, verb, _ := strings.Cut(rest, "/")
	if kind, ok := kindOf(jobTopics, verb); ok && isName(id, 64, false) {
		return kind, id
	}
	kind, ok := kindOf(wholeTopics, rest)
	switch {
	case !ok:
		return InvalidTopic, ""
	case id == Next:
		return kind, id
	}
	return kind, ""
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
	return len(request)+len("/rejected") <= maxTopicBytes &&
		strings.Count(request, "/") < maxTopicSlashes
}

// NotifyTopic is where a thing's Notify goes.
func NotifyTopic(thing string) string { return topicPrefix + thing + "/jobs/notify" }

// NotifyNextTopic is where a thing's NotifyNext goes.
func NotifyNextTopic(thing string) string { return topicPrefix + thing + "/jobs/notify-next" }

// RequestTopic is where a request about a thing is published: what is what follows jobs/, such as
// start-next or fw-7/update. It is also how filters are made, with # or +.
func RequestTopic(thing, what string) string { return topicPrefix + thing + "/jobs/" + what }
