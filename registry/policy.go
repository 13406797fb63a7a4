package registry

import (
	"slices"
	"strings"
	"time"

	"github.com/drover-iot/drover/internal/fault"
)

// A policy has up to five versions of its document, one of which is in force: the default. Versions
// are numbered from 1, and a number is never used again (R-ID-21). What a document says is the
// business of registry/policy.

// NewPolicy is a policy with one version, in force.
func NewPolicy(name, document string, now time.Time) Policy {
	return Policy{
		Name:       name,
		Versions:   []PolicyVersion{{Number: 1, Document: document, CreatedAt: now}},
		Default:    1,
		LastNumber: 1,
		CreatedAt:  now,
		UpdatedAt:  now,
	}
}

// AddVersion adds a version, with setDefault as the one in force. A sixth is refused: an old one
// must be deleted first.
func (p *Policy) AddVersion(
	document string, setDefault bool, now time.Time,
) (v PolicyVersion, err error) {
	if len(p.Versions) >= MaxPolicyVersions {
		return v, fault.New(fault.VersionsLimit, "policy %s has %d versions, at most %d are kept",
			p.Name, len(p.Versions), MaxPolicyVersions)
	}
	p.LastNumber++
	v = PolicyVersion{Number: p.LastNumber, Document: document, CreatedAt: now}
	p.Versions = append(slices.Clone(p.Versions), v)
	if setDefault {
		p.Default = v.Number
	}
	p.UpdatedAt = now
	return v, nil
}

// SetDefault puts a version in force.
func (p *Policy) SetDefault(number int, now time.Time) error {
	if !slices.ContainsFunc(p.Versions, func(v PolicyVersion) bool { return v.Number == number }) {
		return fault.New(fault.NotFound, "policy %s has no version %d", p.Name, number)
	}
	p.Default, p.UpdatedAt = number, now
	return nil
}

// DeleteVersion deletes a version that is not in force.
func (p *Policy) DeleteVersion(number int, now time.Time) error {
	if p.Default == number {
		return fault.New(fault.DeleteConflict,
			"version %d of policy %s is the default", number, p.Name)
	}
	left := slices.DeleteFunc(slices.Clone(p.Versions), func(v PolicyVersion) bool {
		return v.Number == number
	})
	if len(left) == len(p.Versions) {
		return fault.New(fault.NotFound, "policy %s has no version %d", p.Name, number)
	}
	p.Versions, p.UpdatedAt = left, now
	return nil
}

// CheckDelete refuses to delete a policy that has several versions or is attached to something.
// targets are what it is attached to; the first is enough.
func (p Policy) CheckDelete(targets []Attachment) error {
	if len(p.Versions) > 1 {
		return fault.New(fault.DeleteConflict,
			"policy %s has %d versions; delete those that are not the default first",
			p.Name, len(p.Versions))
	}
	if len(targets) > 0 {
		return fault.New(fault.DeleteConflict, "policy %s is attached to %s/%s; detach it first",
			p.Name, targets[0].Kind, targets[0].Key)
	}
	return nil
}

// CheckAttach decides whether a policy can be attached to a target that has these already: at most
// ten are (R-ID-56). attaches is false when it is attached already, which is no error (R-ID-22).
// target is the ARN of the target.
func CheckAttach(policy, target string, attached []Policy) (attaches bool, err error) {
	if slices.ContainsFunc(attached, func(p Policy) bool { return p.Name == policy }) {
		return false, nil
	}
	if len(attached) >= MaxPoliciesPerTarget {
		return false, fault.New(fault.Limit,
			"%s has %d policies, the most that are allowed", target, len(attached))
	}
	return true, nil
}

// UniquePolicies returns policies by name, each once: one may be in effect in several ways, through
// the certificate and through groups (R-ID-28). It reorders the given slice.
func UniquePolicies(found []Policy) []Policy {
	slices.SortFunc(found, func(a, b Policy) int { return strings.Compare(a.Name, b.Name) })
	return slices.CompactFunc(found, func(a, b Policy) bool { return a.Name == b.Name })
}
