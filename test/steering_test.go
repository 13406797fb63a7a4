package test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/drover-iot/drover/test/testserver"
)

// How operators steer jobs, and what their devices see of it: by the stock aws command line, which
// knows tags alone, and by drover's own commands.

// steerer is one way to steer jobs from a shell.
type steerer struct {
	commandLine
	arn     func(jobID string) string
	setBy   func(s steerer, jobID, key, value string)
	unsetBy func(s steerer, jobID, key string)
}

func (s steerer) set(jobID, key, value string) { s.t.Helper(); s.setBy(s, jobID, key, value) }

func (s steerer) unset(jobID, key string) { s.t.Helper(); s.unsetBy(s, jobID, key) }

// steerers are the two ways.
var steerers = map[string]steerer{
	"aws": {
		setBy: func(s steerer, jobID, key, value string) {
			s.ok("iot", "tag-resource", "--resource-arn", s.arn(jobID), "--tags", "Key=drover:"+key+",Value="+value)
		},
		unsetBy: func(s steerer, jobID, key string) {
			s.ok("iot", "untag-resource", "--resource-arn", s.arn(jobID), "--tag-keys", "drover:"+key)
		},
	},
	"drover": {
		setBy: func(s steerer, jobID, key, value string) {
			if key == "paused" {
				s.ok("jobs", "pause", jobID, value)
				return
			}
			s.ok("jobs", "set", jobID, key+"="+value)
		},
		unsetBy: func(s steerer, jobID, key string) {
			if key == "paused" {
				s.ok("jobs", "resume", jobID)
				return
			}
			s.ok("jobs", "unset", jobID, key)
		},
	},
}

// tags are the tags of a job, as KEY=VALUE in the order of the keys.
func (s steerer) tags(jobID string) string {
	out := s.ok("iot", "list-tags-for-resource", "--resource-arn", s.arn(jobID),
		"--query", "tags[].join('=', [Key, Value])", "--output", "text")
	return strings.ReplaceAll(strings.TrimSpace(out), "\t", "; ")
}

// create makes a job for the group g, with settings.
func (s steerer) create(jobID string, options ...string) {
	s.ok(append([]string{"iot", "create-job", "--job-id", jobID, "--document", `{"do":"it"}`,
		"--targets", strings.Replace(s.arn("g"), ":job/", ":thinggroup/", 1)}, options...)...)
}

// TestSteering pauses, resumes and bounds a job, and lets abort criteria only be recorded, or pause.
func TestSteering(t *testing.T) { // R-STR-1, R-STR-2, R-STR-10, R-STR-11, R-STR-13, R-STR-15, R-STR-20, R-STR-70
	t.Parallel()
	stock := must[string](t)(filepath.Abs("../.tools/aws/bin/aws"))
	if _, err := os.Stat(stock); err != nil {
		t.Fatalf("the aws command line is missing: run make setup: %v", err)
	}
	for name, program := range map[string]string{"aws": stock, "drover": testserver.Binary} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, home := serve(t, "--clock", "virtual"), t.TempDir()
			s.fleet("g", 6)
			operator := steerers[name]
			operator.commandLine = commandLine{t: t, program: []string{program}, env: s.environment(home), dir: home}
			operator.arn = func(jobID string) string { return s.ARN("job", jobID) }
			s.pauses(operator)
			s.stopsNot(operator)
		})
	}
}

