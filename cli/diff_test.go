package cli

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// An update with --diff shows what would change, and is made when somebody agrees (R-AUD-4).
func TestDiff(t *testing.T) { // R-AUD-4
	t.Parallel()
	described := answer{status: 200, body: `{"job":{"jobId":"j","description":"old",
		"abortConfig":{"criteriaList":[{"failureType":"FAILED","thresholdPercentage":10}]},
		"timeoutConfig":{"inProgressTimeoutInMinutes":5}}}`}
	later := strings.Replace(forecastAnswer, `"p50":60,"p90":60,"never"`, `"p50":3660,"p90":3660,"never"`, 1)
	forecasts := []answer{{status: 200, body: forecastAnswer}, {status: 200, body: later}}
	before := append([]answer{described}, forecasts...)
	done := answer{status: 200, body: ``}
	const (
		reads = "GET /jobs/j|POST /_drover/forecast|POST /_drover/forecast"
		made  = reads + "|PATCH /jobs/j"
		shown = "description\n  - \"old\"\n  + \"new\"\nfinish: 1970-01-01 01:01 UTC (in 1 h 1 min), 1 h 0 min later\n" +
			"warning: lower the rate (RATE_ABOVE_TARGETS)\n"
	)
	for name, tt := range map[string]struct {
		line    string
		says    string // to the question; "-": nobody can be asked
		answers []answer
		sent    string
		out     string
		status  int
		problem string
	}{
		"agreed": {"--description new --diff", "Yes\n", append(before, done), made, shown, 0, ""},
		"declined": {"--description new --diff", "\n", before, reads,
			shown + "Nothing was changed.\n", 0, ""},
		"nobody to ask": {"--description new --diff", "-", before, reads, shown, 0, ""},
		"not asked":     {"--description new --diff --yes", "-", append(before, done), made, shown, 0, ""},
		"a member that is not set": {
			"--job-executions-rollout-config maximumPerMinute=5 --diff", "-", before, reads,
			"jobExecutionsRolloutConfig\n  - (not set)\n  + {\"maximumPerMinute\":5}\n" +
				shown[strings.Index(shown, "finish"):], 0, "",
		},
		"nothing new": {"--description old --timeout-config inProgressTimeoutInMinutes=5 --diff --yes",
			"-", []answer{described}, "GET /jobs/j", "Nothing would change.\n", 0, ""},
		"refused": {"--description new --diff --yes", "-", []answer{described, forecasts[0],
			{status: 400, body: `{"message":"job j has ended"}`}}, reads,
			"description\n  - \"old\"\n  + \"new\"\n", 254, "job j has ended"},
		"finishes as before": {"--description new --diff", "-", []answer{described, forecasts[0],
			{status: 200, body: strings.Replace(forecastAnswer, `"p50":60,"p90":60,"never"`, `"p50":60.4,"p90":60.4,"never"`, 1)}},
			reads, "description\n  - \"old\"\n  + \"new\"\nfinish: 1970-01-01 00:01 UTC (in 1 min), as without the change\n" +
				"warning: lower the rate (RATE_ABOVE_TARGETS)\n", 0, ""},
		"no forecast": {"--description new --diff --yes", "-", []answer{described,
			{status: 404, body: `{"message":"no such operation"}`}, done}, "GET /jobs/j|POST /_drover/forecast|PATCH /jobs/j",
			"description\n  - \"old\"\n  + \"new\"\nno forecast: An error occurred (404) when calling the Forecast operation: no such operation\n",
			0, ""},
		"yes to nothing": {"--description new --yes", "-", nil, "", "", 252, "--yes is for --diff"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out, problem bytes.Buffer
			r := record(t, tt.answers...)
			vars := r.environment(t)
			env := Env{
				Stdin:    strings.NewReader(""),
				Stdout:   &out,
				Stderr:   &problem,
				Getenv:   func(name string) string { return vars[name] },
				Program:  "drover",
				Version:  "test",
				Location: time.UTC,
				Wait:     func(context.Context, time.Duration) error { return nil },
			}
			if tt.says != "-" {
				env.Confirm = func(context.Context, string) (string, error) { return tt.says, nil }
			}
			line := strings.Fields("iot update-job --job-id j " + tt.line)
			status := Run(t.Context(), line, env)
			var sent []string
			for _, request := range r.sent {
				words := strings.Fields(request)
				sent = append(sent, words[0]+" "+words[1])
			}
			if diff := cmp.Diff(tt.sent, strings.Join(sent, "|")); diff != "" || status != tt.status {
				t.Errorf("status %d: %s (-want +got):\n%s", status, problem.String(), diff)
			}
			if diff := cmp.Diff(tt.out, out.String()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if !strings.Contains(problem.String(), tt.problem) {
				t.Errorf("%q", problem.String())
			}
		})
	}
}
