package job

import (
	"encoding/json"
	"strings"

	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/internal/jsoncheck"
)

// A job document may have placeholders such as ${aws:iot:s3-presigned-url:https://…} in its string
// values. They are checked when the document comes in and resolved when a device gets it. Resolving
// works on the text, because everything else must reach the device byte for byte.

// Placeholder is one ${aws:iot:kind:argument} in a string value of a document.
type Placeholder struct {
	Kind     string // between iot: and the next colon; the whole inside when that is not iot:
	Argument string // the rest, empty when there is none
}

// The kinds of placeholder that become presigned download URLs when a device gets the document
// (R-PRE-1). The first two have the URL as it is, the last has it percent-encoded (R-PRE-7,
// R-PRE-8).
const (
	PresignedURL   = "s3-presigned-url"
	PresignedURLv1 = "s3-presigned-url-v1"
	PresignedURLv2 = "s3-presigned-url-v2"
)

// ParameterPlaceholder is the kind of placeholder in the documents of managed templates.
const ParameterPlaceholder = "parameter"

// String is the placeholder as it stands in a document.
func (p Placeholder) String() string {
	if p.Argument == "" {
		return "${aws:iot:" + p.Kind + "}"
	}
	return "${aws:iot:" + p.Kind + ":" + p.Argument + "}"
}

// unsupported says why a placeholder that AWS IoT knows is refused here.
var unsupported = map[string]string{
	ParameterPlaceholder:  "parameters belong to managed templates",
	"package":             "this server has no package catalogue", // R-SUB-9
	"code-sign-signature": "put the signature into the document",  // R-SUB-11
}

// CheckDocument checks the text of a job document: a JSON object within the limits on its bytes
// (R-VAL-10, R-VAL-11) and on its placeholders (R-SUB-4), which this server can resolve; store is its
// own object store. It returns the placeholders in order.
func CheckDocument(text string, store ObjectStore, l RequestLimits) ([]Placeholder, error) {
	if len(text) > l.DocumentBytes {
		return nil, fault.New(fault.Invalid,
			"document: %d bytes, at most %d are allowed", len(text), l.DocumentBytes)
	}
	if problem := jsoncheck.Problem(text); problem != "" {
		return nil, fault.New(fault.Invalid,
			"InvalidJobDocument: document: must be a JSON object; %s", problem)
	}
	if !strings.HasPrefix(strings.TrimLeft(text, " \t\r\n"), "{") {
		return nil, fault.New(fault.Invalid,
			"InvalidJobDocument: document: must be a JSON object, and is another JSON value")
	}
	var found []Placeholder
	_, err := Resolve(text, func(p Placeholder) (string, error) {
		found = append(found, p)
		return "", p.check(store, l.SameLocal)
	})
	if err == nil && len(found) > l.Placeholders {
		err = l.tooManyPlaceholders(len(found))
	}
	return found, err
}

// tooManyPlaceholders is the fault of a document with n of them.
func (l RequestLimits) tooManyPlaceholders(n int) error {
	return fault.New(fault.Invalid,
		"InvalidJobDocument: document: %d placeholders, at most %d are allowed", n,
		l.Placeholders)
}

// check refuses a placeholder that this server cannot resolve. sameLocal is how often one local
// placeholder may stand in it.
func (p Placeholder) check(store ObjectStore, sameLocal int) error {
	if reason, known := unsupported[p.Kind]; known {
		return fault.New(fault.Invalid,
			"InvalidJobDocument: document: placeholder ${aws:iot:%s…}: %s", p.Kind, reason)
	}
	switch p.Kind {
	case PresignedUpload:
		return p.checkUpload(store, sameLocal)
	case PresignedURL, PresignedURLv1, PresignedURLv2:
		if strings.Contains(p.Argument, "${") {
			return p.nested()
		}
		if _, ok := p.object(store); !ok { // R-PRE-6
			return p.addressProblem()
		}
		return nil
	}
	return fault.New(fault.Invalid,
		"InvalidJobDocument: document: unknown placeholder ${aws:iot:%s…}", p.Kind) // R-SUB-6
}

