package cli

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// forecastAnswer is a small forecast with a warning.
const forecastAnswer = `{"runs":400,"seed":1,"at":0,"targets":10,"leftOut":[],"assumed":{
	"started":{"medianSeconds":60,"p90Seconds":180,"from":"DEFAULT"},
	"ended":{"medianSeconds":300,"p90Seconds":900,"from":"JOB"},
	"failed":{"medianSeconds":300,"p90Seconds":900,"from":"JOB"},
	"failedPercentage":{"percentage":2,"from":"REQUEST"},
	"rejectedPercentage":{"percentage":0,"from":"DEFAULT"},
	"timedOutPercentage":{"percentage":0,"from":"DEFAULT"},
	"silentPercentage":{"percentage":0,"from":"DEFAULT"}},
	"curve":[{"at":0,"released":{"p10":0,"p50":0,"p90":0},"inProgress":{"p10":0,"p50":0,"p90":0},"ended":{"p10":0,"p50":0,"p90":0}},
	{"at":60,"released":{"p10":10,"p50":10,"p90":10},"inProgress":{"p10":0,"p50":0,"p90":0},"ended":{"p10":10,"p50":10,"p90":10}}],
	"released":{"p10":0,"p50":0,"p90":0,"never":[]},"finish":{"p10":60,"p50":60,"p90":60,"never":[]},
	"neverReached":[],"stop":{"assumed":{"abort":0,"guard":0}},
	"warnings":[{"code":"RATE_ABOVE_TARGETS","text":"lower the rate"}]}`

// runWith is a call of one of the two functions that run a line, with standard error on a terminal
// or not.
func runWith(
	t *testing.T, run func(context.Context, []string, Env) int, r *recorder, shown bool, line ...string,
) result {
	t.Helper()
	var out, problem bytes.Buffer
	vars := r.environment(t)
	status := run(t.Context(), line, Env{
		Stdin:       strings.NewReader(""),
		Stdout:      &out,
		Stderr:      &problem,
		StderrShown: shown,
		Getenv:      func(name string) string { return vars[name] },
		Program:     "drover",
		Version:     "test",
		Location:    time.UTC,
		Wait:        func(context.Context, time.Duration) error { return nil },
	})
	return result{out.String(), problem.String(), status}
}

// A forecast takes the options of the operation, which become a member of its request (R-FCT-1).
func TestForecastIsSent(t *testing.T) { // R-FCT-1
	t.Parallel()
	const post = "POST /_drover/forecast "
	for _, tt := range []struct{ line, sent string }{
		{"create-job --job-id j --targets a b --timeout-config inProgressTimeoutInMinutes=5 --document {}",
			post + `{"create":{"jobId":"j","targets":["a","b"],"document":"{}","timeoutConfig":{"inProgressTimeoutInMinutes":5}}}`},
		{`create-job --cli-input-json {"jobId":"j","targets":["a"]} --seed 7`,
			post + `{"create":{"jobId":"j","targets":["a"]},"seed":7}`},
		{"update-job --job-id j --description d --assume failedPercentage=2.5,ended={medianSeconds=60,p90Seconds=90}",
			post + `{"update":{"jobId":"j","description":"d"},"assume":{"failedPercentage":2.5,"ended":{"medianSeconds":60,"p90Seconds":90}}}`},
		{"job j", post + `{"jobId":"j"}`},
		{"job j --assume silentPercentage=1", post + `{"jobId":"j","assume":{"silentPercentage":1.0}}`},
	} {
		r := record(t, answer{status: 200, body: forecastAnswer})
		got := runWith(t, Forecast, r, false, strings.Fields(tt.line)...)
		if diff := cmp.Diff([]string{tt.sent}, r.sent); diff != "" || got.status != 0 {
			t.Errorf("%s: %+v (-want +got):\n%s", tt.line, got, diff)
		}
	}
}

