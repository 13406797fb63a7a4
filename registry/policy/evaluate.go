package policy

import (
	"strings"

	"github.com/drover-iot/drover/internal/wildcard"
)

// Decision is what policies say about one request.
type Decision int

// Nothing is allowed unless a policy says so, and a matching Deny wins over every Allow (R-ID-25).
const (
	// ImplicitDeny means that no statement matches.
	ImplicitDeny Decision = iota
	// Allowed means that an Allow matches and no Deny does.
	Allowed
	// ExplicitDeny means that a Deny matches.
	ExplicitDeny
)

// Request is what a principal wants to do.
type Request struct {
	Action   string // iot:Publish, iotjobsdata:UpdateJobExecution, …
	Resource string // ARN
	Context  Context
}

// Evaluate decides over all policies in effect together (R-ID-25, R-ID-28). Their order does not
// matter: with "allow everything" and "deny iot:Connect" in effect, connecting is denied whichever
// of them comes first.
func Evaluate(policies []*Document, r Request) Decision {
	decision := ImplicitDeny
	for _, p := range policies {
		for i := range p.statements {
			s := &p.statements[i]
			if (decision == Allowed && !s.deny) || !s.matches(r) {
				continue
			}
			if s.deny {
				return ExplicitDeny
			}
			decision = Allowed
		}
	}
	return decision
}

// statement is one compiled statement of a document.
type statement struct {
	sid                string
	deny               bool // Effect is Deny, otherwise Allow
	actions, resources []wildcard.Pattern
	// notActions and notResources say that the list names what the statement is not about: it was
	// NotAction or NotResource.
	notActions, notResources bool
	conditions               []condition // all of them must hold
}

// matches reports whether the statement is about a request.
func (s *statement) matches(r Request) bool {
	if !covers(s.actions, s.notActions, strings.ToLower(r.Action), &r.Context) ||
		!covers(s.resources, s.notResources, r.Resource, &r.Context) {
		return false
	}
	for _, c := range s.conditions {
		if !c.holds(&r.Context) {
			return false
		}
	}
	return true
}

// covers reports whether a list of patterns, or, negated, everything else, includes the text. A
// pattern with a variable that does not resolve matches nothing. A negated list with one covers
// nothing either: NotResource "topic/${iot:ClientId}" must not become "every topic" for a caller
// without a client id (R-ID-30).
func covers(patterns []wildcard.Pattern, negated bool, text string, c *Context) bool {
	for _, p := range patterns {
		expanded, ok := p.Expand(c.value)
		if !ok && negated {
			return false
		}
		if ok && expanded.Match(text) {
			return !negated
		}
	}
	return negated
}
