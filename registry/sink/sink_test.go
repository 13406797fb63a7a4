package sink

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

func webhook(url string) Definition {
	return Definition{Kind: Webhook, URL: url, Secrets: Secrets{Signing: []byte("s")}}
}

func ofKind(kind Kind, url string, change func(*Definition)) Definition {
	d := Definition{Kind: kind, URL: url}
	if kind == Kafka {
		d.Subject = "events"
	}
	if change != nil {
		change(&d)
	}
	return d
}

func TestCheck(t *testing.T) { // R-SNK-1, R-SNK-13
	t.Parallel()
	withPassword := func(d *Definition) { d.Username, d.Secrets.Password = "u", []byte("p") }
	subject := func(s string) func(*Definition) { return func(d *Definition) { d.Subject = s } }
	topics := func(filters ...string) Definition {
		d := webhook("https://a")
		d.Topics = filters
		return d
	}
	for _, tt := range []struct {
		d    Definition
		want string // part of the refusal; empty: accepted
	}{
		{webhook("https://hooks.example/x?y=1"), ""},
		{webhook("http://127.0.0.1:8080/"), ""},
		{webhook("http://[::1]:8080/"), ""},
		{webhook("http://localhost/"), ""},
		{webhook("http://hooks.example/"), "must be https"},
		{webhook("http://127.0.0.1.example/"), "must be https"},
		{webhook("ftp://a"), "has the scheme http or https"},
		{webhook("https://u:p@a"), "no user and no password"},
		{webhook("https://a#f"), "no fragment"},
		{webhook("https://"), "not the address of a server"},
		{webhook("%"), "not the address of a server"},
		{Definition{Kind: Webhook, URL: "https://a"}, "secret"},
		{ofKind(NATS, "nats://a:4222,b", nil), ""},
		{ofKind(NATS, "tls://a", subject("x.{jobId}")), ""},
		{ofKind(NATS, "nats://a,tls://b", nil), "more than one scheme"},
		{ofKind(NATS, "nats://a/path", nil), "no path"},
		{ofKind(NATS, "nats://a", subject("x.>")), "no subject of NATS"},
		{ofKind(NATS, "nats://a", subject("x..y")), "no subject of NATS"},
		{ofKind(NATS, "nats://a", subject("x.{thing}")), "no subject of NATS"},
		{ofKind(Kafka, "kafka://a:9092", nil), ""},
		{ofKind(Kafka, "kafka://a:9092", subject("")), "needs the name of a topic"},
		{ofKind(Kafka, "kafkas://a:9092", withPassword), ""},
		{ofKind(Kafka, "kafka://127.0.0.1:9092", withPassword), ""},
		{ofKind(Kafka, "kafka://127.0.0.1:9092,b", withPassword), "needs kafkas"},
		{ofKind(NATS, "tls://a", withPassword), "username"},
		{topics("$aws/events/job/+/completed", "drover/#", "#"), ""},
		{topics("a/b+"), "no MQTT topic filter"},
		{topics("#/a"), "no MQTT topic filter"},
		{topics(""), "no MQTT topic filter"},
	} {
		err := tt.d.Check()
		switch {
		case tt.want == "" && err != nil:
			t.Errorf("%s %s: got %v, want none", tt.d.Kind, tt.d.URL, err)
		case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
			t.Errorf("%s %s: got %v, want %q", tt.d.Kind, tt.d.URL, err, tt.want)
		case err != nil && strings.Contains(err.Error(), "u:p"):
			t.Errorf("%s: repeats the password", err)
		}
	}
}