// What is shown of a forecast: a chart for people, the answer of the API with --output or --query.
func TestForecastIsShown(t *testing.T) { // R-FCT-1
	t.Parallel()
	for _, tt := range []struct {
		line   string
		status int
		out    string // a part of it
		said   string
	}{
		{"job j", 0, "100% |", ""},
		{"job j", 0, "warning: lower the rate (RATE_ABOVE_TARGETS)", ""},
		{"job j --output json --query targets", 0, "10\n", ""},
		{"job j --query warnings[0].code", 0, "\"RATE_ABOVE_TARGETS\"\n", ""},
		{"create-job --generate-cli-skeleton", 0, `"jobId": ""`, ""},
		{"create-job --job-id j --targets t --generate-cli-skeleton output", 0, `"peakBytesPerSecond": 0`, ""},
		{"create-job --job-id j", 252, "", "the following arguments are required: --targets"},
		{"create-job --job-id j --targets t --wait", 252, "", "--wait: a forecast begins nothing"},
		{"update-job --job-id j --timeout-config inProgressTimeoutInMinutes=x", 252, "", "inProgressTimeoutInMinutes"},
		{"job", 252, "", "drover forecast job takes one job"},
		{"job a b", 252, "", "drover forecast job takes one job"},
		{"jobs j", 252, "", "Found invalid choice 'jobs'"},
		{"", 252, "", "one of create-job, update-job, job"},
	} {
		got := runWith(t, Forecast, record(t, answer{status: 200, body: forecastAnswer}), false, strings.Fields(tt.line)...)
		if got.status != tt.status || !strings.Contains(got.out, tt.out) || !strings.Contains(got.problem, tt.said) {
			t.Errorf("%s: %+v, want %+v", tt.line, got, tt)
		}
	}
}

// CreateJob and UpdateJob are preceded by the warnings of a forecast where standard error is a
// terminal. A forecast that fails changes nothing of the call.
func TestWarnings(t *testing.T) { // R-FCT-7
	t.Parallel()
	const create, update = "PUT /jobs/j", "PATCH /jobs/j"
	done := answer{status: 200, body: `{"jobId":"j"}`}
	warned := []answer{{status: 200, body: forecastAnswer}, done}
	for name, tt := range map[string]struct {
		line    string
		shown   bool
		answers []answer
		sent    []string // the beginnings
		said    string
	}{
		"create-job":  {"create-job --job-id j --targets t", true, warned, []string{"POST /_drover/forecast", create}, "warning: lower the rate (RATE_ABOVE_TARGETS)\n"},
		"update-job":  {"update-job --job-id j", true, warned, []string{"POST /_drover/forecast", update}, "warning: lower the rate (RATE_ABOVE_TARGETS)\n"},
		"no terminal": {"create-job --job-id j --targets t", false, []answer{done}, []string{create}, ""},
		"another":     {"delete-job --job-id j", true, []answer{done}, []string{"DELETE /jobs/j"}, ""},
		"no forecast": {"create-job --job-id j --targets t", true,
			[]answer{{404, "", "no such operation"}, done}, []string{"POST /_drover/forecast", create}, ""},
		"it fails": {"create-job --job-id j --targets t", true,
			[]answer{{500, "InternalFailureException", "{}"}, done}, []string{"POST /_drover/forecast", create}, ""},
		"nonsense": {"create-job --job-id j --targets t", true,
			[]answer{{200, "", "<html>"}, done}, []string{"POST /_drover/forecast", create}, ""},
	} {
		r := record(t, tt.answers...)
		got := runWith(t, Run, r, tt.shown, append([]string{"iot"}, strings.Fields(tt.line)...)...)
		for i, sent := range r.sent {
			r.sent[i] = strings.Join(strings.Fields(sent)[:2], " ")
		}
		if diff := cmp.Diff(tt.sent, r.sent); diff != "" || got.status != 0 || got.problem != tt.said {
			t.Errorf("%s: %+v (-want +got):\n%s", name, got, diff)
		}
	}
}
