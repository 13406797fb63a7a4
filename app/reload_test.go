package app

import (
	"slices"
	"testing"
	"time"

	"github.com/drover-iot/drover/internal/config"
)

// What differs is in force at once, or needs a restart and is said until it is as before.
func TestDifferences(t *testing.T) { // R-CFG-11
	t.Parallel()
	inForce, next := Default(), Default()
	next.Limits.Retention, next.Rates.Control = time.Hour, 2.5
	next.Scope.Region, next.Store = "eu-west-1", "postgres://u:secret@h/d"
	changed, restart := differences(inForce, next)
	if !slices.Equal(changed, []string{"retention=1h", "control-rate=2.5"}) ||
		!slices.Equal(restart, []string{"store", "region"}) {
		t.Errorf("changed %q, after a restart %q", changed, restart)
	}
	inForce = liveParts(inForce, next)
	if inForce.Limits.Retention != time.Hour || inForce.Scope.Region == "eu-west-1" {
		t.Errorf("in force: %v, %s", inForce.Limits.Retention, inForce.Scope.Region)
	}
	changed, restart = differences(inForce, next)
	if len(changed) != 0 || !slices.Equal(restart, []string{"store", "region"}) {
		t.Errorf("once more: changed %q, after a restart %q", changed, restart)
	}
	if changed, restart = differences(inForce, inForce); len(changed)+len(restart) != 0 {
		t.Errorf("nothing differs, and %q, %q", changed, restart)
	}
}

// The settings that can change while a server runs are these.
func TestLiveSettings(t *testing.T) { // R-CFG-11
	t.Parallel()
	c := Default()
	var live []string
	for _, s := range config.All(c.Settings()) {
		if s.Live {
			live = append(live, s.Name)
		}
	}
	want := []string{
		"max-connections", "max-continuous-jobs", "max-snapshot-jobs", "max-concurrent-jobs",
		"max-job-templates", "retention", "max-document-bytes", "max-targets", "max-url-lifetime",
		"max-rollout-rate", "max-placeholders", "max-local-placeholders", "min-start-ahead",
		"min-end-ahead", "max-abort-criteria", "max-pending-listed", "max-tags",
		"max-thing-attributes", "max-thing-attributes-untyped", "control-rate", "device-read-rate", "device-write-rate",
		"artifact-rate", "artifact-rate-per-device", "log",
	}
	if !slices.Equal(live, want) {
		t.Errorf("got %q, want %q", live, want)
	}
}