// pauses creates a paused job, resumes it, pauses it again, and bounds how many are pending.
func (s *server) pauses(operator steerer) {
	t, in := s.t, newInbox(s.t)
	d := must[*v3](t)(connect3(t, s.MQTT, "t0001", nil, in))
	d.subscribe("$aws/things/t0001/jobs/notify-next")
	sees := func(when, jobID string) {
		t.Helper()
		got, _ := in.expect("/notify-next").at("execution.jobId").(string)
		if got != jobID {
			t.Fatalf("%s the device sees %q, want %q", when, got, jobID)
		}
	}
	operator.create("fw", "--job-executions-rollout-config", "maximumPerMinute=2",
		"--tags", "Key=team,Value=a", "Key=drover:paused,Value=not yet")
	s.clock(`{"advance":"10m"}`)
	s.want("fw", "IN_PROGRESS q0 p0 s0 f0 t0 c0")
	operator.unset("fw", "paused")
	sees("resumed,", "fw")
	s.want("fw", "IN_PROGRESS q2 p0 s0 f0 t0 c0") // what was missed is not caught up

	operator.set("fw", "paused", "waiting for ticket 4711")
	sees("paused,", "")
	if got := operator.tags("fw"); got != "drover:paused=waiting for ticket 4711; team=a" {
		t.Errorf("the tags are %s", got)
	}
	if next := s.askFor("iot-jobs-data", "PUT", "/things/t0001/jobs/$next", "{}"); at(next, "execution") != nil {
		t.Errorf("a device starts %v of a paused job", next)
	}
	s.clock(`{"advance":"10m"}`)
	s.want("fw", "IN_PROGRESS q2 p0 s0 f0 t0 c0")

	operator.set("fw", "max-outstanding", "3")
	operator.unset("fw", "paused")
	sees("resumed again,", "fw")
	s.clock(`{"advance":"10m"}`)
	s.want("fw", "IN_PROGRESS q3 p0 s0 f0 t0 c0")
	if err := s.report("t0001", "fw", "SUCCEEDED"); err != nil {
		t.Fatal(err)
	}
	sees("done,", "")
	s.want("fw", "IN_PROGRESS q3 p0 s1 f0 t0 c0") // the place is taken in the same commit
	operator.unset("fw", "max-outstanding")
	s.clock(`{"advance":"10m"}`)
	s.want("fw", "IN_PROGRESS q5 p0 s1 f0 t0 c0")
	in.empty()
	d.close()
}

// stopsNot has an abort criterion met that must not cancel its job: once it is recorded, and once
// the job is paused. Whoever watches the events is told.
func (s *server) stopsNot(operator steerer) {
	t, in := s.t, newInbox(s.t)
	s.ask("PATCH", "/event-configurations", `{"eventConfigurations":{"JOB":{"Enabled":true}}}`)
	watcher := must[*v3](t)(connect3(t, s.MQTT, "watcher", nil, in))
	watcher.subscribe("drover/events/job/#")
	criteria := `{"criteriaList":[{"failureType":"FAILED","action":"CANCEL","thresholdPercentage":50,"minNumberOfExecutedThings":2}]}`
	fail := func(jobID string) {
		t.Helper()
		for _, thing := range []string{"t0001", "t0002"} {
			if err := s.report(thing, jobID, "FAILED"); err != nil {
				t.Fatal(err)
			}
		}
	}
	happened := func(jobID, operation, path string, want any) {
		t.Helper()
		if m := in.expect("drover/events/job/" + jobID + "/" + operation); m.at(path) != want {
			t.Errorf("%s: %s", m.Topic, m.Text)
		}
	}
	operator.create("watched", "--abort-config", criteria, "--tags", "Key=drover:abort,Value=observe")
	fail("watched")
	s.want("watched", "IN_PROGRESS q4 p0 s0 f2 t0 c0")
	happened("watched", "observed", "observation.action", "observe")

	operator.create("stopped", "--abort-config", criteria)
	operator.set("stopped", "abort", "pause")
	fail("stopped")
	s.want("stopped", "IN_PROGRESS q4 p0 s0 f2 t0 c0")
	const reason = "abort: criterion 1 FAILED 2 of 2 - threshold 50pct"
	happened("stopped", "observed", "observation.failures", 2.0)
	happened("stopped", "paused", "reason", reason)
	if got := operator.tags("stopped"); got != "drover:abort=pause; drover:paused="+reason {
		t.Errorf("the tags are %s", got)
	}
	if steering := s.ask("GET", "/_drover/jobs/stopped/steering", ""); at(steering, "settings.paused") != reason {
		t.Errorf("the steering is %v", steering)
	}
	operator.unset("stopped", "paused")

	// Without the setting it is canceled, as on the vendor's service.
	operator.unset("stopped", "abort")
	s.want("stopped", "CANCELED q0 p0 s0 f2 t0 c4")
	in.empty()
	operator.refused("InvalidRequestException", "iot", "tag-resource", "--resource-arn", s.ARN("job", "watched"),
		"--tags", "Key=drover:abrt,Value=pause")
}
