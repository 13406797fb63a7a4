package jobsdata_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/drover-iot/drover/api/jobsdata"
)

var topicRows = []struct {
	rule, topic string
	want        jobsdata.Topic
}{
	{"R-MQTT-1", "$aws/things/t/jobs/get", jobsdata.Topic{Kind: jobsdata.GetPending, Thing: "t"}},
	{"R-MQTT-1", "$aws/things/t:1/jobs/start-next", jobsdata.Topic{Kind: jobsdata.StartNext, Thing: "t:1"}},
	{"R-MQTT-1", "$aws/things/t/jobs/j-1/get", jobsdata.Topic{Kind: jobsdata.Describe, Thing: "t", JobID: "j-1"}},
	{"R-MQTT-1", "$aws/things/t/jobs/$next/get", jobsdata.Topic{Kind: jobsdata.Describe, Thing: "t", JobID: "$next"}},
	{"R-MQTT-1", "$aws/things/t/jobs/j/update", jobsdata.Topic{Kind: jobsdata.Update, Thing: "t", JobID: "j"}},
	{"R-MQTT-1", "$aws/things/t/jobs/get/get", jobsdata.Topic{Kind: jobsdata.Describe, Thing: "t", JobID: "get"}},
	{"R-MQTT-3", "$aws/things/t/jobs/get/accepted", jobsdata.Topic{Kind: jobsdata.Response, Thing: "t"}},
	{"R-MQTT-3", "$aws/things/t/jobs/$next/get/rejected", jobsdata.Topic{Kind: jobsdata.Response, Thing: "t", JobID: "$next"}},
	{"R-MQTT-3", "$aws/things/t/jobs/j/update/accepted", jobsdata.Topic{Kind: jobsdata.Response, Thing: "t", JobID: "j"}},
	{"R-MQTT-3", "$aws/things/t/jobs/notify", jobsdata.Topic{Kind: jobsdata.Notification, Thing: "t"}},
	{"R-MQTT-3", "$aws/things/t/jobs/notify-next", jobsdata.Topic{Kind: jobsdata.Notification, Thing: "t"}},
	{"R-MQTT-4", "$aws/things/t/jobs/foo", jobsdata.Topic{Kind: jobsdata.InvalidTopic, Thing: "t"}},
	{"R-MQTT-4", "$aws/things/t/jobs/", jobsdata.Topic{Kind: jobsdata.InvalidTopic, Thing: "t"}},
	{"R-MQTT-4", "$aws/things/t/jobs/$next/update", jobsdata.Topic{Kind: jobsdata.InvalidTopic, Thing: "t"}},
	{"R-MQTT-4", "$aws/things/t/jobs/j/delete", jobsdata.Topic{Kind: jobsdata.InvalidTopic, Thing: "t"}},
	{"R-MQTT-4", "$aws/things/t/jobs/start-next/x", jobsdata.Topic{Kind: jobsdata.InvalidTopic, Thing: "t"}},
	{"R-MQTT-4", "$aws/things/t/jobs/a.b/get", jobsdata.Topic{Kind: jobsdata.InvalidTopic, Thing: "t"}},
	{"R-MQTT-5", "$aws/things/t/jobs/j/namespace-n/get", jobsdata.Topic{Kind: jobsdata.InvalidTopic, Thing: "t"}},
	{"R-MQTT-46", "$aws/things/t/jobs/" + strings.Repeat("j", 65) + "/get", jobsdata.Topic{Kind: jobsdata.InvalidTopic, Thing: "t"}},
	{"R-MQTT-4", "$aws/things/t/shadow/get", jobsdata.Topic{}},
	{"R-MQTT-4", "$aws/things/t/jobs", jobsdata.Topic{}},
	{"R-MQTT-4", "$aws/things//jobs/get", jobsdata.Topic{}},
	{"R-MQTT-4", "things/t/jobs/get", jobsdata.Topic{}},
}

func TestParseTopic(t *testing.T) {
	t.Parallel()
	for _, row := range topicRows {
		got := jobsdata.ParseTopic(row.topic)
		if got.Kind == jobsdata.InvalidTopic {
			got.JobID = ""
		}
		if got != row.want {
			t.Errorf("%s: %s: got %+v, want %+v", row.rule, row.topic, got, row.want)
		}
	}
}

// FuzzParseTopic holds the parser against the table, read as regular expressions.
func FuzzParseTopic(f *testing.F) {
	for _, row := range topicRows {
		f.Add(row.topic)
	}
	under := regexp.MustCompile(`(?s)\A\$aws/things/([^/]+)/jobs/(.*)\z`)
	name, id := regexp.MustCompile(`\A[a-zA-Z0-9:_-]{1,128}\z`), `([a-zA-Z0-9_-]{1,64})`
	var patterns []*regexp.Regexp
	for _, row := range jobsdata.Topics {
		label := id
		if strings.Contains(row.Pattern, "/get") {
			label = `([a-zA-Z0-9_-]{1,64}|\$next)`
		}
		patterns = append(patterns, regexp.MustCompile(`\A`+strings.ReplaceAll(row.Pattern, "{jobId}", label)+`\z`))
	}
	f.Fuzz(func(t *testing.T, topic string) {
		want := jobsdata.Topic{}
		if m := under.FindStringSubmatch(topic); m != nil {
			want = jobsdata.Topic{Kind: jobsdata.InvalidTopic, Thing: m[1]}
			for i, p := range patterns {
				if part := p.FindStringSubmatch(m[2]); part != nil && name.MatchString(m[1]) {
					want.Kind = jobsdata.Topics[i].Kind
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
