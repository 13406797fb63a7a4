package cli

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What would have been is a table for people, the answer of the API with --output or --query
// (R-WHAT-1).
func TestWhatIf(t *testing.T) { // R-WHAT-1
	t.Parallel()
	const replay = `{"jobId":"j","recorded":{"released":7,"unreleased":0,"unknown":1,"firstReleaseAt":0,
		"lastReleaseAt":360,"criteria":0,"guard":true,"stops":[]},"replayed":{"released":7,"unreleased":0,"unknown":1,"firstReleaseAt":0,
		"lastReleaseAt":180,"criteria":2,"guard":true,"stops":[{"criterion":1,"at":660,"afterSeconds":660,"reached":7,"failures":3,"executed":3},
		{"at":700,"afterSeconds":700,"reached":7,"failures":3,"executed":4}]}}`
	for _, tt := range []struct {
		line, sent string
		out, said  string
		status     int
	}{
		{"j --rollout maximumPerMinute=2", `POST /_drover/jobs/j/replay {"rollout":{"maximumPerMinute":2}}`,
			`j            AS IT WAS         WITH THESE SETTINGS
released     7                 7
in           6 min             3 min
end unknown  1                 1
criterion 1  -                 stops after 11 min: 7 released, 3 of 3 failed
criterion 2  -                 does not stop it
guard        does not stop it  stops after 11 min: 7 released, 3 of 4 failed
`, "", 0},
		{"j --guard FAILED --query replayed.released", `POST /_drover/jobs/j/replay {"guard":"FAILED"}`, "7\n", "", 0},
		{"j --rollout maximumPerMinute=x", "", "", "maximumPerMinute", 252},
		{"", "", "", "drover jobs what-if takes one job", 252},
		{"j k", "", "", "drover jobs what-if takes one job", 252},
		{"j --rate 5", "", "", "--rate", 252},
	} {
		r := record(t, answer{status: 200, body: replay})
		got := runWith(t, WhatIf, r, false, strings.Fields(tt.line)...)
		if diff := cmp.Diff(tt.out, got.out); diff != "" || got.status != tt.status ||
			!strings.Contains(got.problem, tt.said) {
			t.Errorf("%s: %d %q (-want +got):\n%s", tt.line, got.status, got.problem, diff)
		}
		if diff := cmp.Diff(tt.sent, strings.Join(r.sent, "|")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.line, diff)
		}
	}
}
