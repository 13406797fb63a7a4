package control

import (
	"strings"
	"testing"

	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/schema"
)

// Tokens are opaque, authenticated and bound to the operation and its filters; the page size is no filter (R-WIRE-23,
// R-ID-3).
func TestPages(t *testing.T) {
	t.Parallel()
	pages := Pages{Key: []byte("key")}
	token := pages.seal("ListThings", "filters", nameCursor{"pump-07"})
	if strings.Trim(token, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=") != "" || strings.Contains(token, "pump") {
		t.Errorf("token %s", token)
	}
	var at nameCursor
	if err := pages.open(token, "ListThings", "filters", &at); err != nil || at.Name != "pump-07" {
		t.Errorf("opened as %+v: %v", at, err)
	}
	changed := []byte(token)
	changed[len(changed)/2] ^= 1
	for name, err := range map[string]error{
		"another operation": pages.open(token, "ListJobs", "filters", &at),
		"other filters":     pages.open(token, "ListThings", "others", &at),
		"another server":    Pages{Key: []byte("other")}.open(token, "ListThings", "filters", &at),
		"changed":           pages.open(string(changed), "ListThings", "filters", &at),
		"not one":           pages.open("abc", "ListThings", "filters", &at),
		"empty":             pages.open("", "ListThings", "filters", &at),
	} {
		if !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v, want Invalid", name, err)
		}
	}
}

// A page shows what was asked for, 250 by default, and a token only when more follows (R-WIRE-21, R-WIRE-22).
func TestCut(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		size, found, shown int
		more               bool
	}{{2, 0, 0, false}, {2, 2, 2, false}, {2, 3, 2, true}, {0, 250, 250, false}, {0, 251, 250, true}} {
		var size *iot.MaxResults
		if tt.size > 0 {
			size = new(iot.MaxResults(tt.size))
		}
		request, err := openPage[nameCursor]((Pages{}), "List", nil, (*iot.NextToken)(nil), size)
		if err != nil {
			t.Fatal(err)
		}
		items, next := cut(request, make([]string, tt.found), func(string) nameCursor { return nameCursor{} })
		if len(items) != tt.shown || (next != nil) != tt.more {
			t.Errorf("%+v: %d shown, token %v", tt, len(items), next)
		}
	}
}

// Configurations that were never given show as {} or not at all (R-WIRE-13, R-WIRE-14), and what was given comes back
// without defaults filled in (R-API-40).
func TestDescribed(t *testing.T) {
	t.Parallel()
	p, scope := &Plane{}, registry.DefaultScope
	shown := func(d job.Definition) string {
		ctx := WithScope(t.Context(), scope)
		return string(schema.Append(nil, p.describe(ctx, job.Job{ID: "j", Definition: d, State: job.State{Status: job.InProgress}})))
	}
	bare := shown(job.Definition{TargetSelection: job.Snapshot, Targets: []job.Target{{Kind: registry.KindThing, Name: "t", ARN: "t"}}})
	for _, want := range []string{`"presignedUrlConfig":{}`, `"jobExecutionsRolloutConfig":{}`, `"timeoutConfig":{}`, `"targetSelection":"SNAPSHOT"`, `"numberOfTimedOutThings":0`} {
		if !strings.Contains(bare, want) {
			t.Errorf("%s is not in %s", want, bare)
		}
	}
	for _, not := range []string{"abortConfig", "jobExecutionsRetryConfig", "completedAt", "forceCanceled", "description", "null"} {
		if strings.Contains(bare, not) {
			t.Errorf("%s is in %s", not, bare)
		}
	}
	given := shown(job.Definition{Rollout: &job.RolloutConfig{MaximumPerMinute: 7}, PresignedURL: &job.PresignedURLConfig{RoleARN: "r"}})
	if !strings.Contains(given, `"jobExecutionsRolloutConfig":{"maximumPerMinute":7}`) || !strings.Contains(given, `"presignedUrlConfig":{"roleArn":"r"}`) {
		t.Errorf("defaults were filled in: %s", given)
	}
}
