package control

import (
	"strings"
	"testing"

	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/schema"
)

// Configurations that were never given show as {} or not at all (R-WIRE-13, R-WIRE-14), and what was given comes back
// without defaults filled in (R-API-40).
func TestDescribed(t *testing.T) {
	t.Parallel()
	p, scope := &Plane{}, registry.DefaultScope
	shown := func(d job.Definition) string {
		ctx := WithScope(t.Context(), scope)
		return string(schema.Append(nil, p.describe(ctx, job.Job{
			ID:         "j",
			Definition: d,
			State:      job.State{Status: job.InProgress},
		})))
	}
	bare := shown(job.Definition{
		TargetSelection: job.Snapshot,
		Targets:         []job.Target{{Kind: registry.KindThing, Name: "t", ARN: "t"}},
	})
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
	given := shown(job.Definition{
		Rollout:      &job.RolloutConfig{MaximumPerMinute: 7},
		PresignedURL: &job.PresignedURLConfig{RoleARN: "r"},
	})
	if !strings.Contains(given, `"jobExecutionsRolloutConfig":{"maximumPerMinute":7}`) || !strings.Contains(given, `"presignedUrlConfig":{"roleArn":"r"}`) {
		t.Errorf("defaults were filled in: %s", given)
	}
}
