package schema

import (
	"strconv"
	"unicode/utf8"

	"github.com/drover-iot/drover/internal/fault"
)

// A failure is one thing wrong with a request: the path of the member and the rule that it
// breaks. The path is built from the inside out while the walk returns, so that a request without
// failures pays nothing for paths.
type failure struct {
	path   string // abortConfig.criteriaList[0].action; "" for the request as a whole
	rule   string // for people: "expected a string, got a number"
	syntax bool   // the body is not JSON at all
}

// inside returns the failure as seen from the structure that holds the member: action becomes
// criteriaList[0].action. It changes and returns f.
func (f *failure) inside(member string) *failure {
	if f == nil || f.syntax {
		return f
	}
	switch {
	case f.path == "":
		f.path = member
	case f.path[0] == '[':
		f.path = member + f.path
	default:
		f.path = member + "." + f.path
	}
	return f
}

// at returns the failure as seen from the list that holds the element.
func (f *failure) at(index int) *failure { return f.inside("[" + strconv.Itoa(index) + "]") }

// fault returns the failure as the error that a request is answered with: Malformed for bad JSON,
// else Invalid.
func (f *failure) fault() error {
	switch {
	case f == nil:
		return nil
	case f.syntax:
		return fault.New(fault.Malformed, "the body is not valid JSON: %s", f.rule)
	case f.path == "":
		return fault.New(fault.Invalid, "%s", f.rule)
	}
	return fault.New(fault.Invalid, "%s: %s", f.path, f.rule)
}

// missing is the failure of a required member that is absent.
func missing(member string) *failure {
	return &failure{path: member, rule: "required, but missing"}
}

// clip quotes a value for a message and cuts it after 80 bytes, between two characters.
func clip(value []byte) string {
	const most = 80
	if len(value) <= most {
		return strconv.Quote(string(value))
	}
	cut := most
	for cut > 0 && !utf8.RuneStart(value[cut]) {
		cut--
	}
	return strconv.Quote(string(value[:cut])) + "…"
}
