package sqlite

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/drover-iot/drover/store/relational"
)

// TestPlans holds that every read and change finds its rows through a key or an index and in their
// order, so that it costs the same in a small fleet and in a large one.
func TestPlans(t *testing.T) {
	t.Parallel()
	s, err := Open(filepath.Join(t.TempDir(), "drover.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	allowed := map[string]bool{
		"SCAN job_count":       true, // a row for each status and selection
		"SCAN membership_work": true, // as many as are asked for
		"SCAN confirmation USING COVERING INDEX confirmation_due": true, // the first one
		"SCAN CONSTANT ROW": true,
		// Nothing else is in these indexes.
		"SCAN thing_group USING INDEX thing_group_dynamic": true,
		"SCAN thing_group USING INDEX thing_group_busy":    true,
		// Those queued at the same time, and the attempts of one job on one thing.
		"USE TEMP B-TREE FOR LAST 2 TERMS OF ORDER BY": true,
		"USE TEMP B-TREE FOR ORDER BY":                 true,
	}
	for _, sql := range relational.Statements() {
		var steps []string
		plan := s.writer.stmt("EXPLAIN QUERY PLAN " + sql)
		for plan.Row() {
			steps = append(steps, plan.ColumnText(3))
		}
		if err := plan.End(); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
		for _, step := range steps {
			grows := strings.Contains(step, "SCAN") || strings.Contains(step, "TEMP B-TREE")
			if grows && !allowed[step] {
				t.Errorf("%s\nplan: %s", sql, strings.Join(steps, "; "))
			}
		}
	}
}
