package registry

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode"

	"github.com/drover-iot/drover/internal/fault"
)

// Decision is what policies say about one request.
type Decision int

// Nothing is allowed unless a policy says so; a matching Deny wins over everything (R-ID-25).
const (
	ImplicitDeny Decision = iota
	Allowed
	ExplicitDeny
)

// PolicyDocument is a policy document, compiled for evaluation. It is immutable.
type PolicyDocument struct {
	statements []statement
}

type statement struct {
	deny                    bool
	actions, resources      []pattern
	notActions, notResource bool // the lists name what does not match
	conditions              []condition
}

// Request is what a principal wants to do.
type Request struct {
	Action   string // iot:Publish, iotjobsdata:UpdateJobExecution, …
	Resource string // ARN
	Context  Context
}

// Evaluate decides over all policies in effect together (R-ID-25, R-ID-28).
func Evaluate(policies []*PolicyDocument, r Request) Decision {
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

func (s *statement) matches(r Request) bool {
	if !listApplies(s.actions, s.notActions, strings.ToLower(r.Action), &r.Context) ||
		!listApplies(s.resources, s.notResource, r.Resource, &r.Context) {
		return false
	}
	for _, c := range s.conditions {
		if !c.holds(&r.Context) {
			return false
		}
	}
	return true
}

// aliases are older spellings of the data-plane actions (R-ID-37).
var aliases = map[string]string{
	"iot:describejobexecution":         "iotjobsdata:describejobexecution",
	"iot:getpendingjobexecutions":      "iotjobsdata:getpendingjobexecutions",
	"iot:startnextpendingjobexecution": "iotjobsdata:startnextpendingjobexecution",
	"iot:updatejobexecution":           "iotjobsdata:updatejobexecution",
}

// ParsePolicy compiles a policy document. What it does not understand is a MalformedPolicy fault that says where
// (R-ID-23, R-ID-24, R-ID-31).
func ParsePolicy(text string) (*PolicyDocument, error) {
	if n := sizeWithoutSpace(text); n > MaxPolicyDocumentSize {
		return nil, malformed("%d characters, at most %d are allowed", n, MaxPolicyDocumentSize)
	}
	var document struct {
		Version   string
		ID        json.RawMessage `json:"Id"`
		Statement oneOrMany[rawStatement]
	}
	if err := strictJSON(text, &document); err != nil {
		return nil, malformed("%s", err)
	}
	switch document.Version {
	case "", "2012-10-17", "2008-10-17":
	default:
		return nil, malformed("Version %q is not 2012-10-17 or 2008-10-17", document.Version)
	}
	if len(document.Statement) == 0 {
		return nil, malformed("Statement is missing")
	}
	compiled := &PolicyDocument{}
	for i, raw := range document.Statement {
		s, err := raw.compile()
		if err != nil {
			return nil, malformed("Statement[%d]: %s", i, err)
		}
		compiled.statements = append(compiled.statements, s)
	}
	return compiled, nil
}

func malformed(format string, args ...any) error {
	return fault.New(fault.MalformedPolicy, "policyDocument: "+format, args...)
}

func sizeWithoutSpace(text string) (n int) {
	for _, r := range text {
		if !unicode.IsSpace(r) {
			n++
		}
	}
	return n
}

// strictJSON reads one JSON value and refuses unknown members.
func strictJSON(text string, into any) error {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return err
	}
	if _, err := decoder.Token(); err != io.EOF {
		return fmt.Errorf("more than one JSON value")
	}
	return nil
}

// oneOrMany is a value or a list of values, as policy documents allow in most places.
type oneOrMany[T any] []T

func (l *oneOrMany[T]) UnmarshalJSON(text []byte) error {
	if bytes.HasPrefix(bytes.TrimSpace(text), []byte("[")) {
		var many []T
		if err := strictJSON(string(text), &many); err != nil {
			return err
		}
		*l = many
		return nil
	}
	var one T
	if err := strictJSON(string(text), &one); err != nil {
		return err
	}
	*l = []T{one}
	return nil
}

type rawStatement struct {
	Sid                   string
	Effect                string
	Action, NotAction     oneOrMany[string]
	Resource, NotResource oneOrMany[string]
	Condition             map[string]map[string]oneOrMany[conditionValue]
}

func (raw rawStatement) compile() (s statement, err error) {
	switch raw.Effect {
	case "Allow":
	case "Deny":
		s.deny = true
	default:
		return s, fmt.Errorf("Effect must be Allow or Deny, not %q", raw.Effect)
	}
	actions, notActions, err := either("Action", raw.Action, raw.NotAction)
	if err != nil {
		return s, err
	}
	resources, notResources, err := either("Resource", raw.Resource, raw.NotResource)
	if err != nil {
		return s, err
	}
	s.notActions, s.notResource = notActions, notResources
	for _, action := range actions {
		action = strings.ToLower(action)
		if full, old := aliases[action]; old {
			action = full
		}
		s.actions = append(s.actions, compilePattern(action))
	}
	for _, resource := range resources {
		s.resources = append(s.resources, compilePattern(resource))
	}
	s.conditions, err = compileConditions(raw.Condition)
	return s, err
}

// either returns the one list that is given, and whether it is the negated one.
func either(name string, list, not []string) ([]string, bool, error) {
	switch {
	case len(list) > 0 && len(not) > 0:
		return nil, false, fmt.Errorf("%s and Not%s exclude each other", name, name)
	case len(list) > 0:
		return list, false, nil
	case len(not) > 0:
		return not, true, nil
	}
	return nil, false, fmt.Errorf("%s is missing", name)
}
