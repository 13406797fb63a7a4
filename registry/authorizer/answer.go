package authorizer

import (
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/registry/policy"
)

// Bounds of an answer (R-ID-94).
const (
	maxPrincipal = 128
	maxDocuments = 10
	// MinTime and MaxTime bound the times of an answer, which is taken for the nearer of them when
	// it gives another one.
	MinTime = 300 * time.Second
	MaxTime = 86400 * time.Second
)

// A Grant is what an authorizer allows a client.
type Grant struct {
	PrincipalID string
	// DisconnectAfter is how long the connection may last, RefreshAfter after what time the function
	// is asked again.
	DisconnectAfter, RefreshAfter time.Duration
	// Documents are the policies, and Policies the names of policies of this server that count
	// beside them.
	Documents []string
	Policies  []string
}

// answer is the answer of a function in JSON. Other members are ignored, context among them.
type answer struct {
	IsAuthenticated          *bool             `json:"isAuthenticated"`
	PrincipalID              string            `json:"principalId"`
	DisconnectAfterInSeconds *int64            `json:"disconnectAfterInSeconds"`
	RefreshAfterInSeconds    *int64            `json:"refreshAfterInSeconds"`
	PolicyDocuments          []json.RawMessage `json:"policyDocuments"`
}

// ErrNotAuthenticated is the answer that the client is not who it says it is.
var ErrNotAuthenticated = fault.New(fault.Forbidden, "the authorizer says that it is not authenticated")

// Read reads the answer of a function. An answer that says no is ErrNotAuthenticated, one that is
// wrong a fault that says what is wrong with it, without repeating it.
func Read(text []byte) (g Grant, err error) {
	var a answer
	if err := json.Unmarshal(text, &a); err != nil {
		return g, wrong("%s", whatIsWrong(err))
	}
	switch {
	case a.IsAuthenticated == nil:
		return g, wrong("isAuthenticated is missing")
	case !*a.IsAuthenticated:
		return g, ErrNotAuthenticated
	case !validPrincipal(a.PrincipalID):
		return g, wrong("principalId must have 1 to %d letters and digits, and nothing else", maxPrincipal)
	case len(a.PolicyDocuments) > maxDocuments:
		return g, wrong("policyDocuments has %d documents, at most %d are allowed",
			len(a.PolicyDocuments), maxDocuments)
	}
	g.PrincipalID = a.PrincipalID
	if g.DisconnectAfter, err = seconds("disconnectAfterInSeconds", a.DisconnectAfterInSeconds); err != nil {
		return g, err
	}
	if g.RefreshAfter, err = seconds("refreshAfterInSeconds", a.RefreshAfterInSeconds); err != nil {
		return g, err
	}
	for i, raw := range a.PolicyDocuments {
		document, err := document(raw)
		if err != nil {
			return g, wrong("policyDocuments[%d]: %s", i, messageOf(err))
		}
		g.Documents = append(g.Documents, document)
	}
	return g, nil
}

// document is the text of a policy that stands in the answer as a text or as an object.
func document(raw json.RawMessage) (text string, err error) {
	text = string(raw)
	if strings.HasPrefix(text, `"`) {
		if err := json.Unmarshal(raw, &text); err != nil {
			return "", err
		}
	}
	_, err = policy.Parse(text)
	return text, err
}

// validPrincipal reports whether a text may be a principal id.
func validPrincipal(id string) bool {
	const allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	return id != "" && len(id) <= maxPrincipal && strings.Trim(id, allowed) == ""
}

// seconds reads a time of an answer. Without one it is the longest.
func seconds(member string, given *int64) (time.Duration, error) {
	switch {
	case given == nil, *given > int64(MaxTime/time.Second):
		return MaxTime, nil
	case *given <= 0:
		return 0, wrong("%s is %d, it must be positive", member, *given)
	}
	return max(MinTime, time.Duration(*given)*time.Second), nil
}

// wrong is the fault of an answer that cannot be used.
func wrong(format string, args ...any) error {
	f := fault.New(fault.InvalidResponse, format, args...)
	f.Message = "the answer of the authorizer: " + f.Message
	return f
}

// whatIsWrong is what is wrong with a text that should be an answer, without any of it.
func whatIsWrong(err error) string {
	var kind *json.UnmarshalTypeError
	if !errors.As(err, &kind) {
		return "it is no JSON"
	}
	if kind.Field == "" {
		return "it must be an object, not " + kind.Value
	}
	return kind.Field + " must not be a " + kind.Value
}

// messageOf is the message of an error, without the code of a fault.
func messageOf(err error) string {
	if f := fault.Of(err); f != nil {
		return f.Message
	}
	return err.Error()
}
