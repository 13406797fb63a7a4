package policy

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode"

	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/internal/jsoncheck"
	"github.com/drover-iot/drover/internal/wildcard"
)

// maxCharacters is how long a document may be, white space not counted (R-ID-23).
const maxCharacters = 2048

// Document is a policy document, compiled for evaluation. It never changes, so it may be shared.
type Document struct {
	statements []statement
}

// Everything allows everything.
var Everything = mustParse(
	`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`)

func mustParse(text string) *Document {
	d, err := Parse(text)
	if err != nil {
		panic(err)
	}
	return d
}

// A document is a list of statements in JSON. It is compiled once, when it is stored or first used:
// actions in lower case, since they compare without regard to case, and all patterns in tokens.
// What is not understood is refused as a whole.

// aliases are older spellings of the actions of the device plane, in lower case (R-ID-37).
var aliases = map[string]string{
	"iot:describejobexecution":         "iotjobsdata:describejobexecution",
	"iot:getpendingjobexecutions":      "iotjobsdata:getpendingjobexecutions",
	"iot:startnextpendingjobexecution": "iotjobsdata:startnextpendingjobexecution",
	"iot:updatejobexecution":           "iotjobsdata:updatejobexecution",
}

// Parse compiles a policy document that is about to be stored. What it does not understand, it
// refuses with a MalformedPolicy fault that says where (R-ID-23, R-ID-24, R-ID-31): a statement
// that was half understood could allow more than its author meant.
func Parse(text string) (*Document, error) {
	compiled, err := ParseStored(text)
	if err == nil {
		err = checkExact(text)
	}
	if err != nil {
		return nil, err
	}
	return compiled, nil
}

// ParseStored compiles a policy document that is stored. An earlier version may have accepted it
// with keys in another case, or with a key twice; then it means what it meant to that version, so
// that the devices of a fleet can still connect after an upgrade. But a statement of which one
// Effect is Deny denies (R-ID-23).
func ParseStored(text string) (*Document, error) {
	if n := charactersWithoutSpace(text); n > maxCharacters {
		return nil, malformed("%d characters, at most %d are allowed", n, maxCharacters)
	}
	var document struct {
		Version   string
		ID        json.RawMessage `json:"Id"`
		Statement oneOrMany[json.RawMessage]
	}
	if problem := jsoncheck.Problem(text); problem != "" {
		return nil, malformed("must be JSON; %s", problem)
	}
	if err := strictJSON([]byte(text), &document); err != nil {
		return nil, malformed("%s", inWords(err))
	}
	switch document.Version {
	case "", "2012-10-17", "2008-10-17":
	default:
		return nil, malformed("Version %q is not 2012-10-17 or 2008-10-17", document.Version)
	}
	if len(document.Statement) == 0 {
		return nil, malformed("Statement is missing")
	}
	compiled := &Document{}
	for i, text := range document.Statement {
		var raw rawStatement
		err := strictJSON(text, &raw)
		if err != nil {
			return nil, malformed("Statement[%d]: %s", i, inWords(err))
		}
		s, err := raw.compile()
		if err != nil {
			return nil, malformed("Statement[%d]: %s", i, err)
		}
		compiled.statements = append(compiled.statements, s)
	}
	return compiled, nil
}

// malformed is the fault of a document that does not parse.
func malformed(format string, args ...any) error {
	return fault.New(fault.MalformedPolicy, "policyDocument: "+format, args...)
}

// charactersWithoutSpace counts characters, white space not among them.
func charactersWithoutSpace(text string) (n int) {
	for _, r := range text {
		if !unicode.IsSpace(r) {
			n++
		}
	}
	return n
}

// rawStatement is a statement as its author wrote it. Its Sid is only a label, which may be
// anything. Of each pair of lists, one is given.
type rawStatement struct {
	Sid                   string
	Effect                effect
	Action, NotAction     oneOrMany[string]
	Resource, NotResource oneOrMany[string]
	Condition             map[string]map[string]oneOrMany[conditionValue]
}

// effect is the Effect of a statement. Of one that stands twice, a Deny counts.
type effect string

// UnmarshalJSON is called for each key that encoding/json takes for Effect.
func (e *effect) UnmarshalJSON(text []byte) error {
	if *e == "Deny" {
		return nil
	}
	return json.Unmarshal(text, (*string)(e))
}

// compile checks a statement and makes it ready for evaluation.
func (raw rawStatement) compile() (s statement, err error) {
	s.sid = raw.Sid
	switch raw.Effect {
	case "Allow":
	case "Deny":
		s.deny = true
	default:
		return s, fmt.Errorf("Effect must be Allow or Deny, not %q", raw.Effect)
	}
	actions, notActions, err := oneOf("Action", raw.Action, raw.NotAction)
	if err != nil {
		return s, err
	}
	resources, notResources, err := oneOf("Resource", raw.Resource, raw.NotResource)
	if err != nil {
		return s, err
	}
	s.notActions, s.notResources = notActions, notResources
	for _, action := range actions {
		action = strings.ToLower(action)
		if full, old := aliases[action]; old {
			action = full
		}
		s.actions = append(s.actions, wildcard.Compile(action))
	}
	for _, resource := range resources {
		s.resources = append(s.resources, wildcard.Compile(resource))
	}
	s.conditions, err = compileConditions(raw.Condition)
	return s, err
}

// oneOf returns the one of two lists that is given, and whether it is the negated one.
func oneOf(name string, list, not []string) ([]string, bool, error) {
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
