package job

import (
	"slices"

	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/registry"
)

// A job is given targets as ARNs of things and thing groups. They are read once, when the request
// comes in. When the rollout starts, each becomes sources: the thing itself, or the group followed
// by all groups below it.

// Target is a thing or a thing group that a request names.
type Target struct {
	// Kind is registry.KindThing or registry.KindGroup, empty for an ARN of another account or
	// region: it is well formed and names nothing here (R-CON-8, R-VAL-6).
	Kind string
	Name string
}

// ParseTargets reads the ARNs of targets. It refuses too many of them, and texts that are no ARN of
// a thing or a thing group, by their place in the list (R-VAL-5).
func ParseTargets(scope registry.Scope, arns []string) ([]Target, error) {
	if len(arns) > MaxTargets {
		return nil, fault.New(fault.Invalid,
			"targets: %d items, at most %d are allowed", len(arns), MaxTargets)
	}
	targets := make([]Target, len(arns))
	for i, text := range arns {
		arn, ok := registry.ParseARN(text)
		if !ok || arn.Kind != registry.KindThing && arn.Kind != registry.KindGroup {
			return nil, fault.New(fault.Invalid,
				"targets[%d]: %q is not an ARN of a thing or a thing group", i, text)
		}
		targets[i].Name = arn.Name
		if scope.Contains(arn) {
			targets[i].Kind = arn.Kind
		}
	}
	return targets, nil
}

// UniqueTargets drops repeats and leaves the others in their order (R-VAL-7).
func UniqueTargets(arns []string) []string {
	seen, unique := map[string]bool{}, make([]string, 0, len(arns))
	for _, text := range arns {
		if !seen[text] {
			seen[text] = true
			unique = append(unique, text)
		}
	}
	return unique
}

// TargetGroups are the groups that the targets themselves name: of the sources of each target the
// first, when it is a group. The others are groups below it.
func TargetGroups(sources []Source) (groups []registry.GroupID) {
	for i, s := range sources {
		if s.Group != 0 && (i == 0 || sources[i-1].Target != s.Target) {
			groups = append(groups, s.Group)
		}
	}
	return groups
}

// CheckAssociable refuses targets that cannot be associated with a job: only groups can (R-API-19).
// arns are the texts that the targets were read from.
func CheckAssociable(targets []Target, arns []string) error {
	for i, target := range targets {
		if target.Kind == registry.KindThing {
			return fault.New(fault.Invalid,
				"targets[%d]: %s is a thing; only thing groups can be associated", i, arns[i])
		}
	}
	return nil
}

// NewTargets returns the places in arns of the targets that the job does not have yet, each once
// (R-API-20).
func (j Job) NewTargets(arns []string) (places []int) {
	for i, text := range arns {
		if !slices.Contains(j.Targets, text) && !slices.Contains(arns[:i], text) {
			places = append(places, i)
		}
	}
	return places
}
