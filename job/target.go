package job

import (
	"slices"

	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/registry"
)

// A job is given targets as ARNs of things and thing groups. They are read once, when the request
// comes in. When the rollout starts, each that exists becomes a source.

// Target is a thing or a thing group that a job was given.
type Target struct {
	// Kind is registry.KindThing or registry.KindGroup, empty for an ARN of another account or
	// region: it is well formed and names nothing here (R-CON-8, R-VAL-6).
	Kind string `json:"kind,omitzero"`
	Name string `json:"name"`
	// ARN is the text as it was given. It is shown again, and tells targets apart.
	ARN string `json:"arn"`
}

// Resource is what lists of jobs are filtered by: kind and name, as in thinggroup/site-1. Two ARNs
// that this server accepts name the same resource when these are equal, also where the scope is
// relaxed (R-API-12).
func (t Target) Resource() string { return t.Kind + "/" + t.Name }

// GroupTarget is a thing group of the scope as a target.
func GroupTarget(s registry.Scope, name string) Target {
	return Target{Kind: registry.KindGroup, Name: name, ARN: s.ARN(registry.KindGroup, name)}
}

// ThingTarget is a thing of the scope as a target.
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

// ParseTargets reads the ARNs of targets. It refuses texts that are no ARN of a thing or a thing
// group, by their place in the list (R-VAL-5).
func ParseTargets(scope registry.Scope, arns []string) ([]Target, error) {
	targets := make([]Target, len(arns))
	for i, text := range arns {
		arn, ok := registry.ParseARN(text)
		if !ok || arn.Kind != registry.KindThing && arn.Kind != registry.KindGroup {
			return nil, fault.New(fault.Invalid,
				"targets[%d]: %q is not an ARN of a thing or a thing group", i, text)
		}
		targets[i] = Target{Name: arn.Name, ARN: text}
		if scope.Contains(arn) {
			targets[i].Kind = arn.Kind
		}
	}
	return targets, nil
}

// UniqueTargets drops repeats and leaves the others in their order (R-VAL-7).
func UniqueTargets(targets []Target) []Target {
	seen, unique := map[string]bool{}, make([]Target, 0, len(targets))
	for _, t := range targets {
		if !seen[t.ARN] {
			seen[t.ARN] = true
			unique = append(unique, t)
		}
	}
	return unique
}

// TargetGroups are the groups among sources.
func TargetGroups(sources []Source) (groups []registry.GroupID) {
	for _, s := range sources {
		if s.Group != 0 {
			groups = append(groups, s.Group)
		}
	}
	return groups
}

// CheckAssociable refuses targets that cannot be associated with a job: only groups can (R-API-19),
// and no more than a job may have.
func CheckAssociable(targets []Target, l RequestLimits) error {
	for i, t := range targets {
		if t.Kind == registry.KindThing {
			return fault.New(fault.Invalid,
				"targets[%d]: %s is a thing; only thing groups can be associated", i, t.ARN)
		}
	}
	return l.checkTargets(len(targets))
}

// NewTargets returns those of the targets that the job does not have yet, each once (R-API-20).
func (d Definition) NewTargets(targets []Target) []Target {
	has := func(t Target) bool {
		return slices.ContainsFunc(d.Targets, func(own Target) bool { return own.ARN == t.ARN })
	}
	return slices.DeleteFunc(UniqueTargets(targets), has)
}