// nested is the fault of a placeholder that stands inside this one (R-SUB-7): one for AWS anywhere,
// a local one outside of the key of an upload.
func (p Placeholder) nested() error {
	if strings.Contains(p.Argument, "${aws:") { // refusal 10
		return fault.New(fault.Invalid,
			"InvalidJobDocument: document: a placeholder stands inside another")
	}
	return fault.New(fault.Invalid, "InvalidJobDocument: document: placeholder ${aws:iot:%s:…}: "+
		"${…} is allowed in the key of an upload only", p.Kind) // refusal 7
}

// Resolve replaces every placeholder in the string values of a document by what value returns for
// it, escaped for its place (R-SUB-2, R-SUB-3). Everything else stays byte for byte: the order of
// members, how numbers are written, white space (R-DOC-8). The text must be valid JSON.
func Resolve(text string, value func(Placeholder) (string, error)) (string, error) {
	if !strings.Contains(text, "aws:") {
		return text, nil
	}
	var out strings.Builder
	for text != "" {
		start := strings.IndexByte(text, '"')
		if start < 0 {
			break
		}
		end := start + stringLength(text[start:])
		literal, rest := text[start:end], text[end:]
		out.WriteString(text[:start])
		text = rest
		if strings.HasPrefix(strings.TrimLeft(rest, " \t\r\n"), ":") { // a member name
			out.WriteString(literal)
			continue
		}
		resolved, err := resolveString(literal, value)
		if err != nil {
			return "", err
		}
		out.WriteString(resolved)
	}
	out.WriteString(text)
	return out.String(), nil
}

// stringLength is how many bytes the JSON string literal at the start of text takes, quotes
// included.
func stringLength(text string) int {
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(text)
}

// resolveString resolves the placeholders of one JSON string literal.
func resolveString(literal string, value func(Placeholder) (string, error)) (string, error) {
	if !strings.Contains(literal, "aws:") && !strings.Contains(literal, `\u`) {
		return literal, nil // whether or not its escapes are decoded
	}
	var plain string
	if err := json.Unmarshal([]byte(literal), &plain); err != nil {
		return "", err
	}
	const opening = "${aws:"
	if !strings.Contains(plain, opening) {
		return literal, nil
	}
	var out strings.Builder
	for {
		before, after, found := strings.Cut(plain, opening)
		out.WriteString(before)
		if !found {
			break
		}
		inner, rest, closed := cutPlaceholder(after)
		if !closed {
			return "", fault.New(fault.Invalid,
				"InvalidJobDocument: document: ${aws: without a closing brace") // R-SUB-5
		}
		kind, argument, _ := strings.Cut(strings.TrimPrefix(inner, "iot:"), ":")
		if !strings.HasPrefix(inner, "iot:") {
			kind = inner
		}
		text, err := value(Placeholder{Kind: kind, Argument: argument})
		if err != nil {
			return "", err
		}
		out.WriteString(text)
		plain = rest
	}
	return quote(out.String())
}

// cutPlaceholder cuts a text at the brace that closes the placeholder in which it begins; one that
// stands inside it is a part of it: "a/${b}} c" becomes "a/${b}" and " c".
func cutPlaceholder(text string) (inner, rest string, closed bool) {
	open := 1
	for i := range len(text) {
		switch {
		case strings.HasPrefix(text[i:], "${"):
			open++
		case text[i] == '}':
			open--
		}
		if open == 0 {
			return text[:i], text[i+1:], true
		}
	}
	return text, "", false
}

// quote writes a JSON string literal, and leaves <, > and & as they are.
func quote(s string) (string, error) {
	var out strings.Builder
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(s); err != nil {
		return "", err
	}
	return strings.TrimSuffix(out.String(), "\n"), nil
}
