package policy

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Evaluate answers devices, and stops as soon as it knows the decision. Explain answers operators
// who want to know why: it makes the same decision in the same way, and then asks each policy alone
// what it says.

// Named is a document with the name of its policy.
type Named struct {
	Name     string
	Document *Document
}

// Statement names one statement of a policy.
type Statement struct {
	Policy string
	Number int    // its place, from 1 on
	Sid    string // empty without one
}

// String names the statement: "statement 2 of policy fleet (NoWrites)".
func (s Statement) String() string {
	text := fmt.Sprintf("statement %d of policy %s", s.Number, s.Policy)
	if s.Sid != "" {
		text += " (" + s.Sid + ")"
	}
	return text
}

// Explanation is a decision, and which policies say what. A policy in which
// both an Allow and a Deny match is listed in Allowing and in Denying.
type Explanation struct {
	Decision Decision
	// Allowing are the names of the policies in which an Allow matches, Denying of those in which a
	// Deny does, and Silent of those in which nothing matches.
	Allowing, Denying, Silent []string
	// Statements are the Deny statements that match, in the order of their policies, and Allows of
	// each policy in Allowing the first Allow that does.
	Statements, Allows []Statement
	// Unresolved are the variables and keys that a statement asked for and that did not resolve, by
	// name.
	Unresolved []string
}

// Text says in one line why a request was decided so, the only one that was explained.
func (e Explanation) Text(r Request) string {
	about := r.Action + " on " + r.Resource
	if len(e.Statements) > 0 {
		return e.Statements[0].String() + " denies " + about
	}
	if e.Decision == Allowed {
		return e.Allows[0].String() + " allows " + about
	}
	if len(e.Silent) == 0 {
		return "no policy is in effect, so nothing allows " + about
	}
	text := fmt.Sprintf("no statement allows %s; policies in effect: %s",
		about, strings.Join(e.Silent, ", "))
	if len(e.Unresolved) > 0 {
		text += "; without a value: " + strings.Join(e.Unresolved, ", ")
	}
	return text
}

// Explain decides about several requests, at least one, as if they were one: what is denied
// explicitly for one of them is denied, and it is allowed when each of them is. A device that may
// publish to topic/a and that no policy lets publish to topic/b may not publish to both:
// ImplicitDeny.
func Explain(policies []Named, requests []Request) Explanation {
	e := Explanation{Decision: Allowed}
	documents := make([]*Document, len(policies))
	for i, p := range policies {
		documents[i] = p.Document
	}
	unresolved, asked := map[string]bool{}, slices.Clone(requests)
	for i, r := range requests {
		switch Evaluate(documents, r) {
		case ExplicitDeny:
			e.Decision = ExplicitDeny
		case ImplicitDeny:
			if e.Decision == Allowed {
				e.Decision = ImplicitDeny
			}
		}
		asked[i].Context.Unresolved = func(name string) { unresolved[name] = true }
	}
	for _, p := range policies {
		allows, denials := p.Document.says(p.Name, asked)
		e.Statements = append(e.Statements, denials...)
		denies := len(denials) > 0
		if allows != nil {
			e.Allowing, e.Allows = append(e.Allowing, p.Name), append(e.Allows, *allows)
		}
		if denies {
			e.Denying = append(e.Denying, p.Name)
		}
		if allows == nil && !denies {
			e.Silent = append(e.Silent, p.Name)
		}
	}
	e.Unresolved = slices.Sorted(maps.Keys(unresolved))
	return e
}

// says names the first Allow of the document that matches one of the requests, nil when none does,
// and each Deny that does.
func (d *Document) says(
	policy string, requests []Request,
) (allows *Statement, denies []Statement) {
	for i := range d.statements {
		s, matches := &d.statements[i], false
		for _, r := range requests {
			matches = s.matches(r) || matches
		}
		named := Statement{Policy: policy, Number: i + 1, Sid: s.sid}
		switch {
		case !matches:
		case s.deny:
			denies = append(denies, named)
		case allows == nil:
			allows = &named
		}
	}
	return allows, denies
}
