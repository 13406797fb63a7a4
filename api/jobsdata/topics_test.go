package jobsdata_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/drover-iot/drover/api/jobsdata"
)

// jobs is the beginning of the topics of thing t.
const jobs = "$aws/things/t/jobs/"

// topicRows are topic names, each with the rule that says what it is.
var topicRows = []struct {
	rule, topic string
	kind        jobsdata.TopicKind
	thing, job  string
}{
	{"R-MQTT-1", jobs + "get", jobsdata.GetPending, "t", ""},
	{"R-MQTT-1", "$aws/things/t:1/jobs/start-next", jobsdata.StartNext, "t:1", ""},
	{"R-MQTT-1", jobs + "j-1/get", jobsdata.Describe, "t", "j-1"},
	{"R-MQTT-1", jobs + "$next/get", jobsdata.Describe, "t", "$next"},
	{"R-MQTT-1", jobs + "j/update", jobsdata.Update, "t", "j"},
	{"R-MQTT-1", jobs + "get/get", jobsdata.Describe, "t", "get"},
	{"R-MQTT-3", jobs + "get/accepted", jobsdata.Response, "t", ""},
	{"R-MQTT-3", jobs + "$next/get/rejected", jobsdata.Response, "t", "$next"},
	{"R-MQTT-3", jobs + "j/update/accepted", jobsdata.Response, "t", "j"},
	{"R-MQTT-3", jobs + "start-next/rejected", jobsdata.Response, "t", ""},
	{"R-MQTT-1", jobs + "start-next/get", jobsdata.Describe, "t", "start-next"},
	{"R-MQTT-3", jobs + "notify", jobsdata.Notification, "t", ""},
	{"R-MQTT-3", jobs + "notify-next", jobsdata.Notification, "t", ""},
	{"R-MQTT-4", jobs + "foo", jobsdata.InvalidTopic, "t", ""},
	{"R-MQTT-4", jobs, jobsdata.InvalidTopic, "t", ""},
	{"R-MQTT-4", jobs + "$next/update", jobsdata.InvalidTopic, "t", ""},
	{"R-MQTT-4", jobs + "$next/update/accepted", jobsdata.InvalidTopic, "t", ""},
	{"R-MQTT-4", jobs + "$next", jobsdata.InvalidTopic, "t", ""},
	{"R-MQTT-4", jobs + "/get", jobsdata.InvalidTopic, "t", ""},
	{"R-MQTT-4", jobs + "{jobId}/get", jobsdata.InvalidTopic, "t", ""},
	{"R-MQTT-4", jobs + "j/delete", jobsdata.InvalidTopic, "t", ""},
	{"R-MQTT-4", jobs + "start-next/x", jobsdata.InvalidTopic, "t", ""},
	{"R-MQTT-4", jobs + "a.b/get", jobsdata.InvalidTopic, "t", ""},
	{"R-MQTT-5", jobs + "j/namespace-n/get", jobsdata.InvalidTopic, "t", ""},
	{"R-MQTT-46", jobs + strings.Repeat("j", 65) + "/get", jobsdata.InvalidTopic, "t", ""},
	{"R-MQTT-4", "$aws/things/t/shadow/get", jobsdata.NotJobs, "", ""},
	{"R-MQTT-4", "$aws/things/t/jobs", jobsdata.NotJobs, "", ""},
	{"R-MQTT-4", "$aws/things//jobs/get", jobsdata.NotJobs, "", ""},
	{"R-MQTT-4", "things/t/jobs/get", jobsdata.NotJobs, "", ""},
}

func TestParseTopic(t *testing.T) {
	t.Parallel()
	for _, row := range topicRows {
		got := jobsdata.ParseTopic(row.topic)
		if got.Kind == jobsdata.InvalidTopic {
			got.JobID = ""
		}
		want := jobsdata.Topic{Kind: row.kind, Thing: row.thing, JobID: row.job}
		if got != want {
			t.Errorf("%s: %s: got %+v, want %+v", row.rule, row.topic, got, want)
		}
	}
}

// topicPatterns are the topics of R-MQTT-1 to R-MQTT-4 once more, as regular expressions of what
// follows jobs/. A group is the job id.
var topicPatterns = []struct {
	pattern string
	kind    jobsdata.TopicKind
}{
	{`get`, jobsdata.GetPending},
	{`start-next`, jobsdata.StartNext},
	{`([a-zA-Z0-9_-]{1,64}|\$next)/get`, jobsdata.Describe},
	{`([a-zA-Z0-9_-]{1,64})/update`, jobsdata.Update},
	{`(?:get|start-next)/(?:accepted|rejected)`, jobsdata.Response},
	{`([a-zA-Z0-9_-]{1,64}|\$next)/get/(?:accepted|rejected)`, jobsdata.Response},
	{`([a-zA-Z0-9_-]{1,64})/update/(?:accepted|rejected)`, jobsdata.Response},
	{`notify(?:-next)?`, jobsdata.Notification},
}

// FuzzParseTopic holds the parser against the patterns.
func FuzzParseTopic(f *testing.F) {
	for _, row := range topicRows {
		f.Add(row.topic)
	}
	under := regexp.MustCompile(`(?s)\A\$aws/things/([^/]+)/jobs/(.*)\z`)
	name := regexp.MustCompile(`\A[a-zA-Z0-9:_-]{1,128}\z`)
	var patterns []*regexp.Regexp
	for _, row := range topicPatterns {
		patterns = append(patterns, regexp.MustCompile(`\A(?:`+row.pattern+`)\z`))
	}
	f.Fuzz(func(t *testing.T, topic string) {
		want := jobsdata.Topic{}
		if m := under.FindStringSubmatch(topic); m != nil {
			want = jobsdata.Topic{Kind: jobsdata.InvalidTopic, Thing: m[1]}
			for i, p := range patterns {
				if part := p.FindStringSubmatch(m[2]); part != nil && name.MatchString(m[1]) {
					want.Kind = topicPatterns[i].kind
					if len(part) > 1 {
						want.JobID = part[1]
					}
				}
			}
		}
		got := jobsdata.ParseTopic(topic)
		if got.Kind == jobsdata.InvalidTopic {
			got.JobID = ""
		}
		if got != want {
			t.Errorf("%q: got %+v, want %+v", topic, got, want)
		}
	})
}

func TestRejectable(t *testing.T) {
	t.Parallel()
	for topic, want := range map[string]bool{
		"$aws/things/t/jobs/foo":                                true,
		"$aws/things/t/jobs/j/x/y":                              true,
		"$aws/things/t/jobs/j/x/y/z":                            false,
		"$aws/things/t/jobs/" + strings.Repeat("j", 256-9-19):   true,
		"$aws/things/t/jobs/" + strings.Repeat("j", 256-9-19+1): false,
	} {
		if got := jobsdata.Rejectable(topic); got != want {
			t.Errorf("R-MQTT-4: %s: got %v, want %v", topic, got, want)
		}
	}
}

func BenchmarkParseTopic(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if jobsdata.ParseTopic("$aws/things/pump-07/jobs/fw-2-4-1/update").Kind != jobsdata.Update {
			b.Fatal("not an update")
		}
	}
}
