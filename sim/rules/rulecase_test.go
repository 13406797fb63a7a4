package rules

import (
	"testing"

	"github.com/drover-iot/drover/store"
)

// A ruleCase has a history that keeps a rule and one that breaks it. The second one is the first
// one with its last commit spoiled, unless it is given.
type ruleCase struct {
	rule   string // as it is reported
	name   string
	before func(h *history)
	keeps  func(h *history)
	spoil  func(*store.Changes)
	breaks func(h *history)
}

// run plays both histories of each case: a rule must hold in the one, and be reported in the other.
// A rule that never bites is worth nothing.
func run(t *testing.T, cases []ruleCase) {
	t.Helper()
	for _, rc := range cases {
		t.Run(rc.rule+" "+rc.name, func(t *testing.T) {
			t.Parallel()
			kept, broken := newHistory(t), newHistory(t)
			rc.before(kept)
			rc.keeps(kept)
			if kept.broken != "" {
				t.Errorf("the history that keeps the rule breaks %s: %s", kept.broken, kept.text)
			}
			rc.before(broken)
			if broken.broken != "" {
				t.Fatalf("what comes before breaks %s: %s", broken.broken, broken.text)
			}
			if rc.breaks == nil {
				broken.spoil, rc.breaks = rc.spoil, rc.keeps
			}
			rc.breaks(broken)
			if broken.broken != rc.rule {
				t.Errorf("the history that breaks %s reports %q: %s",
					rc.rule, broken.broken, broken.text)
			}
		})
	}
}
