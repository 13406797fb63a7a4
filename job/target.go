package job

import (
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/registry"
)

// Target is one thing or thing group that a job was given.
type Target struct {
	// Kind is registry.KindThing or registry.KindGroup. It is empty for a well-formed ARN that names nothing on this
	// server, such as one of another account (R-VAL-6).
	Kind string `json:"kind,omitzero"`
	Name string `json:"name"`
	// ARN is the text as it was given. It is shown again and never read.
	ARN string `json:"arn"`
}

// Resource is what lists of jobs are filtered by: the kind and name, as in thinggroup/site-1.
func (t Target) Resource() string { return t.Kind + "/" + t.Name }

// UniqueTargets drops targets that were given before, in whatever order (R-VAL-7), and refuses more than MaxTargets of
// those that are left (R-VAL-5).
func UniqueTargets(given []Target) ([]Target, error) {
	unique, seen := make([]Target, 0, len(given)), map[string]bool{}
	for _, t := range given {
		if !seen[t.ARN] {
			seen[t.ARN] = true
			unique = append(unique, t)
		}
	}
	if len(unique) > MaxTargets {
		return nil, fault.New(fault.Invalid, "targets: %d items, at most %d are allowed", len(unique), MaxTargets)
	}
	return unique, nil
}

// GroupTarget names a thing group of the scope.
func GroupTarget(s registry.Scope, name string) Target {
	return Target{Kind: registry.KindGroup, Name: name, ARN: s.ARN(registry.KindGroup, name)}
}

// ThingTarget names a thing of the scope.
func ThingTarget(s registry.Scope, name string) Target {
	return Target{Kind: registry.KindThing, Name: name, ARN: s.ARN(registry.KindThing, name)}
}

// ARNs returns the texts of targets as they were given.
func ARNs(targets []Target) []string {
	if targets == nil {
		return nil
	}
	texts := make([]string, len(targets))
	for i, t := range targets {
		texts[i] = t.ARN
	}
	return texts
}
