package app

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/drover-iot/drover/internal/config"
)

// Each limit of requests is refused below its range and above it, wherever it comes from, and the
// error names the setting (R-LIM-56).
func TestRangesOfRequestLimits(t *testing.T) {
	t.Parallel()
	whole := func(n int) string { return strconv.Itoa(n) }
	lasting := func(n int) string { return (time.Duration(n) * time.Second).String() }
	ranges := []struct {
		setting     string
		least, most int
		text        func(int) string
	}{
		{"max-document-bytes", 1024, 65536, whole},
		{"max-targets", 1, 500, whole},
		{"max-url-lifetime", 3600, 604800, lasting},
		{"max-rollout-rate", 1, 60000, whole},
		{"max-placeholders", 1, 25, whole},
		{"max-local-placeholders", 1, 10, whole},
		{"min-start-ahead", 60, 86400, lasting},
		{"min-end-ahead", 60, 86400, lasting},
		{"max-abort-criteria", 1, 100, whole},
		{"max-pending-listed", 1, 100, whole},
		{"max-tags", 1, 200, whole},
		{"max-thing-attributes", 1, 200, whole},
		{"max-thing-attributes-untyped", 1, 200, whole},
	}
	c := Default()
	if n := len(c.requestSettings()); n != len(ranges) {
		t.Errorf("there are %d settings, and %d rows here", n, len(ranges))
	}
	for _, r := range ranges {
		for _, row := range []struct {
			value int
			ok    bool
		}{{r.least - 1, false}, {r.least, true}, {r.most, true}, {r.most + 1, false}} {
			c := Default()
			_, err := config.Load(config.All(c.Settings()), config.Sources{
				Given: config.Given{{Setting: r.setting, Text: r.text(row.value)}},
			})
			if (err == nil) != row.ok || err != nil && !strings.Contains(err.Error(), "--"+r.setting) {
				t.Errorf("%s %s: %v, want ok %t", r.setting, r.text(row.value), err, row.ok)
			}
		}
	}
}