func TestWants(t *testing.T) { // R-SNK-2
	t.Parallel()
	const failed = "$aws/events/jobExecution/fw-1/failed"
	for _, tt := range []struct {
		topics, jobs []string
		topic        string
		want         bool
	}{
		{nil, nil, failed, true},
		{[]string{"#"}, nil, failed, true},
		{[]string{"+/events/#"}, nil, failed, true},
		{[]string{"$aws/events/job/+/+"}, nil, failed, false},
		{[]string{"$aws/events/job/+/+", "$aws/events/+/+/failed"}, nil, failed, true},
		{[]string{"$aws/events/jobExecution"}, nil, failed, false},
		{[]string{failed + "/x"}, nil, failed, false},
		{nil, []string{"fw-*"}, failed, true},
		{nil, []string{"fw-?"}, failed, true},
		{nil, []string{"fw"}, failed, false},
		{[]string{"drover/#"}, []string{"fw-*"}, "drover/events/job/fw-1/paused", true},
		{[]string{"drover/#"}, []string{"x"}, "drover/events/job/fw-1/paused", false},
	} {
		e, err := Parse(tt.topic, nil)
		if err != nil {
			t.Fatal(err)
		}
		d := Definition{Topics: tt.topics, Jobs: tt.jobs}
		if got := d.Wants(e); got != tt.want {
			t.Errorf("topics %q, jobs %q: %s: got %t", tt.topics, tt.jobs, tt.topic, got)
		}
	}
	for _, topic := range []string{"", "a/b", "$aws/things/t/jobs/notify", "x/events/job/j/o"} {
		if _, err := Parse(topic, nil); err == nil {
			t.Errorf("%q: got an event", topic)
		}
	}
}

func TestCloudEvent(t *testing.T) { // R-SNK-4
	t.Parallel()
	payload := `{"eventType":"JOB_EXECUTION","eventId":"6d2f","timestamp":1700000000,"jobId":"j",` +
		`"thingArn":"arn:aws:iot:r:1:thing/t"}`
	e, err := Parse("$aws/events/jobExecution/j/failed", []byte(payload))
	if err != nil {
		t.Fatal(err)
	}
	c, err := e.CloudEvent("arn:aws:iot:r:1:job/")
	if err != nil {
		t.Fatal(err)
	}
	got, err := json.Marshal(c)
	want := `{"specversion":"1.0","id":"6d2f","source":"arn:aws:iot:r:1:job/j",` +
		`"type":"drover.jobExecution.failed","subject":"arn:aws:iot:r:1:thing/t",` +
		`"time":"2023-11-14T22:13:20Z","datacontenttype":"application/json",` +
		`"topic":"$aws/events/jobExecution/j/failed","data":` + payload + `}`
	if err != nil || string(got) != want {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
	if got := (Definition{}).SubjectOf(e); got != "drover.events.jobExecution.j.failed" {
		t.Errorf("subject: got %s", got)
	}
}

func TestBackoff(t *testing.T) { // R-SNK-8
	t.Parallel()
	for n, want := range map[int]time.Duration{
		0: time.Second, 1: time.Second, 2: 2 * time.Second, 9: 256 * time.Second, 10: 5 * time.Minute,
		1000: 5 * time.Minute,
	} {
		if got := Backoff(n, 0); got != want {
			t.Errorf("after %d: got %s, want %s", n, got, want)
		}
		if got := Backoff(n, 0.9999); got < want/2 || got > want/2+want/100 {
			t.Errorf("after %d, the shortest: got %s, want half of %s", n, got, want)
		}
	}
	if got := RetryAfter(-time.Second); got != 0 {
		t.Errorf("got %s, want 0", got)
	}
	if got := RetryAfter(48 * time.Hour); got != time.Hour {
		t.Errorf("got %s, want an hour", got)
	}
	d := Definition{RetryFor: time.Hour}
	for _, tt := range []struct {
		attempts int
		age      time.Duration
		want     bool
	}{
		{3, time.Hour + 1, true}, {3, time.Hour, false}, {2, 9 * time.Hour, false}, {99, time.Minute, false},
	} {
		if got := d.GivesUp(tt.attempts, tt.age); got != tt.want {
			t.Errorf("%d attempts, %s old: got %t", tt.attempts, tt.age, got)
		}
	}
}
